"""Cortex-M0 with what the micro:bit really has: 256 kB of flash for firmware and files, 16 kB of RAM."""

from ports.qemu.flash import board
from ports.qemu.machine import MICROBIT, Machine

# Not MACHINE, as bench/ knows those that have room for its models.
SMALL = Machine(
    name="cortex-m0-16k",
    arch="armv6m",
    qemu_name="microbit",
    soc=MICROBIT,
    gc_helper="thumb1",
    cpu_flags="-mthumb -mcpu=cortex-m0 -mfloat-abi=soft",
    disk_address=0x30000,
    disk_in_flash=True,
    disk_size=64 << 10,
    heap_size=11 << 10,
    ram_size=16 << 10,
    stack_size=3 << 10,
)
# All modules of the package and the models of that case are more than 64 kB.
BOARD = board(SMALL, cases=("in_place",), without=("emltrees_packed8.mpy",))
