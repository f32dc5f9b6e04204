"""Chains of dense layers of Keras 3 -> `Network`. Keras is not imported: layers tell their config and weights."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._registry import converts, refers
from ..errors import ConvertError
from ..ir.net import Activation, Layer, Network

ACTIVATIONS = {
    "linear": Activation.IDENTITY,
    "relu": Activation.RELU,
    "sigmoid": Activation.SIGMOID,
    "tanh": Activation.TANH,
    "exponential": Activation.EXP,
    "softmax": Activation.SOFTMAX,
}
NOTHING = ("InputLayer", "Dropout", "GaussianDropout", "AlphaDropout", "GaussianNoise", "ActivityRegularization")


@converts("keras.Sequential", "keras.Functional")
def convert(model: Any) -> Network:
    """Convert a chain of dense layers.

    With softmax last it is a classifier, as with a single output after sigmoid: of two classes, whose second one has
    that probability. Anything else is a regression of one value or several. Classes are 0, 1, 2...
    """
    layers = _Chain(model).layers
    last = layers[-1]
    if any(layer.activation == Activation.SOFTMAX for layer in layers[:-1]):
        raise ConvertError("softmax is supported as the last activation only")
    n_out = len(last.coef)
    if last.activation == Activation.SOFTMAX and n_out == 1:
        raise ConvertError("softmax of a single output is always 1; use sigmoid")
    n_classes = n_out if last.activation == Activation.SOFTMAX else 0
    if last.activation == Activation.SIGMOID and n_out == 1:
        n_classes = 2
    return Network(tuple(layers), n_classes, classes=np.arange(n_classes) if n_classes else None)


class _Chain:
    """The layers so far, and a factor and an offset for each of their outputs that no layer has taken up yet."""

    def __init__(self, model: Any) -> None:
        self.layers: list[Layer] = []
        if not getattr(model, "built", False):
            raise ConvertError(f"this {type(model).__name__} has no weights yet; add an Input layer, or call it once")
        if isinstance(model.input_shape, (list, dict)) or isinstance(model.output_shape, (list, dict)):
            raise ConvertError("models of several inputs or outputs are not supported; use a chain of layers")
        shape = tuple(model.input_shape[1:])
        if None in shape:
            raise ConvertError(f"an input of shape {shape} has no fixed number of features")
        self.flat = len(shape) == 1
        self.n = int(np.prod(shape))
        self.factor, self.offset = np.ones(self.n), np.zeros(self.n)
        previous = None
        for layer in model.layers:
            if previous is not None and layer.input is not previous.output:
                raise ConvertError(f"layer {layer.name!r} does not follow {previous.name!r}; only chains are supported")
            previous = layer
            self._add(layer)
        if self._pending() or not self.layers:
            self._activate(Activation.IDENTITY)

    def _add(self, layer: Any) -> None:
        kind, config = type(layer).__name__, layer.get_config()
        if kind in NOTHING:
            return
        if kind == "Flatten" and config.get("data_format") != "channels_first":
            self.flat = True
            return
        if not self.flat and kind in ("Dense", "BatchNormalization", "Softmax"):
            raise ConvertError(f"{kind} on an input of several dimensions is not supported; put Flatten before it")
        if kind == "Dense":
            self._dense(layer, config)
        elif kind == "BatchNormalization":
            self._normalise(layer, config)
        elif kind == "Activation":
            self._activate(_activation(config["activation"]))
        elif kind == "ReLU":
            if config["max_value"] is not None or config["negative_slope"] or config["threshold"]:
                raise ConvertError("max_value, negative_slope or threshold of ReLU is not supported; leave it out")
            self._activate(Activation.RELU)
        elif kind == "Softmax":
            self._activate(Activation.SOFTMAX)
        else:
            known = ", ".join(("Dense, Activation, ReLU, Softmax, BatchNormalization, Flatten", *NOTHING))
            raise ConvertError(f"layer {kind} is not supported; supported: {known}")

    def _dense(self, layer: Any, config: dict[str, Any]) -> None:
        kernel, *bias = (np.asarray(weights, np.float64) for weights in layer.get_weights())
        coef = kernel.T * self.factor
        intercept = kernel.T @ self.offset + (bias[0] if bias else 0.0)
        self._append(Layer(coef, intercept, _activation(config["activation"])))

    def _normalise(self, layer: Any, config: dict[str, Any]) -> None:
        weights = [np.asarray(each, np.float64) for each in layer.get_weights()]
        *_, mean, variance = weights
        factor = (weights[0] if config["scale"] else 1.0) / np.sqrt(variance + config["epsilon"])
        beta = weights[int(config["scale"])] if config["center"] else 0.0
        if self.layers and self.layers[-1].activation == Activation.IDENTITY:
            last = self.layers[-1]
            intercept = (last.intercept - mean) * factor + beta
            self.layers[-1] = Layer(last.coef * factor[:, None], intercept, Activation.IDENTITY)
        else:
            self.factor, self.offset = self.factor * factor, (self.offset - mean) * factor + beta

    def _activate(self, activation: Activation) -> None:
        """Let the last layer do it if nothing is between, else one that does nothing else."""
        if self.layers and self.layers[-1].activation == Activation.IDENTITY and not self._pending():
            self.layers[-1] = replace(self.layers[-1], activation=activation)
        else:
            self._append(Layer(np.diag(self.factor), self.offset, activation))

    def _append(self, layer: Layer) -> None:
        self.layers.append(layer)
        self.factor, self.offset = np.ones(len(layer.coef)), np.zeros(len(layer.coef))

    def _pending(self) -> bool:
        return bool(np.any(self.factor != 1.0) or np.any(self.offset != 0.0))


def _activation(name: Any) -> Activation:
    if name not in ACTIVATIONS:
        raise ConvertError(f"activation {name!r} is not supported; use one of {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[name]


class _Values:
    """A Keras model with scikit-learn's methods, on rows of features."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def _outputs(self, X: NDArray[Any]) -> NDArray[Any]:
        rows = np.asarray(X, np.float32).reshape(len(X), *self._model.input_shape[1:])
        return np.asarray(self._model.predict(rows, verbose=0)).reshape(len(X), -1)

    def predict(self, X: NDArray[Any]) -> NDArray[Any]:
        outputs = self._outputs(X)
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs


class _Classes(_Values):
    def __init__(self, model: Any, n_classes: int) -> None:
        super().__init__(model)
        self.classes_ = np.arange(n_classes)

    def predict_proba(self, X: NDArray[Any]) -> NDArray[Any]:
        outputs = self._outputs(X)
        return np.concatenate((1.0 - outputs, outputs), axis=1) if outputs.shape[1] == 1 else outputs

    def predict(self, X: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(np.argmax(self.predict_proba(X), axis=1))


@refers("keras.Sequential", "keras.Functional")
def reference(model: Any) -> _Values:
    """Return the model as an estimator to compare with."""
    n_classes = convert(model).n_classes
    return _Classes(model, n_classes) if n_classes else _Values(model)
