# The board of all machines: MicroPython's ports/qemu/Makefile includes this as $(BOARD_DIR)/mpconfigboard.mk.
#
# What differs between machines comes from the command line, where ../../boards/ puts it:
#
#   QEMU_ARCH QEMU_MACHINE    arm or riscv32; QEMU's name of the machine
#   SOC                       MPS2, NRF51 or VIRT: which modules/emulator/soc_*.h, and which UART of the port
#   CPU_FLAGS FPU             the compiler's; FPU is 1 where there is one to switch on
#   GC_HELPER                 which of shared/runtime/gchelper_*.s
#   DISK_ADDRESS DISK_SIZE    RAM that the linker script leaves alone or, if DISK_IN_FLASH is 1, flash with a ROMFS
#   MICROPY_HEAP_SIZE         bytes; the ARM boards also: RAM_SIZE STACK_SIZE

PORT_DIR := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))

CFLAGS += $(CPU_FLAGS) -DQEMU_SOC_$(SOC) -DDISK_ADDRESS=$(DISK_ADDRESS) -DDISK_SIZE=$(DISK_SIZE) -DDISK_IN_FLASH=$(DISK_IN_FLASH)
CFLAGS += -DMICROPY_HW_MCU_NAME='"$(QEMU_MACHINE)"'
# mpconfigport.h defines without asking; MP_CONFIGFILE is MicroPython's way to put another file before it.
CFLAGS += -DMP_CONFIGFILE='"$(PORT_DIR)/mpconfig_emulator.h"'

ifeq ($(QEMU_ARCH),arm)
LDSCRIPT = $(PORT_DIR)/cortex_m.ld
LDFLAGS += -Wl,--defsym=ram_size=$(RAM_SIZE) -Wl,--defsym=stack_size=$(STACK_SIZE)
LDFLAGS += -Wl,--wrap=mp_stack_set_limit
else
LDSCRIPT = mcu/rv32/virt.ld
# As GCC 12 finds its libraries: there, "i" includes zicsr.
RV32_ARCH = rv32imac
AFLAGS += -misa-spec=2.2
LDFLAGS += -misa-spec=2.2
endif

SRC_BOARD_O += shared/runtime/gchelper_native.o shared/runtime/gchelper_$(GC_HELPER).o
SRC_C += shared/timeutils/timeutils.c

# The port's own versions of these spin, or do nothing: see modules/emulator/board.c.
LDFLAGS += -Wl,--wrap=mp_hal_stdin_rx_chr -Wl,--wrap=mp_hal_stdio_poll
ifeq ($(FPU),1)
LDFLAGS += -Wl,--wrap=main
endif

USER_C_MODULES = $(PORT_DIR)/modules
ifeq ($(DISK_IN_FLASH),1)
FROZEN_MANIFEST =
else
FROZEN_MANIFEST = $(PORT_DIR)/frozen/manifest.py
MICROPY_VFS_LFS2 = 1
MICROPY_VFS_FAT = 1
endif
# Nothing is taken from micropython-lib, but a README.md must be there.
MPY_LIB_DIR = $(PORT_DIR)
