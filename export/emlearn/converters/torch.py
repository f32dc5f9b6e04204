"""Sequential chains of linear layers of PyTorch -> `Network`. PyTorch is not imported."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._registry import converts, refers
from ..errors import ConvertError
from ..ir.net import Activation, Network
from ._chain import Chain, as_estimator

ACTIVATIONS = {
    "Identity": Activation.IDENTITY,
    "ReLU": Activation.RELU,
    "Sigmoid": Activation.SIGMOID,
    "Tanh": Activation.TANH,
    "Softmax": Activation.SOFTMAX,
}
NOTHING = ("Dropout", "AlphaDropout", "FeatureAlphaDropout", "Flatten")


@converts("torch.nn.Sequential")
def convert(model: Any) -> Network:
    """Convert a chain of linear layers, as it is in evaluation mode; `Chain.network` says what is a classifier.

    Logits stay values: end the chain in `Softmax(dim=1)`, or in `Sigmoid` for two classes, to have a classifier.
    """
    layers = list(_layers(model))
    first = next((layer for layer in layers if type(layer).__name__ in ("Linear", "BatchNorm1d")), None)
    if first is None:
        raise ConvertError("this Sequential has no Linear layer")
    chain = Chain(int(getattr(first, "in_features", 0) or first.num_features))
    for layer in layers:
        _add(chain, layer)
    return chain.network()


def _layers(model: Any) -> Iterator[Any]:
    """Layers in their order, nested chains opened."""
    for layer in model:
        if type(layer).__name__ == "Sequential":
            yield from _layers(layer)
        else:
            yield layer


def _add(chain: Chain, layer: Any) -> None:
    kind = type(layer).__name__
    if kind == "Flatten" and (layer.start_dim, layer.end_dim) != (1, -1):
        raise ConvertError("Flatten of some dimensions is not supported; use Flatten()")
    if kind == "Softmax" and layer.dim not in (1, -1):
        raise ConvertError(f"Softmax(dim={layer.dim}) is not over the outputs; use Softmax(dim=1)")
    if kind == "Linear":
        chain.dense(_array(layer.weight), _array(layer.bias))
    elif kind == "BatchNorm1d":
        if layer.running_mean is None:
            raise ConvertError("BatchNorm1d(track_running_stats=False) depends on the batch; leave it at True")
        chain.normalise(
            _array(layer.running_mean), _array(layer.running_var), layer.eps, _array(layer.weight), _array(layer.bias)
        )
    elif kind in ACTIVATIONS:
        chain.activate(ACTIVATIONS[kind])
    elif kind not in NOTHING:
        known = ", ".join(("Linear", "BatchNorm1d", *ACTIVATIONS, *NOTHING))
        raise ConvertError(f"layer {kind} is not supported; supported: {known}")


def _array(tensor: Any) -> NDArray[np.float64] | None:
    return None if tensor is None else np.asarray(tensor.detach().cpu().tolist(), np.float64)


@refers("torch.nn.Sequential")
def reference(model: Any) -> Any:
    """Return the chain as an estimator to compare with, whatever mode it is in."""

    def outputs(X: NDArray[Any]) -> NDArray[Any]:
        training = model.training
        model.eval()
        try:
            first = next(iter(model.parameters()))
            rows = first.new_tensor(np.asarray(X, np.float32).tolist()).to(first.dtype)
            return np.asarray(model(rows).detach().cpu().tolist()).reshape(len(X), -1)
        finally:
            model.train(training)

    return as_estimator(convert(model), outputs)
