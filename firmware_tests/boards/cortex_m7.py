"""Cortex-M7 with double-precision FPU: Arm's MPS2 board, AN500."""

from ports.qemu.machine import MPS2, Machine
from ports.qemu.runner import board

MACHINE = Machine(
    name="cortex-m7",
    arch="armv7emdp",
    qemu_name="mps2-an500",
    soc=MPS2,
    gc_helper="thumb2",
    cpu_flags="-mthumb -mcpu=cortex-m7 -mfloat-abi=hard -mfpu=fpv5-d16",
    disk_address=0x60000000,
    fpu=True,
)
# Code for it differs from that for Cortex-M4 in the double-precision FPU, which no module uses.
BOARD = board(MACHINE, few=("native",), modules=("native",))
