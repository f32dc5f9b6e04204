"""Models that `convert(optimize=...)` has chosen, on emulated boards: what they predict, and the memory they take."""

from __future__ import annotations

import ast

import numpy as np
import pytest
from boards import cortex_m0, module_files, riscv32
from emlearn._size import size_of
from ports.qemu.session import Session
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

import emlearn

N_ROWS = 20
SCRATCH = 1088  # in blocks of 16 bytes: what opening a file needs, which a pointer left on the stack may keep alive
SCRIPT = """
import gc
from array import array
import emltrees

def measured(source):
    gc.collect()
    before = gc.mem_alloc()
    model = emltrees.load(source)
    gc.collect()
    return model, gc.mem_alloc() - before

for name, code, n_features, n_classes in {models}:
    emltrees.load(name + ".eml")  # imports what it needs
    model, in_ram = measured(name + ".eml")
    said = []
    with open(name + ".rows", "rb") as file:
        for _ in range({n_rows}):
            row = array(code, file.read((2 if code == "h" else 4) * n_features))
            out = array("f", bytes(4 * n_classes))
            said.append(model.predict(row))
            model.predict(row, out)
            said.append(bytes(out))
    del model, row, out
    with open(name + ".eml", "rb") as file:
        data = file.read()
    model, in_place = measured(data)
    print([in_ram, in_place, said])
    del model, data, said
"""


def smaller(load, leaf):
    X, X_val, y, y_val = train_test_split(*load(return_X_y=True), test_size=0.4, random_state=0)
    forest = RandomForestClassifier(6, min_samples_leaf=leaf, random_state=0).fit(X, y)
    model = emlearn.convert(forest, optimize="size", max_loss=0.03, data=(X_val, y_val))
    model.golden = model.certificate = None  # the sizes are those of the model alone
    return model, X_val[:N_ROWS].astype(np.int16 if model.trees.typecode == "h" else np.float32)


@pytest.mark.parametrize("machine", [cortex_m0.MACHINE, riscv32.MACHINE], ids=lambda machine: machine.name)
def test_boards_predict_and_hold_what_the_search_says(machine):
    models = {"digits": smaller(load_digits, 3), "cancer": smaller(load_breast_cancer, 1)}
    assert {model.leaf for model, _ in models.values()} >= {"uint8"}
    files, listed = dict(module_files(machine, "native")), []
    for name, (model, rows) in models.items():
        files |= {f"{name}.eml": model.save(format="eml"), f"{name}.rows": rows.tobytes()}
        assert len(files[f"{name}.eml"]) == model.nbytes
        listed.append((name, rows.dtype.char, rows.shape[1], len(model.classes_)))
    with Session(machine) as board:
        board.copy(files)
        lines = board.run(SCRIPT.format(models=listed, n_rows=N_ROWS), 120).splitlines()
    kept = []
    for line, (model, rows) in zip(lines, models.values(), strict=True):
        in_ram, in_place, said = ast.literal_eval(line)
        size = size_of(model.trees)
        assert in_place == size.ram_in_place
        kept.append(in_ram - size.ram)
        expected = [model.predict(rows).tolist(), [row.tobytes() for row in model.predict_proba(rows)]]
        assert [said[::2], said[1::2]] == expected
    assert 0 in kept and set(kept) <= {0, SCRATCH}
