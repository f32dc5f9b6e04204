"""Sequential chains of linear layers of PyTorch -> `Network`. PyTorch is not imported."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._registry import converts, refers
from ..errors import ConvertError
from ..ir.cnn import Source
from ..ir.net import Activation, Network
from . import torch_cnn
from ._chain import Chain, as_estimator
from .torch_cnn import array

ACTIVATIONS = {
    "Identity": Activation.IDENTITY,
    "ReLU": Activation.RELU,
    "Sigmoid": Activation.SIGMOID,
    "Tanh": Activation.TANH,
    "Softmax": Activation.SOFTMAX,
}
CHUNK = 64  # rows at a time, which are lists of numbers in between
NOTHING = ("Dropout", "AlphaDropout", "FeatureAlphaDropout", "Flatten")


@converts("torch.nn.Sequential")
def convert(model: Any) -> Network | Source:
    """Convert a chain of linear layers, or one with convolutions or pooling, as it is in evaluation mode.

    `Chain.network` says what is a classifier.

    Logits stay values: end the chain in `Softmax(dim=1)`, or in `Sigmoid` for two classes, to have a classifier.
    """
    layers = list(_layers(model))
    if any("Conv" in type(layer).__name__ or "Pool" in type(layer).__name__ for layer in layers):
        if not list(model.parameters()):
            raise ConvertError("this Sequential has no weights; add a layer that has some")
        return torch_cnn.source(layers, _outputs(model))
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
        chain.dense(array(layer.weight), array(layer.bias))
    elif kind == "BatchNorm1d":
        if layer.running_mean is None:
            raise ConvertError("BatchNorm1d(track_running_stats=False) depends on the batch; leave it at True")
        chain.normalise(
            array(layer.running_mean), array(layer.running_var), layer.eps, array(layer.weight), array(layer.bias)
        )
    elif kind in ACTIVATIONS:
        chain.activate(ACTIVATIONS[kind])
    elif kind not in NOTHING:
        known = ", ".join(("Linear", "BatchNorm1d", *ACTIVATIONS, *NOTHING))
        raise ConvertError(f"layer {kind} is not supported; supported: {known}")


def _outputs(model: Any) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """Return what predicts rows, whatever mode the model is in."""

    def outputs(X: NDArray[Any]) -> NDArray[Any]:
        training = model.training
        model.eval()
        try:
            first, found = next(iter(model.parameters())), list[Any]()
            for start in range(0, len(X), CHUNK):
                rows = first.new_tensor(np.asarray(X[start : start + CHUNK], np.float32).tolist()).to(first.dtype)
                found += model(rows).detach().cpu().tolist()
            return np.asarray(found).reshape(len(X), -1)
        finally:
            model.train(training)

    return outputs


@refers("torch.nn.Sequential")
def reference(model: Any) -> Any:
    """Return the chain of linear layers as an estimator to compare with."""
    network = convert(model)
    assert isinstance(network, Network)  # what has convolutions, `CnnModel` compares itself
    return as_estimator(network, _outputs(model))
