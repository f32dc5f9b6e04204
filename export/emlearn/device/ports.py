"""Serial ports, and firmware for the chips behind them."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .errors import DeviceError

# Where MicroPython's firmware.bin starts in flash, by esptool's name of the chip.
FLASH_OFFSETS = {"ESP32": 0x1000, "ESP32-S2": 0x1000, "ESP32-C5": 0x2000, "ESP32-P4": 0x2000}
IMAGE_START = b"\xe9"
ESPTOOL_HINT = "esptool is not installed: pip install 'esptool>=5'"


@dataclass(frozen=True)
class Port:
    """A serial port: its device, what is there, its USB vendor and product numbers, and its serial number."""

    device: str
    description: str
    usb: str
    serial_number: str = ""


def ports() -> list[Port]:
    """List the serial ports of USB devices."""
    from serial.tools.list_ports import comports

    found = [port for port in comports() if port.vid is not None]
    found.sort(key=lambda port: str(port.device))
    return [
        Port(port.device, port.description or "", f"{port.vid:04x}:{port.pid:04x}", port.serial_number or "")
        for port in found
    ]


def resolve(port: str) -> str:
    """Return the device that a port stands for: mpremote's "auto", "id:SERIAL-NUMBER" and "port:DEVICE".

    Raises
    ------
    DeviceError
        If there is none, or "auto" has a choice.
    """
    if port.startswith("id:"):
        number = port.removeprefix("id:")
        for candidate in ports():
            if candidate.serial_number == number:
                return candidate.device
        raise DeviceError(f"no board with serial number {number} is connected; `emlearn devices` lists what is")
    if port == "auto":
        found = ports()
        if len(found) == 1:
            return found[0].device
        if found:
            raise DeviceError(f"several boards are connected: choose one with --port, of {_devices(found)}")
        raise DeviceError(
            "no board is connected by USB. Is its cable one that carries data? Name other ports with --port"
        )
    return port.removeprefix("port:")


def _devices(found: list[Port]) -> str:
    return ", ".join(port.device for port in found)


def flash(firmware: Path, port: str, *, chip: str = "auto", erase: bool = True) -> None:
    """Write MicroPython's firmware to an Espressif board, with esptool, whose output is shown.

    Raises
    ------
    DeviceError
        If the file is no such firmware, or esptool is missing, finds no chip, or fails.
    """
    if firmware.suffix == ".uf2":
        raise DeviceError(
            f"{firmware.name} is for a board's USB drive: hold BOOTSEL while plugging it in, then copy the file there"
        )
    with firmware.open("rb") as file:
        start = file.read(1)
    if start != IMAGE_START:
        raise DeviceError(
            f"{firmware.name} starts with {start.hex() or 'nothing'}, firmware for Espressif chips with "
            f"{IMAGE_START.hex()}: take the .bin file for your board from micropython.org/download"
        )
    device = resolve(port)
    offset = FLASH_OFFSETS.get(detect(device, chip), 0)
    # In one command, which finds out that the firmware is for another chip before it erases anything.
    all_ = ["--erase-all"] if erase else []
    _esptool("--port", device, "--chip", chip, "write-flash", *all_, f"{offset:#x}", str(firmware))


def detect(port: str, chip: str = "auto") -> str:
    """Return esptool's name of the chip at a port, such as "ESP32-S3"."""
    output = _esptool("--port", port, "--chip", chip, "chip-id", capture=True)
    for line in output.splitlines():
        for marker in ("Chip type:", "Chip is", "Detecting chip type..."):
            if marker in line:
                words = line.split(marker, 1)[1].replace("(", " ").split()
                if words and words[0].upper().startswith("ESP"):
                    return _family(words[0])
    raise DeviceError(f"esptool names no chip at {port}:\n{output.strip()}")


def _family(name: str) -> str:
    """ESP32-D0WD-V3 and the like are ESP32; ESP32-S3FN8 is ESP32-S3."""
    upper = name.upper()
    for family in ("ESP32-S2", "ESP32-S3", "ESP32-C2", "ESP32-C3", "ESP32-C5", "ESP32-C6", "ESP32-H2", "ESP32-P4"):
        if upper.startswith(family):
            return family
    return "ESP32" if upper.startswith("ESP32") else upper


def _esptool(*arguments: str, capture: bool = False) -> str:
    try:
        import esptool  # noqa: F401
    except ImportError as error:
        raise DeviceError(ESPTOOL_HINT) from error
    done = subprocess.run(
        [sys.executable, "-m", "esptool", *arguments],
        stdout=subprocess.PIPE if capture else None,
        stderr=subprocess.STDOUT if capture else None,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DeviceError(f"esptool {' '.join(arguments)} failed" + (f":\n{done.stdout.strip()}" if capture else ""))
    return done.stdout or ""
