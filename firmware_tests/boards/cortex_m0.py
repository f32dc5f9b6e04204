"""Cortex-M0: the nRF51 of the micro:bit, with as much RAM for the heap as a Raspberry Pi Pico has."""

from ports.qemu.machine import NRF51, Machine
from ports.qemu.runner import board

MACHINE = Machine(
    name="cortex-m0",
    arch="armv6m",
    qemu_name="microbit",
    soc=NRF51,
    gc_helper="thumb1",
    cpu_flags="-mthumb -mcpu=cortex-m0 -mfloat-abi=soft",
    disk_address=0x20100000,
    heap_size=224 << 10,
    ram_size=256 << 10,
    stack_size=16 << 10,
)
BOARD = board(MACHINE, no_room=("native-predict-wide", "twin-gc_stress"))
