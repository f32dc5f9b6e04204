"""Convolutional chains of PyTorch: the same numbers, in float32 and int8, for inputs as PyTorch takes them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import emlearn

CHAINS = {
    "classes": (
        (1, 8, 8),
        lambda: [
            *[nn.Conv2d(1, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.2)],
            *[nn.Conv2d(6, 8, 3, padding="same", bias=False), nn.MaxPool2d(2), nn.ReLU6(), nn.Flatten()],
            *[nn.Linear(32, 9), nn.BatchNorm1d(9), nn.ReLU(), nn.Linear(9, 5), nn.Softmax(dim=1)],
        ],
    ),
    "order": (
        (3, 5, 7),
        lambda: [nn.Conv2d(3, 4, 2), nn.Flatten(), nn.BatchNorm1d(96), nn.ReLU(), nn.Linear(96, 3)],
    ),
    "depthwise": (
        (3, 8, 7),
        lambda: [
            *[nn.Conv2d(3, 6, 3, stride=2, padding=(1, 0), groups=3), nn.ReLU6(), nn.Conv2d(6, 4, 1), nn.Identity()],
            *[nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 1), nn.Sigmoid()],
        ],
    ),
    "pools": (
        (2, 11, 12),
        lambda: [
            *[nn.Conv2d(2, 4, (2, 3)), nn.MaxPool2d(3, 2, padding=1, ceil_mode=True), nn.ReLU()],
            *[nn.AvgPool2d(2, 1, padding=1, count_include_pad=False), nn.Conv2d(4, 3, 1)],
            *[nn.AdaptiveAvgPool2d((1, None)), nn.Flatten(), nn.Linear(21, 2)],
        ],
    ),
    "ceil": (
        (2, 8, 8),
        lambda: [nn.Conv2d(2, 3, 2), nn.AvgPool2d(3, 3, ceil_mode=True), nn.AdaptiveMaxPool2d(1), nn.Flatten()],
    ),
    "sequence": (
        (3, 20),
        lambda: [
            *[nn.Conv1d(3, 4, 5, stride=2, padding=2), nn.BatchNorm1d(4), nn.ReLU(), nn.MaxPool1d(2)],
            *[nn.Conv1d(4, 4, 2), nn.AvgPool1d(2), nn.Flatten(), nn.Linear(8, 3)],
        ],
    ),
    "zeros": (
        (2, 6, 6),
        lambda: [nn.ZeroPad2d((1, 0, 2, 1)), nn.Conv2d(2, 3, 3, stride=2), nn.AdaptiveAvgPool2d(1), nn.Flatten()],
    ),
    "flat input": (
        (36,),
        lambda: [nn.Unflatten(1, (1, 6, 6)), nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(48, 4)],
    ),
    "nested": (
        (1, 6, 6),
        lambda: [nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU()), nn.Sequential(nn.Flatten(), nn.Linear(48, 4))],
    ),
}


def network(name):
    """With statistics of batches that it has seen, in training mode."""
    torch.manual_seed(0)
    shape, layers = CHAINS[name]
    model = nn.Sequential(*layers())
    for _ in range(20):
        model(torch.randn(32, *shape) * 2 + 0.5)
    return model, np.random.default_rng(0).normal(size=(100, *shape)).astype(np.float32)


def outputs(model, X):
    model.eval()
    with torch.no_grad():
        return np.array(model(torch.tensor(X.tolist())).tolist()).reshape(len(X), -1)


@pytest.mark.parametrize("name", CHAINS)
def test_float(name, tmp_path):
    model, X = network(name)
    converted = emlearn.convert(model, X, dtype="float")
    assert model.training  # as it was
    expected = outputs(model, X)
    found = converted.predictions(converted._raw(X)).outputs[:, -expected.shape[1] :]
    # torch computes in float32: a few units of 2^-24 for each layer, and of the largest value.
    assert np.max(np.abs(found - expected)) <= 1e-5 * max(1.0, np.max(np.abs(expected)))
    converted.save(tmp_path / "x.tmdl")
    loaded = emlearn.load(tmp_path / "x.tmdl")
    last = np.moveaxis(X, 1, -1) if X.ndim > 2 else X.reshape(100, 6, 6, 1)
    assert np.array_equal(loaded.predict(last), converted.predict(X))
    assert not converted.is_classifier or converted.certificate.agreement == 1.0


@pytest.mark.parametrize("name", CHAINS)
def test_int8(name):
    """As test_int8 of Keras: the power of the error is below 5e-3 of the outputs'."""
    model, X = network(name)
    converted = emlearn.convert(model, X)
    expected = outputs(model, X)
    found = converted.predictions(converted._raw(X)).outputs[:, -expected.shape[1] :]
    assert converted.dtype == "int8" and np.mean((found - expected) ** 2) <= 5e-3 * np.mean(expected**2)
    assert converted.certificate.rows == 100 and converted.certificate.estimator == "Sequential"


def test_shapes():
    """No shape but PyTorch's own, and rows of values as the device takes them: (n, h, w) could be either way round."""
    model, X = network("nested")
    converted = emlearn.convert(model, X)
    last = np.moveaxis(X, 1, -1).reshape(100, -1)
    assert np.array_equal(converted.predict(last), converted.predict(X))
    for wrong in (X[:, 0], np.moveaxis(X, 1, -1), X[0]):
        with pytest.raises(ValueError, match=r"X must have shape \(n, 1, 6, 6\)"):
            converted.predict(wrong)


X = np.zeros((4, 2, 6, 6), np.float32)


@pytest.mark.parametrize(
    "layers, data, message",
    [
        ([nn.Conv2d(2, 3, 3)], None, "pass data of shape"),
        ([nn.Conv2d(2, 3, 3)], X, "end in Flatten and Linear"),
        ([nn.Conv2d(2, 3, 3), nn.Flatten()], X, "end in Flatten and Linear"),
        ([nn.Conv2d(2, 3, 3), nn.GELU()], X, r"layer 1 \(GELU\) is not supported; use ReLU instead"),
        ([nn.Conv2d(2, 3, 3, dilation=2)], X, "use dilation=1"),
        ([nn.Conv2d(2, 3, 3, padding=1, padding_mode="circular")], X, "use 'zeros'"),
        ([nn.Conv2d(2, 3, 3), nn.Linear(4, 2)], X, "put Flatten before it"),
        ([nn.Conv2d(3, 3, 3)], X, "takes 3 channels, but gets 2"),
        ([nn.Conv2d(2, 3, 3), nn.AvgPool2d(3, padding=1)], X, "count_include_pad=False"),
        ([nn.Conv2d(2, 3, 3), nn.AdaptiveAvgPool2d(3)], X, "use output size 1"),
        ([nn.Conv2d(2, 3, 3), nn.Flatten(), nn.Linear(47, 2)], X, "takes 47 inputs, but gets 48"),
        ([nn.Conv2d(2, 3, 3), nn.Flatten(2)], X, "Flatten of some dimensions"),
        ([nn.Conv2d(2, 3, 3)], X.reshape(4, -1), "pass data of shape"),
        ([nn.Conv2d(2, 3, 3, padding=3)], X, "reaches beyond the kernel"),
        ([nn.MaxPool2d(2)], X, "has no weights"),
    ],
)
def test_refused(layers, data, message):
    with pytest.raises(emlearn.ConvertError, match=message):
        emlearn.convert(nn.Sequential(*layers), data)
