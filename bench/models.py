"""The models that are measured. Both environments train them, from the same seeds: ours and that of the peers."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "build" / "bench"
sys.path.insert(0, str(ROOT / "examples" / "gesture"))
import data  # noqa: E402

SEED = 0
N_ROWS = 100  # of each model's test rows


@dataclass(frozen=True)
class Benchmark:
    """A forest and its data: integer features, so that every way of converting it can take them."""

    title: str
    parameters: dict[str, Any]  # of RandomForestClassifier
    X: np.ndarray  # int16 [rows][features], to train with
    y: np.ndarray  # class numbers
    rows: np.ndarray  # int16 [N_ROWS][features], to predict

    def train(self, forest_class: Any = RandomForestClassifier) -> Any:
        return forest_class(**self.parameters, random_state=SEED).fit(self.X.astype(np.float64), self.y)


def benchmarks() -> dict[str, Benchmark]:
    return {"digits": _digits("digits: 10 trees of 100 leaves", max_leaf_nodes=100), "gesture": _gesture()}


def depth_limited_digits() -> Benchmark:
    """The forest on which peers' code sizes are known: 1,020 decisions."""
    return _digits("digits: 10 trees of depth 8", max_depth=8)


def _digits(title: str, **parameters: int) -> Benchmark:
    X, y = load_digits(return_X_y=True)
    train, test, labels, _ = train_test_split(X.astype(np.int16), y, random_state=SEED)
    return Benchmark(title, {"n_estimators": 10, **parameters}, train, labels, spread(test))


def _gesture() -> Benchmark:
    cache = ROOT / "build" / "demo"
    train, labels = data.windows("TRAIN", cache)
    test, _ = data.windows("TEST", cache)
    _, numbers = np.unique(labels, return_inverse=True)
    title = "gesture: 3 trees of depth 4, 6 features"
    parameters = {"n_estimators": 3, "max_depth": 4}
    return Benchmark(title, parameters, deviations(train), numbers, spread(deviations(test)))


def deviations(windows: np.ndarray) -> np.ndarray:
    """One feature an axis: the mean deviation from the mean."""
    return np.abs(windows - windows.mean(axis=1, keepdims=True)).mean(axis=1).astype(np.int16)


def spread(rows: np.ndarray) -> np.ndarray:
    """N_ROWS of them, from all over the table."""
    return rows[np.linspace(0, len(rows) - 1, N_ROWS).astype(int)]
