"""Instructions and memory of models of any family on an emulated board.

    with Counter(machine) as counter:
        counts = counter.count(model, rows)

Needs `make dist firmware`, and the empty method that `make bench` makes. See emulated.py for what instructions are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import logged
import machines
from machines import SECONDS
from models import OUT, ROOT
from numpy.typing import NDArray
from ports.qemu.machine import Machine
from ports.qemu.session import Session

SCRIPT = (ROOT / "bench" / "on_board_families.py").read_text()
# Of a Cortex-M7 the counts are those of an M4F, whose code it runs.
BOARDS = ("cortex-m0", "cortex-m3", "cortex-m4f", "riscv32")
# By family; others are called as their families are.
MODULES = {"neighbors": "emlknn"}


@dataclass(frozen=True)
class Counts:
    """Of a model on a board: averages over rows, of a native module net of an empty native method.

    Attributes
    ----------
    predict, outputs : float
        Instructions of `predict(x)` and of `predict(x, out)`.
    heap, imported : int
        Bytes: of the model as read from a file; of the modules that `predict(x)` needs.
    """

    predict: float
    outputs: float
    heap: int
    imported: int


def boards() -> list[Machine]:
    """The machines to count on."""
    return [machine for machine in machines.machines() if machine.name in BOARDS]


def module_of(model: Any) -> str:
    """The module that users import for a model."""
    family = model.tables.FAMILY
    return MODULES.get(family, f"eml{family}")


class Counter:
    """A running board with all modules on it; with `twin`, those in Python."""

    def __init__(self, machine: Machine, twin: bool = False):
        self.machine, self.twin = machine, twin
        folder = ROOT / "dist" / f"{'py' if twin else machine.arch}_{machines.ABI}"
        files = {path.name: path.read_bytes() for path in sorted(folder.glob("*.mpy"))}
        if not twin:
            files["empty.mpy"] = (OUT / "empty" / machine.arch / "empty.mpy").read_bytes()
        self._session = Session(machine, count_instructions=True)
        self._session.fetch(files)

    def __enter__(self) -> Counter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def count(self, model: Any, rows: NDArray[Any]) -> Counts:
        """Count for these rows, as the model takes them: int16 for typecode "h", else float32."""
        typecode, data = as_input(model, rows)
        settings = f"MODULE, TWIN = {module_of(model)!r}, {self.twin}\n"
        settings += f"TYPECODE, N_FEATURES = {typecode!r}, {rows.shape[1]}\n"
        files = {"model.eml": model.save(format="eml"), "rows.bin": data, "settings.py": settings.encode()}
        self._session.fetch(files)
        self._session.reset()
        output = self._session.run(SCRIPT, SECONDS)
        try:
            predict, outputs, heap, imported = output.split()
            return Counts(float(predict), float(outputs), int(heap), int(imported))
        except ValueError:
            raise SystemExit(f"{self.machine.name}: {model!r}: {output}") from None


def as_input(model: Any, rows: NDArray[Any]) -> tuple[str, bytes]:
    """Typecode and bytes of rows."""
    typecode = model.tables.typecode
    return typecode, rows.astype({"h": "<i2", "f": "<f4"}[typecode]).tobytes()


def count_xtensa(cases: Sequence[tuple[Any, NDArray[Any]]]) -> list[float]:
    """Instructions of `predict(x)`, on average over rows, of each (model, rows), on an emulated Xtensa."""
    folder = ROOT / "dist" / f"xtensawin_{machines.ABI}"
    files = {path.name: path.read_bytes() for path in sorted(folder.glob("*.mpy"))}
    files["empty.mpy"] = (OUT / "empty" / "xtensawin" / "empty.mpy").read_bytes()
    models = []
    for i, (model, rows) in enumerate(cases):
        typecode, files[f"m{i}.bin"] = as_input(model, rows)
        files[f"m{i}.eml"] = model.save(format="eml")
        models.append((f"m{i}", module_of(model), typecode, rows.shape[1]))
    files["settings.py"] = f"MODELS = {models!r}\n".encode()
    found = logged.between_lines((ROOT / "bench" / "on_board_logged.py").read_text(), files, 3 * len(models))
    return [(found[3 * i] - found[3 * i + 1]) / len(rows) for i, (_, rows) in enumerate(cases)]
