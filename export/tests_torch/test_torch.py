"""Chains of PyTorch, as `make test-torch` runs them: it takes more of a disk than all other tests."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.preprocessing import StandardScaler
from torch import nn

import emlearn

torch.manual_seed(0)
N_CLASSES = {"iris": 3, "cancer": 2, "diabetes": 0}
LOADERS = {"iris": load_iris, "cancer": load_breast_cancer, "diabetes": load_diabetes}
CHAINS = {
    "relu": lambda n, last: nn.Sequential(nn.Linear(n, 12), nn.ReLU(), nn.Linear(12, 8), nn.Tanh(), last(8)),
    "linear": lambda n, last: nn.Sequential(last(n)),
    "normalised": lambda n, last: nn.Sequential(
        nn.BatchNorm1d(n), nn.Linear(n, 10, bias=False), nn.BatchNorm1d(10), nn.Sigmoid(), nn.Dropout(0.3), last(10)
    ),
    "nested": lambda n, last: nn.Sequential(
        nn.Flatten(), nn.Sequential(nn.Linear(n, 6), nn.Identity()), nn.BatchNorm1d(6, affine=False), nn.ReLU(), last(6)
    ),
}


def ends_in(n_classes):
    """What ends a chain of so many classes."""
    if n_classes == 0:
        return lambda n: nn.Linear(n, 1)
    if n_classes == 2:
        return lambda n: nn.Sequential(nn.Linear(n, 1), nn.Sigmoid())
    return lambda n: nn.Sequential(nn.Linear(n, n_classes), nn.Softmax(dim=1))


def trained(name, chain):
    X, y = LOADERS[name](return_X_y=True)
    X = StandardScaler().fit_transform(X).astype(np.float32)
    model = CHAINS[chain](X.shape[1], ends_in(N_CLASSES[name]))
    rows = torch.tensor(X.tolist())
    wanted = torch.tensor(np.eye(3)[y].tolist() if N_CLASSES[name] == 3 else (y[:, None] / max(y)).tolist())
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    for _ in range(80):
        optimizer.zero_grad()
        nn.functional.mse_loss(model(rows), wanted).backward()
        optimizer.step()
    return model, X, y


@pytest.mark.parametrize("name", LOADERS)
@pytest.mark.parametrize("chain", CHAINS)
def test_parity(name, chain, tmp_path):
    model, X, y = trained(name, chain)
    converted = emlearn.convert(model, data=X)
    assert model.training  # as it was
    model.eval()
    with torch.no_grad():
        outputs = np.array(model(torch.tensor(X.tolist())).tolist())
    for format in ("eml", "csv"):
        converted.save(tmp_path / f"model.{format}")
        loaded = emlearn.load(tmp_path / f"model.{format}")
        # torch computes in float32: a few units of 2^-24 for each layer, and of the largest value.
        tolerance = 1e-5 * (1.0 if converted.is_classifier else np.max(np.abs(outputs)))
        if N_CLASSES[name] == 0:
            assert np.max(np.abs(loaded.predict(X) - outputs[:, 0])) <= tolerance
            continue
        probabilities = np.hstack((1 - outputs, outputs)) if N_CLASSES[name] == 2 else outputs
        assert np.max(np.abs(loaded.predict_proba(X) - probabilities)) <= tolerance
        assert np.array_equal(loaded.predict(X), np.argmax(probabilities, axis=1))
    assert converted.certify(X, y).agreement == 1.0 or N_CLASSES[name] == 0


@pytest.mark.parametrize("dtype, loss", [("int16", 0.002), ("int8", 0.1)])
def test_small_weights(dtype, loss):
    model, X, y = trained("iris", "relu")
    assert emlearn.convert(model, dtype=dtype).certify(X, y).max_error < loss


def test_logits_are_values():
    model = nn.Sequential(nn.Linear(4, 3))
    assert not emlearn.convert(model).is_classifier


@pytest.mark.parametrize(
    "model, message",
    [
        (nn.Sequential(nn.ReLU()), "has no Linear layer"),
        (nn.Sequential(nn.Linear(3, 2), nn.GELU()), "layer GELU is not supported; supported: Linear"),
        (nn.Sequential(nn.Linear(3, 2), nn.Softmax(dim=0)), r"Softmax\(dim=0\)"),
        (nn.Sequential(nn.Linear(3, 2), nn.Softmax(dim=1), nn.Linear(2, 2)), "softmax is supported as the last"),
        (nn.Sequential(nn.Linear(3, 2), nn.Linear(3, 2)), "takes 3 inputs, but gets 2"),
        (nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2, track_running_stats=False)), "depends on the batch"),
        (nn.Sequential(nn.Flatten(0), nn.Linear(3, 2)), "Flatten of some dimensions"),
        (nn.Linear(3, 2), "cannot convert Linear"),
    ],
)
def test_refused(model, message):
    with pytest.raises(emlearn.ConvertError, match=message):
        emlearn.convert(model)
