"""Networks of scikit-learn -> `Network`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from .._registry import converts
from ..errors import ConvertError
from ..ir.net import Activation, Layer, Network
from .common import check_fitted, class_labels
from .pipeline import Affine, folds

ACTIVATIONS = {
    "identity": Activation.IDENTITY,
    "relu": Activation.RELU,
    "logistic": Activation.SIGMOID,
    "tanh": Activation.TANH,
    "exp": Activation.EXP,  # of the outputs of MLPRegressor(loss="poisson")
    "softmax": Activation.SOFTMAX,
}


@converts("sklearn.neural_network.MLPClassifier")
def convert_classifier(estimator: Any) -> Network:
    """Convert a classifier of two classes or more."""
    check_fitted(estimator, "coefs_")
    classes = np.asarray(estimator.classes_)
    if estimator.out_activation_ == "logistic" and estimator.n_outputs_ > 1:
        raise ConvertError("this MLPClassifier predicts several labels; train one for each")
    if len(classes) < 2:
        raise ConvertError("this MLPClassifier knows a single class; train it on two or more")
    return Network(_layers(estimator), len(classes), class_labels(classes), classes)


@converts("sklearn.neural_network.MLPRegressor")
def convert_regressor(estimator: Any) -> Network:
    """Convert a regressor of one value or several."""
    check_fitted(estimator, "coefs_")
    return Network(_layers(estimator))


@folds
def _fold(model: Network, affine: Affine) -> Network:
    first = model.layers[0]
    coef, intercept = first.coef @ affine.matrix, first.intercept + first.coef @ affine.offset
    return replace(model, layers=(replace(first, coef=coef, intercept=intercept), *model.layers[1:]))


def _layers(estimator: Any) -> tuple[Layer, ...]:
    hidden, last = (ACTIVATIONS.get(name) for name in (estimator.activation, estimator.out_activation_))
    if hidden is None or last is None:
        name = estimator.activation if hidden is None else estimator.out_activation_
        raise ConvertError(f"activation={name!r} is not supported; use one of {', '.join(ACTIVATIONS)}")
    weights = list(zip(estimator.coefs_, estimator.intercepts_, strict=True))
    return tuple(
        Layer(np.asarray(w, np.float64).T.copy(), np.asarray(b, np.float64), last if w is weights[-1][0] else hidden)
        for w, b in weights
    )
