"""What libraries of neural networks have in common: layers one after the other, joined into a `Network`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ConvertError
from ..ir.net import Activation, Layer, Network


class Chain:
    """The layers so far, and a factor and an offset for each of their outputs that no layer has taken up yet."""

    def __init__(self, n_features: int) -> None:
        self._layers: list[Layer] = []
        self._factor, self._offset = np.ones(n_features), np.zeros(n_features)

    def dense(self, weights: Any, bias: Any, activation: Activation = Activation.IDENTITY) -> None:
        """Add a layer. weights: [outputs][inputs]; bias: [outputs], or None."""
        matrix = np.asarray(weights, np.float64)
        if matrix.shape[1] != len(self._factor):
            raise ConvertError(f"a dense layer takes {matrix.shape[1]} inputs, but gets {len(self._factor)}")
        intercept = matrix @ self._offset
        if bias is not None:
            intercept = intercept + np.asarray(bias, np.float64)
        self._append(Layer(matrix * self._factor, intercept, activation))

    def normalise(self, mean: Any, variance: Any, epsilon: float, gamma: Any, beta: Any) -> None:
        """Add batch normalisation, as it is after training. gamma, beta: [inputs], or None."""
        factor = (1.0 if gamma is None else np.asarray(gamma, np.float64)) / np.sqrt(
            np.asarray(variance, np.float64) + epsilon
        )
        shift = 0.0 if beta is None else np.asarray(beta, np.float64)
        if self._layers and self._layers[-1].activation == Activation.IDENTITY:
            last = self._layers[-1]
            intercept = (last.intercept - mean) * factor + shift
            self._layers[-1] = Layer(last.coef * factor[:, None], intercept, Activation.IDENTITY)
        else:
            self._factor, self._offset = self._factor * factor, (self._offset - mean) * factor + shift

    def activate(self, activation: Activation) -> None:
        """Let the last layer do it if nothing is between, else one that does nothing else."""
        if self._layers and self._layers[-1].activation == Activation.IDENTITY and not self._pending():
            self._layers[-1] = replace(self._layers[-1], activation=activation)
        else:
            self._append(Layer(np.diag(self._factor), self._offset, activation))

    def network(self) -> Network:
        """Return the network.

        With softmax last it is a classifier, as with a single output after sigmoid: of two classes, whose second one
        has that probability. Anything else is a regression of one value or several. Classes are 0, 1, 2...
        """
        if self._pending() or not self._layers:
            self.activate(Activation.IDENTITY)
        last = self._layers[-1]
        if any(layer.activation == Activation.SOFTMAX for layer in self._layers[:-1]):
            raise ConvertError("softmax is supported as the last activation only")
        n_out = len(last.coef)
        if last.activation == Activation.SOFTMAX and n_out == 1:
            raise ConvertError("softmax of a single output is always 1; use sigmoid")
        n_classes = n_out if last.activation == Activation.SOFTMAX else 0
        if last.activation == Activation.SIGMOID and n_out == 1:
            n_classes = 2
        return Network(tuple(self._layers), n_classes, classes=np.arange(n_classes) if n_classes else None)

    def _append(self, layer: Layer) -> None:
        self._layers.append(layer)
        self._factor, self._offset = np.ones(len(layer.coef)), np.zeros(len(layer.coef))

    def _pending(self) -> bool:
        return bool(np.any(self._factor != 1.0) or np.any(self._offset != 0.0))


Outputs = Callable[[NDArray[Any]], NDArray[Any]]


class _Values:
    """A network's outputs with scikit-learn's methods."""

    def __init__(self, outputs: Outputs) -> None:
        self._outputs = outputs

    def predict(self, X: NDArray[Any]) -> NDArray[Any]:
        outputs = self._outputs(X)
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs


class _Classes:
    def __init__(self, outputs: Outputs, n_classes: int) -> None:
        self._outputs = outputs
        self.classes_ = np.arange(n_classes)

    def predict_proba(self, X: NDArray[Any]) -> NDArray[Any]:
        outputs = self._outputs(X)
        return np.concatenate((1.0 - outputs, outputs), axis=1) if outputs.shape[1] == 1 else outputs

    def predict(self, X: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(np.argmax(self.predict_proba(X), axis=1))


def as_estimator(network: Network, outputs: Outputs) -> _Values | _Classes:
    """Return what is compared with the converted network. outputs: rows of features to rows of outputs."""
    return _Classes(outputs, network.n_classes) if network.n_classes else _Values(outputs)
