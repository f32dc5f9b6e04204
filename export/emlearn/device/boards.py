"""What a board is, by what its firmware says of itself."""

from __future__ import annotations

from dataclasses import dataclass

# sys.implementation._mpy >> 10: its name, and the architecture whose modules such firmware is to get. Firmware of ARM
# loads modules of every lower ARM architecture, but floats may then pass in other registers: only these pairs fit.
ARCHITECTURES = {
    1: ("x86", None),
    2: ("x64", "x64"),
    3: ("armv6", "armv6m"),
    4: ("armv6m", "armv6m"),
    5: ("armv7m", "armv7m"),
    6: ("armv7em", "armv7m"),
    7: ("armv7emsp", "armv7emsp"),
    8: ("armv7emdp", "armv7emdp"),
    9: ("xtensa", None),
    10: ("xtensawin", "xtensawin"),
    11: ("rv32imc", "rv32imc"),
    12: ("rv64imc", None),
}

# The .mpy version of our modules. Bytecode needs the first number only, native code both.
ABI = 6
SUB_VERSION = 3
PYTHON = "py"  # the folder of the twins, which are bytecode for every board

# Runs on the board: prints one tuple.
PROBE = """
import sys, os
i = sys.implementation
try:
    u = os.uname().machine
except AttributeError:
    u = getattr(i, '_machine', sys.platform)
print(repr((i[0], tuple(i[1])[:3], getattr(i, '_mpy', 0), u, list(sys.path), os.getcwd())))
"""


@dataclass(frozen=True)
class Board:
    """A board that answered.

    Attributes
    ----------
    implementation, machine : str
        Such as "micropython" and "Raspberry Pi Pico with RP2040".
    version : tuple of int
        Of the firmware.
    mpy : int
        `sys.implementation._mpy`: architecture, native version, bytecode version.
    path : tuple of str
        `sys.path`.
    home : str
        Where it looks for files without a path: "/" on most, "/flash" on STM32.
    """

    implementation: str
    version: tuple[int, ...]
    mpy: int
    machine: str
    path: tuple[str, ...] = ("", ".frozen", "/lib")
    home: str = "/"

    @property
    def abi(self) -> str:
        """The version of .mpy files it loads, such as "6.3"."""
        return f"{self.mpy & 0xFF}.{self.mpy >> 8 & 3}"

    @property
    def architecture(self) -> str | None:
        """Its own name of its architecture; None if it loads no native code."""
        code = self.mpy >> 10 & 0xF
        return None if code == 0 else ARCHITECTURES.get(code, (f"number {code}", None))[0]

    @property
    def native(self) -> str | None:
        """Architecture of the modules that it is to get; None if there are none for it."""
        return ARCHITECTURES.get(self.mpy >> 10 & 0xF, (None, None))[1]

    @property
    def folders(self) -> tuple[str, ...]:
        """Absolute paths of the folders that it imports from, in their order."""
        return tuple(self.absolute(entry) for entry in self.path if entry != ".frozen")

    @property
    def library(self) -> str:
        """The folder that modules belong into: as for mip, the first one on `sys.path` that is called lib."""
        return next((entry for entry in self.folders if entry.endswith("/lib")), self.absolute(""))

    def absolute(self, path: str) -> str:
        """Return an absolute path, without a slash at its end."""
        return (path if path.startswith("/") else f"{self.home.rstrip('/')}/{path}").rstrip("/")

    def why_not_bytecode(self) -> str | None:
        """Say why it cannot take our modules at all, not even the twins; None if it can."""
        if self.implementation != "micropython":
            return f"it runs {self.release}; only MicroPython loads our modules"
        if self.mpy & 0xFF != ABI:
            return (
                f"its firmware ({self.release}) loads .mpy files of version {self.mpy & 0xFF}, ours are of version "
                f"{ABI}: install MicroPython 1.23 or later"
            )
        return None

    def why_not_native(self) -> str | None:
        """Say why it cannot take our native modules, or None if it can."""
        reason = self.why_not_bytecode()
        if reason is not None:
            return reason
        if self.architecture is None:
            return f"its firmware ({self.release}) was built without loading of native code"
        if self.mpy >> 8 & 3 != SUB_VERSION:
            return (
                f"its firmware ({self.release}) loads native code of version {self.abi}, ours is of version "
                f"{ABI}.{SUB_VERSION}: install MicroPython 1.23 or later"
            )
        if self.native is None:
            return f"there are no modules for its architecture, {self.architecture}"
        return None

    @property
    def release(self) -> str:
        """Firmware and version in words."""
        return f"{self.implementation} {'.'.join(str(part) for part in self.version)}"

    def __str__(self) -> str:
        return f"{self.machine}, {self.release}, {self.architecture or 'no native code'}, .mpy {self.abi}"
