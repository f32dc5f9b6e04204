"""Cortex-M3: Arm's MPS2 board, AN385."""

from ports.qemu.machine import MPS2, Machine
from ports.qemu.runner import board

MACHINE = Machine(
    name="cortex-m3",
    arch="armv7m",
    qemu_name="mps2-an385",
    soc=MPS2,
    gc_helper="thumb2",
    cpu_flags="-mthumb -mcpu=cortex-m3 -mfloat-abi=soft",
    disk_address=0x21000000,
)
# To a twin it is a Cortex-M4 with Cortex-M0's floats.
BOARD = board(MACHINE, modules=("native",))
