"""Usual microcontrollers, and what MicroPython is reckoned to leave of them."""

from __future__ import annotations

from typing import NamedTuple

CYCLES = 1.5  # an instruction: loads and jumps that are taken need two and more on these CPUs, most others one
RAM_SHARE, FLASH_SHARE = 1 / 2, 1 / 8  # that MicroPython is reckoned to leave free


class Chip(NamedTuple):
    """A usual microcontroller."""

    name: str
    cpu: str
    architecture: str
    megahertz: int
    ram: int
    flash: int

    def seconds(self, instructions: float) -> float:
        """Return how long these take, by CYCLES and nothing else."""
        return instructions * CYCLES / (self.megahertz * 1e6)


CHIPS = (
    Chip("RP2040 (Pico)", "Cortex-M0+", "armv6m", 133, 264 << 10, 2 << 20),
    Chip("RP2350 (Pico 2)", "Cortex-M33", "armv7emsp", 150, 520 << 10, 4 << 20),
    Chip("nRF52840", "Cortex-M4F", "armv7emsp", 64, 256 << 10, 1 << 20),
    Chip("STM32F411", "Cortex-M4F", "armv7emsp", 100, 128 << 10, 512 << 10),
    Chip("ESP32", "Xtensa LX6", "xtensawin", 240, 520 << 10, 4 << 20),
    Chip("ESP32-C3", "RISC-V", "rv32imc", 160, 400 << 10, 4 << 20),
    Chip("nRF51822 (16 kB)", "Cortex-M0", "armv6m", 16, 16 << 10, 256 << 10),
)
