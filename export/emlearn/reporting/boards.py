"""What a model takes on usual boards, and whether it fits there."""

from __future__ import annotations

from dataclasses import dataclass

from .._chips import CHIPS, FLASH_SHARE, RAM_SHARE, Chip
from .._modules import BYTECODE, module_bytes, modules_of
from .._size import BLOCK, OBJECT, size_of
from ..ir.trees import Trees
from ..model import Model

# Of heap that a module takes beside its file's bytes, on a Cortex-M3 (bench/families.py): 240 to 280, of bytecode 830.
MODULE_OBJECTS, BYTECODE_OBJECTS = 256, 830
MODEL_STRUCT = 160  # of models other than trees, at most: pointers to their arrays


@dataclass(frozen=True)
class BoardRow:
    """A model on a chip; all but sizes of files is estimated.

    Attributes
    ----------
    chip : Chip
    flash : int
        Bytes of the model's file.
    modules : int or None
        Bytes of the native modules that run it; None where they are not installed.
    heap : int
        Bytes that the model takes of the heap, read into it.
    heap_in_place : int
        The same where it stays in flash.
    heap_in_all : int
        With the modules, where they are installed.
    instructions : int or None
        Of a `predict`; None where nobody has measured such models.
    why_not : str
        What is lacking, in words; "" if it fits.
    """

    chip: Chip
    flash: int
    modules: int | None
    heap: int
    heap_in_place: int
    heap_in_all: int
    instructions: int | None
    why_not: str

    @property
    def fits(self) -> bool:
        """Whether it does."""
        return not self.why_not

    @property
    def microseconds(self) -> float | None:
        """Of a `predict`."""
        return None if self.instructions is None else 1e6 * self.chip.seconds(self.instructions)


def board_rows(model: Model, file_bytes: int, instructions: dict[str, int]) -> tuple[BoardRow, ...]:
    """Tell about a model, whose file has so many bytes, on each of `CHIPS`."""
    objects = sum(BYTECODE_OBJECTS if name in BYTECODE else MODULE_OBJECTS for name in modules_of(model.tables))
    modules = module_bytes(model.tables)
    in_place = _heap_in_place(model)
    heap = in_place + OBJECT + file_bytes + -file_bytes % BLOCK
    rows = []
    for chip in CHIPS:
        own = modules.get(chip.architecture)
        code = 0 if own is None else own
        loaded = code + objects if code else 0
        why_not = _why_not(chip, file_bytes + code, heap + loaded, in_place + loaded)
        counted = instructions.get(chip.architecture)
        rows.append(BoardRow(chip, file_bytes, own, heap, in_place, heap + loaded, counted, why_not))
    return tuple(rows)


def _heap_in_place(model: Model) -> int:
    tables = model.tables
    if isinstance(tables, Trees):
        return size_of(tables).ram_in_place
    if tables.FAMILY == "cnn":
        memory = model.info()["memory"]
        needed = int(memory["buffer"] + memory["work"])
    else:
        needed = int(model._core.scratch_size)
    return OBJECT + needed + MODEL_STRUCT + -(needed + MODEL_STRUCT) % BLOCK


def _why_not(chip: Chip, flash: int, heap: int, heap_in_place: int) -> str:
    free_ram, free_flash = int(chip.ram * RAM_SHARE), int(chip.flash * FLASH_SHARE)
    if flash > free_flash:
        return f"{flash:,} bytes of flash, about {free_flash:,} are free"
    if heap_in_place > free_ram:
        return f"{heap_in_place:,} bytes of heap at least, about {free_ram:,} are free"
    if heap > free_ram:
        return f"{heap:,} bytes of heap, about {free_ram:,} are free; {heap_in_place:,} where the file stays in flash"
    return ""
