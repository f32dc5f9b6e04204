"""How models of `convert(optimize='size')` do on rows by which neither they nor their variant were chosen, as CSV.

    .venv/bin/python bench/smaller.py [--seed 21] [--min-leaf 1] [--metric roc_auc] [FOLDER/*.dat] >smaller.csv

On scikit-learn's data sets, and on files in KEEL's format (comma-separated, `@` before lines of the header, the class
last). A quarter of the rows is for testing, a quarter of the rest for validation; 6,000 rows at most.
"""

import argparse
import csv
import sys
from pathlib import Path

import numpy as np
from emlearn._registry import find
from emlearn._size import size_of
from emlearn.search import metrics
from sklearn import datasets
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

import emlearn

MAX_ROWS = 6000
MAX_LOSS = 0.01
TREES = (10, 30)
LOADERS = ("iris", "wine", "breast_cancer", "digits")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--seed", type=int, default=21)
    parser.add_argument("--min-leaf", type=int, default=1)
    parser.add_argument("--metric", default="roc_auc")
    asked = parser.parse_args()
    sets = [(name, getattr(datasets, f"load_{name}")(return_X_y=True)) for name in LOADERS]
    sets += [(path.stem, keel(path)) for path in asked.files]
    writer = None
    for name, (X, y) in sets:
        for n_trees in TREES:
            row = {"data": name, "trees": n_trees, **measure(X, y, n_trees, asked)}
            if writer is None:
                writer = csv.DictWriter(sys.stdout, list(row), lineterminator="\n")
                writer.writeheader()
            writer.writerow(row)
            sys.stdout.flush()


def keel(path):
    lines = [line for line in path.read_text("latin1").splitlines() if line.strip() and not line.startswith("@")]
    cells = [[cell.strip() for cell in line.split(",")] for line in lines]
    *columns, y = zip(*(row for row in cells if "?" not in row and "<null>" not in row), strict=True)
    return np.stack([numbers(column) for column in columns], axis=1), np.unique(y, return_inverse=True)[1]


def numbers(column):
    try:
        return np.array(column, float)
    except ValueError:
        return np.unique(column, return_inverse=True)[1].astype(float)


def measure(X, y, n_trees, asked):
    X = X.astype(np.float32)
    if np.all(X == np.floor(X)):
        X = np.clip(X, -32768, 32767)  # what int16 features can be
    if len(X) > MAX_ROWS:
        kept = np.random.default_rng(0).permutation(len(X))[:MAX_ROWS]
        X, y = X[kept], y[kept]
    X, X_test, y, y_test = train_test_split(X, y, test_size=0.25, stratify=y, random_state=asked.seed)
    X, X_val, y, y_val = train_test_split(X, y, test_size=0.25, stratify=y, random_state=asked.seed)
    forest = RandomForestClassifier(n_trees, min_samples_leaf=asked.min_leaf, random_state=asked.seed).fit(X, y)
    model = emlearn.convert(forest, optimize="size", max_loss=MAX_LOSS, data=(X_val, y_val), metric=asked.metric)
    exact, hard = emlearn.convert(forest), emlearn.convert(forest, dtype="int16", leaf="hard")
    metric = metrics.find(asked.metric, y_test, forest.classes_, 0)

    def score(each):
        classes = np.searchsorted(forest.classes_, each.predict(X_test))
        return metric.score(metrics.Predicted(each.predict_proba(X_test), classes))

    ensemble, size, before = find(forest)(forest), size_of(model.trees), score(exact)
    floats = 12 * len(ensemble.left) + 4 * ensemble.n_classes * len(ensemble.leaf_total)
    return {
        "score": round(before, 5),
        "chosen": str(model.search.chosen.kind),
        "validation loss": round(model.search.chosen.loss, 5),
        "test loss": round(before - score(model), 5),
        "hard test loss": round(before - score(hard), 5),
        "eml": size.eml,
        "exact eml": exact.nbytes,
        "nodes and leaves": size.nodes + size.leaves,
        "12 a node, 4 a class and leaf": floats,
        "8 a node": 8 * len(ensemble.left),
    }


if __name__ == "__main__":
    main()
