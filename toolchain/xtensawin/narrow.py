"""Instructions of 24 bits in their forms of 16 bits, as GNU as takes them by itself; llvm-mc does not."""

from __future__ import annotations

import re

# What an instruction with these operands can be, and for which immediates. addi.n has -1 in the place of 0.
_FORMS: dict[str, tuple[str, range | list[int] | None]] = {
    "l32i": ("l32i.n", range(0, 64, 4)),
    "s32i": ("s32i.n", range(0, 64, 4)),
    "addi": ("addi.n", [-1, *range(1, 16)]),
    "movi": ("movi.n", range(-32, 96)),
    "add": ("add.n", None),
}
_INSTRUCTION = re.compile(r"^\t(l32i|s32i|addi|movi|add|or)\t(a\d+(?:, a\d+){0,2})(?:, (-?\d+))?$", re.M)


def narrow(assembly: str) -> str:
    """Return llc's assembly with narrow instructions where there are such."""
    return _INSTRUCTION.sub(_narrow, assembly)


def _narrow(found: re.Match[str]) -> str:
    name, registers, immediate = found.groups()
    if name == "or":
        to, x, y = registers.split(", ")
        return f"\tmov.n\t{to}, {x}" if x == y else found[0]
    form, immediates = _FORMS[name]
    if (immediate is None) != (immediates is None) or (immediates is not None and int(immediate) not in immediates):
        return found[0]
    return found[0].replace(name, form, 1)
