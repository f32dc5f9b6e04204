"""RISC-V, 32 bits without FPU, as the ESP32-C3: QEMU's virt."""

from ports.qemu.machine import VIRT, Machine
from ports.qemu.runner import board

MACHINE = Machine(
    name="riscv32",
    arch="rv32imc",
    qemu_name="virt",
    soc=VIRT,
    gc_helper="rv32i",
    cpu_flags="",
    disk_address=0x81000000,
)
BOARD = board(MACHINE)
