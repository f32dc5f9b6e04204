"""What convolutional networks take: bytes, floats, scalings before the first layer."""

from __future__ import annotations

import keras_numpy
import numpy as np
import pytest
from keras_networks import images, reference, small

import emlearn

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Keras, for NumPy 2


@pytest.fixture(scope="module")
def keras():
    return keras_numpy.load()


SCALINGS = {"none": None, "255": (1 / 255, 0.0), "127.5": (1 / 127.5, -1.0), "beyond": (1 / 255, 0.5)}


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("scaling", SCALINGS)
def test_bytes(keras, scaling, padding):
    """Images of bytes, as uint8, as floats of the same numbers, and as the device takes them."""
    before = [] if SCALINGS[scaling] is None else [keras.layers.Rescaling(*SCALINGS[scaling])]
    original = small(keras, *before, padding=padding)
    if scaling == "none":  # else softmax of hundreds
        original.set_weights([w / 30 for w in original.get_weights()])
    X = np.random.default_rng(0).integers(0, 256, (150, 6, 6, 2)).astype(np.uint8)
    expected = reference(original, X.astype(np.float32))
    for dtype, tolerance in (("float", 1e-5), ("int8", 0.05)):
        model = emlearn.convert(original, X, dtype=dtype)
        assert np.max(np.abs(model.predict_proba(X) - expected)) <= tolerance
        # Their floats are quotients that float32 rounds: the last bit of each may be another.
        assert np.max(np.abs(model.predict_proba(X.astype(np.float32)) - model.predict_proba(X))) <= 1e-6
    assert model.tables.layers[0].input_q.scale == 1.0


def test_bytes_without_data(keras):
    """A Rescaling tells that the network takes bytes."""
    original = small(keras, keras.layers.Rescaling(1 / 127.5, -1.0))
    X = np.random.default_rng(0).integers(0, 256, (20, 6, 6, 2)).astype(np.uint8)
    expected = reference(original, X.astype(np.float32))
    model = emlearn.convert(original)
    for rows in (X, X.astype(np.float32), X.astype(int)):
        assert np.max(np.abs(model.predict_proba(rows) - expected)) <= 1e-5
    assert model.certify(X).agreement == 1.0


def test_bytes_of_one(keras):
    """Images that were divided by 255 before they came to the network."""
    original = small(keras)
    X = np.random.default_rng(0).integers(0, 256, (150, 6, 6, 2)).astype(np.uint8)
    ones = (X / 255).astype(np.float32)
    for dtype in ("float", "int8"):
        model = emlearn.convert(original, ones, dtype=dtype)
        assert np.max(np.abs(model.predict_proba(X) - model.predict_proba(ones))) <= 1e-6
        assert model.certify(X).agreement == model.certify(ones).agreement
    assert model.tables.layers[0].input_q == (np.float32(1 / 255), -128)


def test_other_floats(keras):
    X = images((6, 6, 2), 150) * 3 + 1
    layer = keras.layers.Normalization(mean=[0.5, 2.0], variance=[1.0, 4.0])
    original = small(keras, layer)
    expected = reference(original, X)
    assert np.max(np.abs(emlearn.convert(original).predict_proba(X) - expected)) <= 1e-5
    model = emlearn.convert(original, X)
    assert len(model.tables.layers) == 3 and model.certificate.agreement >= 0.95
    with pytest.raises(ValueError, match="pass floats like those"):
        model.predict(np.zeros((1, 6, 6, 2), np.uint8))
