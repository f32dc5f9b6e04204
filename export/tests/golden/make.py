"""The golden files: one small file for each kind of model and format, byte for byte.

    python export/tests/golden/make.py     writes them anew, after a change of format that was meant

emlearn_*.csv were written by emlearn 0.23.2 itself: iris in tenths and digits, `save(format="csv")`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from emlearn.ir import sums
from emlearn.ir import trees as ir
from emlearn.ir.document import Output
from emlearn.ir.gaussian import GaussianModel
from emlearn.ir.kernel import KernelModel, Rule
from emlearn.ir.kernel import Kind as Kernels
from emlearn.ir.linear import LinearModel, Link
from emlearn.ir.neighbors import Metric, NeighborsModel, Weights
from emlearn.ir.net import Activation, Kind, Layer, Network
from emlearn.ir.pipeline import Encode, Fill, Matrix, Scale
from emlearn.ir.trees import Document, Ensemble
from emlearn.model import Model
from emlearn.passes.gaussian import fix as fix_gaussian
from emlearn.passes.kernel import fix as fix_kernel
from emlearn.passes.layout import layout
from emlearn.passes.leaves import encode
from emlearn.passes.linear import fix
from emlearn.passes.neighbors import fix as fix_items
from emlearn.passes.net import fix as fix_net
from emlearn.passes.pipeline import join
from emlearn.passes.quantise import quantise
from emlearn.writers import c, csv, eml

from emlearn import Certificate
from emlearn import _quantize as q

FOLDER = Path(__file__).parent
FORMATS = {
    ".eml": lambda document: eml.write(document),
    ".csv": lambda document: csv.write(document).encode(),
    ".h": lambda document: c.write(document, "golden").encode(),
    ".inline.h": lambda document: c.write(document, "golden", "inline").encode(),
}

# f0 <= 1.5 ? (f2 <= -3.25 ? A : B) : (f1 <= 20.5 ? C : (f0 <= 7 ? D : E)), and a tree that is one leaf
_CLASSES = Ensemble(
    n_features=3,
    n_classes=3,
    feature=np.array([0, 2, 1, 0]),
    threshold=np.array([1.5, -3.25, 20.5, 7.0]),
    left=np.array([1, -1, -3, -4]),
    right=np.array([2, -2, 3, -5]),
    missing_left=np.array([True, False, False, True]),
    roots=np.array([0, -6]),
    leaf_start=np.array([0, 1, 3, 4, 6, 7, 10]),
    leaf_class=np.array([0, 0, 1, 1, 1, 2, 2, 0, 1, 2]),
    leaf_proportion=np.array([1, 1 / 3, 2 / 3, 1, 3 / 4, 1 / 4, 1, 1 / 6, 2 / 6, 3 / 6]),
    leaf_total=np.array([5.0, 3.0, 2.0, 4.0, 1.0, 6.0]),
    leaf_value=np.zeros(0),
)
_NONE = np.zeros(0, np.int64)
_VALUES = replace(
    _CLASSES,
    n_classes=0,
    leaf_start=np.zeros(7, np.int64),
    leaf_class=_NONE,
    leaf_proportion=np.zeros(0),
    leaf_total=np.zeros(6),
    leaf_value=np.array([-1.5, 0.1, 3.0, 1e-3, 250.0, 10.0]),
)
_LOG_ODDS = replace(_VALUES, n_classes=2, link=sums.SIGMOID, bases=np.array([0.0, -0.75]))
# One tree for each class.
_SCORES = replace(_VALUES, n_classes=2, link=sums.SOFTMAX, bases=np.array([0.5, -240.0]))
_LOGARITHM = replace(_VALUES, leaf_value=_VALUES.leaf_value / 100, link=sums.EXP, bases=np.array([0.25]))
_PATHS = replace(
    _LOG_ODDS, leaf_value=np.abs(_VALUES.leaf_value) / 100, link=sums.ISOLATION, bases=np.array([0.1, 0.0])
)
_MEDIAN = replace(_VALUES, link=sums.MEDIAN, bases=np.array([0.75, 0.5]))  # weights of the two trees
# A chain whose leaves are too many for the nodes of packed8.
_N = 140
_CHAIN = replace(
    _VALUES,
    feature=np.arange(_N) % 3,
    threshold=_N - np.arange(_N) // 3 + 0.5,
    left=np.append(np.arange(1, _N), -1),
    right=-2 - np.arange(_N),
    missing_left=np.arange(_N) % 5 == 0,
    roots=np.array([0]),
    leaf_start=np.zeros(_N + 2, np.int64),
    leaf_total=np.zeros(_N + 1),
    leaf_value=np.arange(_N + 1) - 7.0,
)
_ROWS = np.array([[1.5, 0, -3.25], [1.5000001, 20.5, 9], [8, 21, 0], [np.nan, 3, np.nan]], np.float32)
_CERTIFICATE = Certificate(
    estimator="RandomForestClassifier",
    dtype="float",
    leaf="counts",
    rows=100,
    agreeing=100,
    worst_row=7,
    worst_before=(0.25, 0.5, 0.25),
    worst_after=(0.25, 0.5, 0.25),
    max_error=1.5e-8,
    score="accuracy",
    score_before=0.97,
    score_after=0.97,
    auc_before=None,
    auc_after=None,
    nbytes=128,
    instructions={"armv6m": 420},
    environment={"python": "3.11.2"},
)


def document(ensemble, dtype, leaf="exact", labels=None, rows=None, certificate=None, packed8=False):
    counts = ensemble.n_features, ensemble.n_classes
    trees = layout(quantise(ensemble, dtype), encode(ensemble, leaf), *counts, labels, packed8)
    model = Model(Document(trees, certificate=certificate and certificate.to_json()))
    if rows is not None:
        model.golden = model.golden_of(rows)
    return model.document()


def linear(model, certificate=None):
    return of_tables(fix(model), certificate)


def of_tables(tables, certificate=None):
    made = Model(Document(tables, certificate=certificate and certificate.to_json()))
    made.golden = made.golden_of(np.nan_to_num(_ROWS))
    return made.document()


_COEF = np.array([[0.5, -1e-3, 300.0], [-0.25, 2e-3, 0.0], [0.1, 0.0, -299.0]])
_INTERCEPT = np.array([1.0, -2.5, 0.125])


# A diagonal, and the matrices that have it: triangular, then of two rows.
_DIAGONALS = np.array([[2.0, 0.25, 1.5], [1.0, 0.5, 1e-3]])
_MATRICES = np.stack([np.diag(d) + 0.125 * np.triu(np.ones((3, 3)), 1) for d in _DIAGONALS])


def gaussian(factors, output, **options):
    means = np.array([[1.5, 20.0, -3.0], [0.0, 0.0, 3.0]])[: 1 if output == Output.DECISION_VALUES else 2]
    constants = np.array([-1.5, 2.25])[: len(means)]
    return of_tables(fix_gaussian(GaussianModel(means, factors, constants, output, **options)))


def network(n_classes, last, hidden):
    first = Layer(np.concatenate((_COEF, _COEF[:1] * 2)) / 8, np.append(_INTERCEPT, 0), hidden)
    coef = np.array([[1.0, -0.5, 0.25, 2e-3], [0.0, 0.75, -1.5, 1e-3], [0.5, 0.5, 0.1, -0.1]]) / 16
    n_out = n_classes if last == Activation.SOFTMAX else 1 if n_classes else 2
    return Network((first, Layer(coef[:n_out], _INTERCEPT[:n_out], last)), n_classes)


_ITEMS = np.array([[1, 0, -4], [9, 21, 0], [9, 21, 3], [-32768, 32767, 12]], float)


def neighbors(targets, n_classes, metric, weights, int16=False, labels=None):
    k = n_classes if weights == Weights.NEAREST else 2
    items = _ITEMS[:k] if weights == Weights.NEAREST else _ITEMS if int16 else _ITEMS / 7
    tables = fix_items(NeighborsModel(items, np.array(targets), k, metric, weights, n_classes, labels), int16)
    made = Model(Document(tables))
    made.golden = made.golden_of(_ITEMS[1:].astype(np.int16) if int16 else np.nan_to_num(_ROWS))
    return made.document()


def kernel(kind, rule, vectors, n_classes, **options):
    n = len(vectors)
    sums = n_classes * (n_classes - 1) // 2 if n_classes > 2 else 1
    rows = 0 if kind == Kernels.LINEAR else max(n_classes - 1, 1)
    coef = np.array([[1.0, -0.5, 0.25, -0.75], [0.5, 2.0, -1.0, -3.0]])[:rows, :n]
    numbers = {"gamma": 0.125, "coef0": 0.5, "degree": 2, "n_classes": n_classes, "intercept": _INTERCEPT[:sums]}
    made = KernelModel(kind, rule, np.array(vectors), np.zeros(n), coef, rows=np.array(vectors), **numbers, **options)
    return of_tables(fix_kernel(made))


# Two features or three through every kind of step.
_CODES = Encode([np.array([1.5, 8.0], np.float32)] * 3, [-1.0] * 3, [np.nan, 2.0, np.inf])
_FILL = Fill(np.array([np.nan, -1.0, 0.0], np.float32), np.array([2.0, 0.5, 20.0], np.float32))
_LIMIT = np.ones(3, np.float32)
_FACTOR, _OFFSET = np.array([1.5, -40.0, 1e-3]), np.array([0.1, 7.0, 300.0])
_SCALE = Scale(np.array([2, 0, 1]), _FACTOR, _OFFSET, True, -_LIMIT, 9 * _LIMIT)

# Thresholds of these are integers.
_UNITS = np.array([[0.5, -1.0, 0.0], [2.0**-20, 1e-6, 3e-9]])
_INTEGERS = replace(_CLASSES, threshold=q.integers_to_float32(np.array([3e5, -8e8, 2.1e9, 5e6])).astype(np.float64))


def pipeline(steps, tables):
    joined = join(3, steps, replace(tables, labels=None), tables.labels)
    made = Model(Document(joined))
    made.golden = made.golden_of(np.nan_to_num(_ROWS))
    return made.document()


def documents():
    """{name: Document}"""
    weighted = replace(_CLASSES, leaf_proportion=np.array([1, 0.3, 0.7, 1, 0.1**0.5, 1 - 0.1**0.5, 1, 0.2, 0.3, 0.5]))
    labels = ("sitting", "back\\slash, line\nbreak\r", 7)
    return {
        "hard_int16": document(_CLASSES, ir.DTYPE_INT16, "hard", rows=np.array([[1, 0, -4], [9, 21, 0]], np.int16)),
        "counts_float": document(_CLASSES, ir.DTYPE_FLOAT, labels=labels, rows=_ROWS, certificate=_CERTIFICATE),
        "weighted_float": document(weighted, ir.DTYPE_FLOAT, rows=_ROWS),
        "uint8_scaled": document(_CLASSES, ir.DTYPE_SCALED, "uint8", labels=(-3, 5, 10**12), rows=_ROWS),
        "value_float": document(_VALUES, ir.DTYPE_FLOAT, rows=_ROWS),
        "value_int16": document(_VALUES, ir.DTYPE_INT16, rows=np.array([[1, 0, -4], [9, 21, 0]], np.int16)),
        "leaf_elements": document(replace(_CLASSES, n_features=16384), ir.DTYPE_INT16),
        "counts_wide": document(replace(_CLASSES, n_features=16385), ir.DTYPE_FLOAT),
        "packed8_int16": document(
            _CLASSES, ir.DTYPE_INT16, "hard", labels, np.array([[1, 0, -4], [9, 21, 0]], np.int16), packed8=True
        ),
        "packed8_float": document(_CLASSES, ir.DTYPE_FLOAT, rows=_ROWS, certificate=_CERTIFICATE, packed8=True),
        "packed8_scaled": document(_CLASSES, ir.DTYPE_SCALED, "uint8", rows=_ROWS, packed8=True),
        "packed8_slots": document(replace(_CLASSES, n_features=300), ir.DTYPE_INT16, packed8=True),
        "packed8_far": document(_CHAIN, ir.DTYPE_FLOAT, packed8=True),
        "sum_log_odds": document(_LOG_ODDS, ir.DTYPE_FLOAT, labels=("no", "yes"), rows=_ROWS),
        "sum_scores": document(_SCORES, ir.DTYPE_INT16, rows=np.array([[1, 0, -4], [9, 21, 0]], np.int16)),
        "sum_logarithm": document(_LOGARITHM, ir.DTYPE_SCALED, rows=_ROWS),
        "sum_paths": document(_PATHS, ir.DTYPE_FLOAT, labels=(-1, 1), rows=_ROWS),
        "sum_median": document(_MEDIAN, ir.DTYPE_FLOAT, rows=_ROWS),
        "linear_softmax": linear(
            LinearModel(_COEF, _INTERCEPT, 3, Link.SOFTMAX, ("sitting", "back\\slash, line\nbreak\r", 7)), _CERTIFICATE
        ),
        "linear_sigmoid": linear(LinearModel(_COEF[:1], _INTERCEPT[:1], 2, Link.SIGMOID)),
        "linear_ovr": linear(LinearModel(_COEF / 64, _INTERCEPT, 3, Link.OVR)),
        "linear_values": linear(LinearModel(_COEF[:2], _INTERCEPT[:2])),
        "net_float": of_tables(fix_net(network(3, Activation.SOFTMAX, Activation.RELU), Kind.INT32), _CERTIFICATE),
        "net_int16": of_tables(fix_net(network(0, Activation.EXP, Activation.TANH), Kind.INT16)),
        "net_int8": of_tables(fix_net(network(2, Activation.SIGMOID, Activation.SIGMOID), Kind.INT8)),
        "bayes_diagonal": gaussian(_DIAGONALS, Output.PROBABILITIES, labels=("no", "yes")),
        "mixture_full": gaussian(_MATRICES, Output.PROBABILITIES_AND_SCORE),
        "mixture_tied": gaussian(_MATRICES[:1, :2], Output.PROBABILITIES_AND_SCORE),
        "mixture_envelope": gaussian(_MATRICES[:1], Output.DECISION_VALUES, labels=(-1, 1)),
        "knn_int16": neighbors([0, 2, 1, 0], 3, Metric.EUCLIDEAN, Weights.UNIFORM, True, ("a", "b\\\n", -7)),
        "knn_float": neighbors([0, 1, 1, 0], 2, Metric.MANHATTAN, Weights.DISTANCE),
        "knn_values": neighbors([0.25, -3.0, 1e-3, 7.0], 0, Metric.CHEBYSHEV, Weights.DISTANCE),
        "knn_centroids": neighbors([0, 1, 2], 3, Metric.EUCLIDEAN, Weights.NEAREST),
        "kernel_linear": kernel(Kernels.LINEAR, Rule.OVO, _COEF, 3, labels=("no", "back\\slash\n", 7)),
        "kernel_rbf": kernel(
            Kernels.RBF, Rule.PLATT, _ITEMS[:3] / 7, 2, platt=np.array([[-1.5], [0.25]]), labels=("no", "yes")
        ),
        "kernel_poly": kernel(Kernels.POLY, Rule.OVR, _ITEMS, 3, sizes=np.array([2, 1, 1])),
        "kernel_coupled": kernel(
            Kernels.RBF, Rule.OVR_COUPLED, _ITEMS, 3, sizes=np.array([2, 1, 1]), platt=_COEF[:2] * [[-1.0], [0.5]]
        ),
        "kernel_sigmoid": kernel(Kernels.SIGMOID, Rule.VALUE, _COEF, 0),
        "pipeline_linear": pipeline(
            [_FILL, _SCALE], fix(LinearModel(_COEF, _INTERCEPT, 3, Link.SOFTMAX, ("sitting", "back\\slash\n", 7)))
        ),
        "pipeline_trees": pipeline([_CODES, Matrix(_COEF, _INTERCEPT)], document(_CLASSES, ir.DTYPE_FLOAT).tables),
        "pipeline_integers": pipeline([Matrix(_COEF, _INTERCEPT, _UNITS)], document(_INTEGERS, ir.DTYPE_FLOAT).tables),
        "value_wide": document(replace(_VALUES, n_features=16385), ir.DTYPE_INT16),
    }


def main():
    for name, each in documents().items():
        for suffix, write in FORMATS.items():
            (FOLDER / f"{name}{suffix}").write_bytes(write(each))


if __name__ == "__main__":
    main()
