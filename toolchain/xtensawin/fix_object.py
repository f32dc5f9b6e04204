"""Makes an object of llvm-mc for Xtensa what MicroPython's tools/mpy_ld.py expects: what GNU as would have written.

- mpy_ld.py adds an l32r's offset to what the instruction holds: that has to be 0.
- It wants the addend of a literal that is a section's address in the literal itself.
- It applies relocations in .rodata relative to the program counter, and those in .data.rel.ro as addresses.
- It takes "section + offset" for the name of what a literal points to: several objects' sections need different names.

What is not known here is refused: it would link without complaint and run wrong.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

R_NONE, R_32, R_SLOT0_OP = 0, 1, 20
SHT_PROGBITS, SHT_SYMTAB, SHT_RELA, SHT_NOBITS = 1, 2, 4, 8
STT_SECTION = 3
EM_XTENSA = 94
FUNCTIONS = "mp_fun_table"  # mpy_ld.py knows its elements
RENAMED = (".text", ".rodata", ".data.rel.ro", ".bss")
L32R = 1  # in the opcode's low four bits


class UnknownObject(Exception):
    """An object holds what mpy_ld.py would link wrong."""


@dataclass
class Section:
    """One entry of the section table. header: where it lies in the file."""

    header: int
    name: str
    type: int
    offset: int
    size: int
    link: int
    info: int


def fix(data: bytes, tag: str) -> bytes:
    """The object, corrected. tag: makes its sections' names differ from those of other objects."""
    elf = bytearray(data)
    sections, names = read_sections(elf)
    relocated = set()
    for section in sections:
        if section.type == SHT_RELA:
            relocated.add(section.info)
            fix_relocations(elf, sections, section)
    suffix = "." + re.sub(r"\W", "_", tag)
    renamed = {
        i: new_name(section.name, i in relocated) + suffix
        for i, section in enumerate(sections)
        if section.type in (SHT_PROGBITS, SHT_NOBITS) and section.name.startswith(RENAMED)
    }
    rename(elf, sections, names, renamed)
    return bytes(elf)


def new_name(name: str, has_relocations: bool) -> str:
    return name.replace(".rodata", ".data.rel.ro", 1) if has_relocations else name


def read_sections(elf: bytearray) -> tuple[list[Section], int]:
    """The section table, and which of them holds the names."""
    if elf[:6] != b"\x7fELF\x01\x01" or struct.unpack_from("<H", elf, 18) != (EM_XTENSA,):
        raise UnknownObject("expected a little-endian ELF object for Xtensa")
    (start,) = struct.unpack_from("<I", elf, 0x20)
    size, count, names = struct.unpack_from("<HHH", elf, 0x2E)
    headers = [start + i * size for i in range(count)]
    table_at, table_size = struct.unpack_from("<II", elf, headers[names] + 16)
    table = bytes(elf[table_at : table_at + table_size])
    sections = []
    for header in headers:
        name, type_, _, _, offset, size, link, info = struct.unpack_from("<8I", elf, header)
        text = table[name : table.index(b"\0", name)].decode()
        sections.append(Section(header, text, type_, offset, size, link, info))
    return sections, names


def fix_relocations(elf: bytearray, sections: list[Section], relocations: Section) -> None:
    target, symbols = sections[relocations.info], sections[relocations.link]
    if target.type != SHT_PROGBITS or not target.name.startswith((".text", ".literal", ".rodata", ".data", ".bss")):
        return  # not part of the program
    for at in range(relocations.offset, relocations.offset + relocations.size, 12):
        offset, info, addend = struct.unpack_from("<IIi", elf, at)
        symbol, type_ = info >> 8, info & 0xFF
        place = target.offset + offset
        is_section = elf[symbols.offset + 16 * symbol + 12] & 0xF == STT_SECTION
        what = f"{target.name}+{offset:#x}: relocation {type_}"
        if type_ == R_NONE:
            pass
        elif target.name.startswith(".text"):
            if type_ != R_SLOT0_OP or elf[place] & 0xF != L32R:
                raise UnknownObject(f"{what} of instruction {elf[place : place + 3].hex()}")
            elf[place + 1 : place + 3] = b"\0\0"
        elif type_ != R_32:
            raise UnknownObject(what)
        elif target.name.startswith(".literal") and is_section:
            (value,) = struct.unpack_from("<I", elf, place)
            struct.pack_into("<I", elf, place, (value + addend) & 0xFFFFFFFF)
            struct.pack_into("<i", elf, at + 8, 0)
        elif target.name.startswith(".literal") and addend and symbol_name(elf, sections, symbols, symbol) != FUNCTIONS:
            raise UnknownObject(f"{what}: addend {addend} to a symbol, which mpy_ld.py would forget")


def symbol_name(elf: bytearray, sections: list[Section], symbols: Section, symbol: int) -> str:
    (name,) = struct.unpack_from("<I", elf, symbols.offset + 16 * symbol)
    start = sections[symbols.link].offset + name
    return elf[start : elf.index(b"\0", start)].decode()


def rename(elf: bytearray, sections: list[Section], names: int, renamed: dict[int, str]) -> None:
    """Give sections new names, in a copy of the string table at the end of the file: symbols may share it."""
    old = sections[names]
    table = bytearray(elf[old.offset : old.offset + old.size])
    for i, name in renamed.items():
        struct.pack_into("<I", elf, sections[i].header, len(table))
        table += name.encode() + b"\0"
    struct.pack_into("<II", elf, old.header + 16, len(elf), len(table))
    elf += table
