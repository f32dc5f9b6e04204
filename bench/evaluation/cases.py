"""One case of the evaluation, a forest and its variants, wherever it is computed: this file is sent to a cluster."""

import hashlib
import platform
import time
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np
from emlearn._registry import find
from emlearn.ir import trees as ir
from emlearn.ir.document import Document
from emlearn.model import Model
from emlearn.passes.quantise import choose_dtype, trained_on_int16
from emlearn.search import metrics
from emlearn.search.variants import BYTE, CLUSTERED, EXACT, HARD, UINT8, Kind, Variants
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

import emlearn

MAX_ROWS = 6000
MAX_LOSS = 0.01
SEED = 1000  # of the first repeat: its splits took no part in choosing by what margin the search keeps the bound
TEST = VALIDATION = 0.25  # of the rows; of the rest
FLOAT, AUTO = "float exact", "auto"
INT16 = {f"int16 {leaf}": leaf for leaf in (EXACT, UINT8, BYTE, *CLUSTERED, HARD)}
VARIANTS = (FLOAT, *INT16, AUTO)
BOARDS = ("armv6m", "armv7emsp")
PACKAGES = ("emlearn-mpy", "numpy", "scipy", "scikit-learn")


class Case(NamedTuple):
    """What a forest is trained with, and on which of the splits."""

    dataset: str
    repeat: int
    min_leaf: float  # min_samples_leaf: a number of rows, or below 1 the part of them
    trees: int
    metric: str = "roc_auc"

    @property
    def seed(self):
        """Of the splits, the training and the search."""
        return SEED + self.repeat


@cache
def environment():
    """What results depend on."""
    code = hashlib.sha256()
    for path in sorted(Path(emlearn.__file__).parent.rglob("*.py")):
        code.update(path.read_bytes())
    versions = {package: version(package) for package in PACKAGES}
    return {"python": platform.python_version(), **versions, "emlearn's code": code.hexdigest()[:12]}


def limited(X, y, max_rows=MAX_ROWS):
    """As many rows, always the same, with the classes' shares."""
    if len(X) <= max_rows:
        return X, y
    kept = train_test_split(np.arange(len(X)), train_size=max_rows, stratify=y, random_state=0)[0]
    return X[kept], y[kept]


def measure(case, X, y, expected=None):
    """The case, and a dict of numbers for each of VARIANTS.

    Raises
    ------
    RuntimeError
        If the environment is not the `expected` one.
    """
    if expected is not None and environment() != expected:
        raise RuntimeError(f"this worker has {environment()}, what asked it {expected}: install the same")
    with threadpool_limits(1):
        return case, _measured(case, X, y)


def _measured(case, X, y):
    started = time.perf_counter()
    X_rest, X_test, y_rest, y_test = train_test_split(X, y, test_size=TEST, stratify=y, random_state=case.seed)
    X_train, X_val, y_train, y_val = train_test_split(
        X_rest, y_rest, test_size=VALIDATION, stratify=y_rest, random_state=case.seed
    )
    leaf = int(case.min_leaf) if case.min_leaf >= 1 else case.min_leaf
    forest = RandomForestClassifier(case.trees, min_samples_leaf=leaf, random_state=case.seed)
    forest.fit(X_train, y_train)
    ensemble = find(forest)(forest)

    held = [(X_val, metrics.find(case.metric, y_val, forest.classes_, 0))]
    held += [(X_test, metrics.find(case.metric, y_test, forest.classes_, 0))]
    rows = {}
    for name, kind, trees, size, instructions in _variants(case, forest, ensemble, X_train, X_val, y_val):
        model = Model(Document(trees), classes=forest.classes_)
        validation, test = (_score(model, metric, some) for some, metric in held)
        rows[name] = {
            "kind": kind,
            "validation_score": validation,
            "test_score": test,
            "nodes_leaves": size.c_data - size.roots - size.scales,
            "tables": size.c_data,
            "eml": size.eml,
            **{board: instructions.get(board) for board in BOARDS},
        }
    n_nodes, n_leaves, n_classes = len(ensemble.left), len(ensemble.leaf_total), ensemble.n_classes
    common = {
        "rows": len(X),
        "features": X.shape[1],
        "classes": n_classes,
        # emlearn's: nodes of 12 bytes and float32 for each class and leaf; nodes of 8 bytes whose leaves are classes.
        "emlearn_float": 12 * n_nodes + 4 * n_classes * n_leaves,
        "emlearn_hard": 8 * n_nodes,
        "exact_eml": rows[FLOAT]["eml"],
        "seconds": round(time.perf_counter() - started, 2),
    }
    for row in rows.values():
        for part in ("validation", "test"):
            row[f"{part}_drop"] = rows[FLOAT][f"{part}_score"] - row[f"{part}_score"]
    return [{**case._asdict(), "variant": name, **row, **common} for name, row in rows.items()]


def _variants(case, forest, ensemble, X_train, X_val, y_val):
    """Name, kind, tables, size and estimated instructions of each."""
    # As convert(dtype="int16", data=X_train) does.
    dtype = choose_dtype(ensemble, "int16", None, X_train)
    if not trained_on_int16(ensemble):
        dtype = ir.DTYPE_SCALED
    variants = Variants(ensemble, X_val, (ir.DTYPE_FLOAT, dtype))
    kinds = {FLOAT: Kind(ir.DTYPES[ir.DTYPE_FLOAT], EXACT)}
    kinds |= {name: Kind(ir.DTYPES[dtype], leaf) for name, leaf in INT16.items()}
    for name, kind in kinds.items():
        made = variants.make(kind)
        yield name, str(kind), made.trees, made.size, made.instructions()
    options = {"max_loss": MAX_LOSS, "metric": case.metric, "seed": case.seed, "progress": False}
    model = emlearn.convert(forest, optimize="size", data=(X_val, y_val), **options)
    chosen = model.search.chosen
    yield AUTO, str(chosen.kind), model.trees, chosen.size, chosen.instructions


def _score(model, metric, X):
    return metric.score(metrics.Predicted(model.predict_proba(X), np.searchsorted(model.classes_, model.predict(X))))
