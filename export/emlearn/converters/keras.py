"""Chains of dense layers of Keras 3 -> `Network`. Keras is not imported: layers tell their config and weights."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._registry import converts, refers
from ..errors import ConvertError
from ..ir.cnn import Source
from ..ir.net import Activation, Network
from . import keras_cnn
from ._chain import Chain, as_estimator

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
def convert(model: Any) -> Network | Source:
    """Convert a chain of dense layers, `Chain.network` says what is a classifier; or what has convolutions."""
    if not getattr(model, "built", False):
        raise ConvertError(f"this {type(model).__name__} has no weights yet; add an Input layer, or call it once")
    if isinstance(model.input_shape, (list, dict)) or isinstance(model.output_shape, (list, dict)):
        raise ConvertError("models of several inputs or outputs are not supported; use a chain of layers")
    if keras_cnn.is_convolutional(model):
        return keras_cnn.source(model)
    shape = tuple(model.input_shape[1:])
    if None in shape:
        raise ConvertError(f"an input of shape {shape} has no fixed number of features")
    chain, flat, previous = Chain(int(np.prod(shape))), len(shape) == 1, None
    for layer in model.layers:
        if previous is not None and layer.input is not previous.output:
            raise ConvertError(f"layer {layer.name!r} does not follow {previous.name!r}; only chains are supported")
        previous = layer
        flat = _add(chain, layer, flat)
    return chain.network()


def _add(chain: Chain, layer: Any, flat: bool) -> bool:
    """Add a layer, and tell whether its outputs have a single dimension."""
    kind, config = type(layer).__name__, layer.get_config()
    if kind in NOTHING:
        return flat
    if kind == "Flatten" and config.get("data_format") != "channels_first":
        return True
    if not flat and kind in ("Dense", "BatchNormalization", "Softmax"):
        raise ConvertError(f"{kind} on an input of several dimensions is not supported; put Flatten before it")
    if kind == "Dense":
        kernel, *bias = (np.asarray(weights, np.float64) for weights in layer.get_weights())
        chain.dense(kernel.T, bias[0] if bias else None, _activation(config["activation"]))
    elif kind == "BatchNormalization":
        *trained, mean, variance = layer.get_weights()
        gamma = trained[0] if config["scale"] else None
        beta = trained[int(config["scale"])] if config["center"] else None
        chain.normalise(mean, variance, config["epsilon"], gamma, beta)
    elif kind == "Activation":
        chain.activate(_activation(config["activation"]))
    elif kind == "ReLU":
        if config["max_value"] is not None or config["negative_slope"] or config["threshold"]:
            raise ConvertError("max_value, negative_slope or threshold of ReLU is not supported; leave it out")
        chain.activate(Activation.RELU)
    elif kind == "Softmax":
        chain.activate(Activation.SOFTMAX)
    else:
        known = ", ".join(("Dense, Activation, ReLU, Softmax, BatchNormalization, Flatten", *NOTHING))
        raise ConvertError(f"layer {kind} is not supported; supported: {known}")
    return flat


def _activation(name: Any) -> Activation:
    if name not in ACTIVATIONS:
        raise ConvertError(f"activation {name!r} is not supported; use one of {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[name]


@refers("keras.Sequential", "keras.Functional")
def reference(model: Any) -> Any:
    """Return the model as an estimator to compare with."""

    def outputs(X: NDArray[Any]) -> NDArray[Any]:
        rows = np.asarray(X, np.float32).reshape(len(X), *model.input_shape[1:])
        return np.asarray(model.predict(rows, verbose=0)).reshape(len(X), -1)

    network = convert(model)
    assert isinstance(network, Network)  # what has convolutions, `CnnModel` compares itself
    return as_estimator(network, outputs)
