"""Rewrites LLVM IR where LLVM 22's Xtensa back end would crash.

It turns a choice between two float constants, `c ? 2.0f : 0.5f`, into a table of both that it then cannot select, and a
`(float)(a == b)` into such a choice. The same choice between the constants' bits, as integers, goes through.
"""

from __future__ import annotations

import re
import struct

NUMBER = r"(?:0x[0-9A-Fa-f]+|[-+]?[0-9][0-9.eE+-]*)"
START = r"^(?P<indent>\s*)(?P<result>%\S+) = "
SELECT = re.compile(START + rf"select (?:[a-z]+ )*i1 (?P<choice>\S+), float (?P<yes>{NUMBER}), float (?P<no>{NUMBER})")
FROM_BOOL = re.compile(START + r"(?P<how>[us])itofp (?:nneg )?i1 (?P<choice>\S+) to float")


def fix(ir: str) -> str:
    return "".join(fix_line(line, i) for i, line in enumerate(ir.splitlines(keepends=True)))


def fix_line(line: str, number: int) -> str:
    """The line, or two in its place. number: makes the name of the integer that they share unique."""
    if match := SELECT.match(line):
        yes, no = float_bits(match["yes"]), float_bits(match["no"])
    elif match := FROM_BOOL.match(line):
        yes, no = float_bits("1.0" if match["how"] == "u" else "-1.0"), 0
    else:
        return line
    indent, bits = match["indent"], f"%float.bits.{number}"
    return (
        f"{indent}{bits} = select i1 {match['choice']}, i32 {yes}, i32 {no}\n"
        f"{indent}{match['result']} = bitcast i32 {bits} to float{line[match.end() :]}"
    )


def float_bits(constant: str) -> int:
    """Bits of a float32 as IR writes it: decimal, or the bits of the same number as a float64."""
    if constant.startswith("0x"):
        (number,) = struct.unpack(">d", bytes.fromhex(constant[2:].rjust(16, "0")))
    else:
        number = float(constant)
    (bits,) = struct.unpack("<I", struct.pack("<f", number))
    return int(bits)
