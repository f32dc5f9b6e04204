"""Support vector machines of scikit-learn -> `KernelModel`; regression with a linear kernel -> `LinearModel`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._registry import converts
from ..errors import ConvertError
from ..ir.kernel import MAX_DEGREE, KernelModel, Kind, Rule
from ..ir.linear import LinearModel
from .common import check_fitted, class_labels
from .pipeline import Affine, folds

_NOISE = 2.0**-50
_KINDS = {"linear": Kind.LINEAR, "rbf": Kind.RBF, "poly": Kind.POLY, "sigmoid": Kind.SIGMOID}


@converts("sklearn.svm.SVC", "sklearn.svm.NuSVC")
def convert_classifier(estimator: Any) -> KernelModel:
    """Convert a classifier. With probability=True it has probabilities."""
    check_fitted(estimator, "support_vectors_")
    classes = np.asarray(estimator.classes_)
    names: dict[str, Any] = {"n_classes": len(classes), "labels": class_labels(classes), "classes": classes}
    one_against_rest = estimator.decision_function_shape == "ovr"
    has_probabilities = estimator.probability is True or estimator.probability == 1
    if len(classes) == 2:
        # libsvm's decision value is positive for the first class; scikit-learn turns its sign, the binary one's only.
        model = _model(estimator, Rule.PLATT if has_probabilities else Rule.BINARY, -1.0)
        if has_probabilities:
            model = replace(model, platt=_platt(estimator) * [[-1.0], [1.0]])
        return replace(model, **names)
    if estimator.break_ties and not one_against_rest:
        raise ConvertError("break_ties=True goes with decision_function_shape='ovr', as scikit-learn's predict says")
    rule = Rule.BREAK_TIES if estimator.break_ties else Rule.OVR if one_against_rest else Rule.OVO
    if not has_probabilities:
        return replace(_model(estimator, rule, 1.0), **names)
    return replace(_model(estimator, Rule(rule + Rule.OVO_COUPLED - Rule.OVO), 1.0), platt=_platt(estimator), **names)


@converts("sklearn.svm.OneClassSVM")
def convert_outliers(estimator: Any) -> KernelModel:
    """Convert a detector of outliers, whose classes are -1 and 1."""
    check_fitted(estimator, "support_vectors_")
    classes = np.array([-1, 1])
    model = _model(estimator, Rule.OUTLIER, 1.0)
    return replace(model, n_classes=2, labels=class_labels(classes), classes=classes)


@converts("sklearn.svm.SVR", "sklearn.svm.NuSVR")
def convert_regressor(estimator: Any) -> KernelModel | LinearModel:
    """Convert a regressor."""
    check_fitted(estimator, "support_vectors_")
    model = _model(estimator, Rule.VALUE, 1.0)
    return LinearModel(model.vectors, model.intercept) if model.kernel == Kind.LINEAR else model


@folds
def _fold(model: KernelModel, affine: Affine) -> KernelModel | None:
    matrix = affine.matrix
    rows = (model.rows - affine.offset) @ np.linalg.pinv(matrix).T
    if model.kernel != Kind.RBF:
        offset = model.offset + model.vectors @ affine.offset
        return replace(model, vectors=model.vectors @ matrix, offset=offset, rows=rows)
    square = matrix.T @ matrix
    factor = float(np.mean(np.diag(square)))
    alike = np.all(np.abs(square - factor * np.eye(len(square))) <= 1e-12 * factor)
    if matrix.shape[0] != matrix.shape[1] or not alike:
        return None  # distances would need a matrix
    vectors = (model.vectors - affine.offset) @ matrix / factor
    return replace(model, vectors=vectors, gamma=model.gamma * factor, rows=rows)


def _model(estimator: Any, rule: Rule, sign: float) -> KernelModel:
    """Make the model of all but classes. sign: of libsvm's coefficients."""
    name = type(estimator).__name__
    if callable(estimator.kernel) or estimator.kernel not in _KINDS:
        given = "as a function" if callable(estimator.kernel) else repr(estimator.kernel)
        supported = "'linear', 'poly' and 'sigmoid'"
        raise ConvertError(f"kernel={given} of {name} is not supported; the nearest is 'rbf', others {supported}")
    kernel = _KINDS[estimator.kernel]
    degree = int(estimator.degree)
    if kernel == Kind.POLY and not 0 <= degree <= MAX_DEGREE:
        nearest = max(0, min(degree, MAX_DEGREE))
        raise ConvertError(f"degree={degree} of {name} is not supported; the nearest is degree={nearest}")
    vectors = _dense(estimator.support_vectors_).reshape(-1, int(estimator.n_features_in_))
    sizes = np.asarray(estimator.n_support_, np.int64) if rule >= Rule.OVO else None
    coef = sign * _dense(estimator._dual_coef_).reshape(1 if sizes is None else len(sizes) - 1, len(vectors))
    intercept = sign * np.asarray(estimator._intercept_, np.float64).reshape(-1)
    model = KernelModel(
        kernel=kernel,
        rule=rule,
        vectors=vectors,
        offset=np.zeros(len(vectors)),
        coef=coef,
        intercept=intercept,
        rows=vectors,
        gamma=float(estimator._gamma),
        coef0=float(estimator.coef0),
        degree=degree,
        sizes=sizes,
    )
    return _added_up(model) if kernel == Kind.LINEAR else model


def _added_up(model: KernelModel) -> KernelModel:
    """Replace the support vectors of a linear kernel by one sum for each decision value."""
    coef = model.coef
    if model.sizes is not None:  # to one row a pair
        ends = np.cumsum(model.sizes)
        of = [slice(end - size, end) for end, size in zip(ends, model.sizes, strict=True)]
        pairs = [(i, j) for i in range(len(of)) for j in range(i + 1, len(of))]
        coef = np.zeros((len(pairs), len(model.vectors)))
        for row, (i, j) in zip(coef, pairs, strict=True):
            row[of[i]], row[of[j]] = model.coef[j - 1, of[i]], model.coef[i, of[j]]
    vectors = coef @ model.vectors
    vectors[np.abs(vectors) <= _NOISE * (np.abs(coef) @ np.abs(model.vectors))] = 0.0  # what rounding leaves of a 0
    n = len(vectors)
    none: dict[str, Any] = {"coef": np.zeros((0, n)), "sizes": None, "gamma": 1.0, "coef0": 0.0, "degree": 1}
    return replace(model, vectors=vectors, offset=np.zeros(n), **none)


def _platt(estimator: Any) -> NDArray[np.float64]:
    return np.array([estimator._probA, estimator._probB], np.float64)


def _dense(matrix: Any) -> NDArray[np.float64]:
    return np.asarray(matrix.toarray() if hasattr(matrix, "toarray") else matrix, np.float64)
