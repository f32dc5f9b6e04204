"""Cortex-M4 with single-precision FPU, floats passed in its registers: Arm's MPS2 board, AN386."""

from ports.qemu.machine import MPS2, Machine
from ports.qemu.runner import board

MACHINE = Machine(
    name="cortex-m4f",
    arch="armv7emsp",
    qemu_name="mps2-an386",
    soc=MPS2,
    gc_helper="thumb2",
    cpu_flags="-mthumb -mcpu=cortex-m4 -mfloat-abi=hard -mfpu=fpv4-sp-d16",
    disk_address=0x21000000,
    fpu=True,
)
BOARD = board(MACHINE, few=())
