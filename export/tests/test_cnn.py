"""Convolutional networks of Keras: float32 as Keras computes them, int8 near that; errors; C."""

from __future__ import annotations

import math
import subprocess

import keras_numpy
import numpy as np
import pytest
from emlearn.converters import keras_cnn
from emlearn.passes.cnn_forward import forward
from keras_networks import CHAINS, branches, chain, images, network_of, random_graph, raw_outputs, reference, small
from sklearn.linear_model import LogisticRegression
from support import data
from test_readme import MICROPYTHON, ROOT, block
from test_writers import COMPILERS, WARNINGS

import emlearn

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Keras, for NumPy 2

ROWS = 24


@pytest.fixture(scope="module")
def keras():
    return keras_numpy.load()


@pytest.mark.parametrize("name", [*CHAINS, "branches"])
def test_float(keras, name, tmp_path):
    original, shape = network_of(keras, name)
    X = images(shape)
    expected = reference(original, X)
    model = emlearn.convert(original)
    # Sums in another order: each off by some 2^-24 of its terms, which cancel to a tenth of them.
    assert np.max(np.abs(raw_outputs(model, X) - expected)) <= 1e-5 * max(1.0, np.max(np.abs(expected)))
    model.save(tmp_path / "x.tmdl")
    loaded = emlearn.load(tmp_path / "x.tmdl")
    assert np.array_equal(loaded.predict(X.reshape(ROWS, -1)), model.predict(X))
    certificate = model.certify(X)
    assert certificate.dtype == "float" and certificate.estimator == type(original).__name__
    assert model.is_classifier == (name in ("classes", "two classes", "branches"))
    assert certificate.agreement == 1.0 or not model.is_classifier
    network = keras_cnn.source(original).read(None)
    assert np.max(np.abs(forward(network, X) - expected)) <= 1e-5 * max(1.0, np.max(np.abs(expected)))


@pytest.mark.parametrize("name", [*CHAINS, "branches"])
def test_int8(keras, name, tmp_path):
    """The error's power is that of rounding tensors and weights.

    A tensor's is (range / 255)^2 / 12, of weights (largest / 127)^2 / 12: with ranges of 10 and largest weights of
    4 standard deviations 2e-4 of the signal's power a layer. Of 8 layers, and 3 for what random ones are apart: 5e-3.
    """
    original, shape = network_of(keras, name)
    X = images(shape, 200)
    model = emlearn.convert(original, X)
    expected, found = reference(original, X), raw_outputs(model, X)
    assert model.dtype == "int8" and np.mean((found - expected) ** 2) <= 5e-3 * np.mean(expected**2)
    assert model.certificate.rows == len(X)
    model.save(tmp_path / "x.tmdl")
    loaded = emlearn.load(tmp_path / "x.tmdl")
    assert np.array_equal(raw_outputs(loaded, X), found) and loaded.certificate == model.certificate
    golden = loaded.golden
    assert golden.features.dtype == np.uint8 and np.array_equal(loaded._core.run(golden.features), golden.outputs)
    row = model.n_features_in_ + 4 + 4 * model.tables.n_outputs
    assert len(golden.features) == 1 or len(golden.features) * row <= model.nbytes // 4


def test_every_layer_is_covered(keras):
    names = {"Add", "Normalization", "Rescaling"}  # tested below
    for _, layers in CHAINS.values():
        names |= {type(layer).__name__ for layer in layers(keras.layers)}
    assert names >= set(keras_cnn._READERS)


@pytest.mark.parametrize("seed", range(12))
def test_random_windows(keras, seed):
    """Shapes, kernels, strides and paddings of all sorts, in float32 and int8."""
    random = np.random.default_rng(seed)
    L, (h, w) = keras.layers, map(int, random.integers(5, 12, 2))

    def window():
        return {
            "strides": tuple(map(int, random.integers(1, 4, 2))),
            "padding": str(random.choice(["same", "valid"])),
        }

    def kernel():
        return tuple(map(int, random.integers(1, 4, 2)))

    layers = [
        L.Conv2D(int(random.integers(1, 7)), kernel(), activation="relu", padding="same"),
        [L.MaxPooling2D, L.AveragePooling2D][seed % 2](kernel(), strides=int(random.integers(1, 3)), padding="same"),
        L.DepthwiseConv2D(tuple([int(random.integers(1, 4))] * 2), padding="same", depth_multiplier=1 + seed % 2),
        L.Conv2D(int(random.integers(1, 7)), tuple(map(int, random.integers(1, 3, 2))), **window()),
    ]
    shape = (h, w, int(random.integers(1, 4)))
    original = chain(keras, shape, *layers)
    X = images(shape, 100)
    expected = reference(original, X)
    found = raw_outputs(emlearn.convert(original), X)
    assert np.max(np.abs(found - expected)) <= 1e-5 * np.max(np.abs(expected))
    found = raw_outputs(emlearn.convert(original, X), X)
    assert np.mean((found - expected) ** 2) <= 5e-3 * np.mean(expected**2)


@pytest.mark.parametrize("seed", range(40))
def test_random_graphs(keras, seed):
    """What folds into what, whatever is around it."""
    original, shape = random_graph(keras, seed)
    X = images(shape, 60)
    expected = reference(original, X)
    found = raw_outputs(emlearn.convert(original), X)
    assert np.max(np.abs(found - expected)) <= 1e-5 * max(1.0, np.max(np.abs(expected)))
    found = raw_outputs(emlearn.convert(original, X), X)
    assert np.mean((found - expected) ** 2) <= 5e-3 * np.mean(expected**2)


C = """#include "net.h"
#include "net.h"
#include <stdio.h>
int main(void) {{
    static uint32_t memory[4096];
    static const uint8_t image[] = {{ {image} }};
    float out[{n}];
    eml_cnn_t m;
    int err = (int)net_open(&m);
    if (err == 0 && eml_cnn_memory_size(&m) <= sizeof memory) {{
        err = (int)net_run(&m, image, memory, out);
    }}
    for (int i = 0; i < {n}; i++) {{
        printf("%.9g ", (double)out[i]);
    }}
    return err;
}}
"""


@pytest.mark.parametrize("dtype", ["int8", "float"])
@pytest.mark.parametrize("name", ["classes", "sequence", "stride"])
def test_c(keras, name, dtype, tmp_path):
    """A header that holds the network, compiled as C and C++: the same bits."""
    original, shape = network_of(keras, name)
    image = np.random.default_rng(0).integers(0, 256, math.prod(shape)).astype(np.uint8)
    X = (image / 255).astype(np.float32).reshape(1, *shape)
    model = emlearn.convert(original, X, dtype=dtype)
    model.save(tmp_path / "net.h")
    expected = raw_outputs(model, image[None])[0]
    (tmp_path / "main.c").write_text(C.format(image=", ".join(map(str, image)), n=len(expected)))
    for compiler in COMPILERS.values():
        command = [*compiler, *WARNINGS, f"-I{emlearn.includedir}", "main.c", "-o", "program"]
        subprocess.run(command, cwd=tmp_path, check=True)
        ran = subprocess.run([tmp_path / "program"], capture_output=True, text=True, check=True)
        assert np.array_equal(np.array(ran.stdout.split(), np.float32), expected)


def test_digits(keras):
    """Fixed random convolutions, and behind them what logistic regression makes of them."""
    X, y = data("digits")
    X = X.reshape(-1, 8, 8, 1).astype(np.float32) / 16
    L = keras.layers
    front = chain(keras, (8, 8, 1), L.Conv2D(16, 3, padding="same", activation="relu"), L.MaxPooling2D(), L.Flatten())
    columns = front.predict(X, verbose=0)
    train = np.arange(len(X)) % 3 > 0
    head = LogisticRegression(C=0.1, max_iter=300).fit(columns[train], y[train])
    original = keras.Sequential([*front.layers, L.Dense(10), L.Softmax()])
    original.build((None, 8, 8, 1))
    original.set_weights([*front.get_weights(), head.coef_.T, head.intercept_])
    model = emlearn.convert(original, X[train])
    certificate = model.certify(X[~train], y[~train])
    assert certificate.score_before >= 0.96
    assert certificate.agreement >= 0.99
    assert certificate.score_after >= certificate.score_before - 0.01
    assert emlearn.convert(original, (X, y), dtype="auto", max_loss=0.01).dtype == "int8"
    assert emlearn.convert(original, (X, y), dtype="auto", max_loss=0.01).certificate.score == "accuracy"


def test_auto_keeps_float(keras):
    """Classes that are all but equal, which int8 cannot tell."""
    original = small(keras)
    *convolution, weights, bias = original.get_weights()
    original.set_weights([*convolution, weights[:, :1] + 1e-6 * weights, bias * 0])
    assert emlearn.convert(original, images((6, 6, 2), 100), dtype="auto").dtype == "float"


def test_dead_and_large(keras):
    """A channel without weights, one with a bias beyond 32 bits of its steps, and a constant layer."""
    original = chain(keras, (6, 6, 2), keras.layers.Conv2D(4, 3, activation="relu"), keras.layers.Conv2D(2, 1))
    weights, bias, *rest = original.get_weights()
    weights[..., 0], bias[0] = 0, 1.5
    weights[..., 1], bias[1] = 0, 0
    weights[..., 2], bias[2] = weights[..., 2] * 1e-9, 2.0
    original.set_weights([weights, bias, *rest])
    X = images((6, 6, 2), 100)
    model, expected = emlearn.convert(original, X), reference(original, X)
    assert np.max(np.abs(raw_outputs(model, X) - expected)) <= 0.05 * np.max(np.abs(expected))
    original.set_weights([0 * w for w in original.get_weights()])
    assert not np.any(raw_outputs(emlearn.convert(original, X), X))


def test_what_folds(keras):
    """Normalisation, activations and scalings leave no layer, but where zeros are put around an offset."""
    for name, n in {"norm": 1, "norm after": 3, "max": 3, "flat norm": 3, "depthwise": 4, "zeros": 3}.items():
        assert len(emlearn.convert(network_of(keras, name)[0]).tables.layers) == n, name
    assert len(emlearn.convert(network_of(keras, "norm before zeros")[0]).tables.layers) == 3
    assert len(emlearn.convert(branches(keras)).tables.layers) == 13


# ---- errors


def test_refused(keras):
    L, X = keras.layers, images((8, 8, 2), 5)

    def of(*layers):
        return chain(keras, (8, 8, 2), *layers)

    conv = [L.Conv2D(3, 3, name="first")]
    inputs = L.Input((8, 8, 2))
    joined = keras.Model(inputs, L.Concatenate(name="both")([L.Conv2D(3, 1)(inputs), inputs]))
    for model, reason in (
        (of(L.Conv2D(3, 3, dilation_rate=2, name="wide")), "'wide' is dilated; use dilation_rate=1"),
        (of(L.Conv2D(4, 1), L.Conv2D(4, 3, groups=2)), "groups=2; use groups=1"),
        (of(*conv, L.LeakyReLU(name="leaky")), "'leaky', a LeakyReLU, is not supported; use ReLU instead"),
        (of(*conv, L.Conv2DTranspose(3, 2)), "use Conv2D instead"),
        (of(L.Conv2D(3, 3, activation="gelu", name="g")), "'g': activation 'gelu' is not supported; use one of linear"),
        (of(*conv, L.ReLU(negative_slope=0.1)), "leave them out"),
        (of(L.Conv2D(3, 3, activation="sigmoid", name="s"), L.Conv2D(3, 3)), "'s': sigmoid is supported as the last"),
        (of(*conv, L.Softmax()), "softmax of each pixel"),
        (of(*conv, L.Flatten(), L.Dense(1, activation="softmax")), "always 1; use sigmoid"),
        (of(L.ZeroPadding2D(3), L.Conv2D(3, 3, name="c")), "'c': padding .* reaches beyond the kernel"),
        (of(L.ZeroPadding2D(1), L.AveragePooling2D(2, name="p")), "'p' pools what zeros were padded to"),
        (of(*conv, L.ZeroPadding2D(1)), "before a convolution only"),
        (of(*conv, L.BatchNormalization(axis=1, name="n")), "'n' has axis=1; use axis=-1"),
        (joined, "'both', a Concatenate, is not supported; use Add instead"),
    ):
        with pytest.raises(emlearn.ConvertError, match=reason):
            emlearn.convert(model)
    model = of(*conv)
    for options, reason in (
        ({"dtype": "int8"}, "pass rows like those to predict"),
        ({"dtype": "int16", "data": X}, "the nearest is 'int8'"),
        ({"data": X[:0]}, "no rows"),
        ({"data": X[:, :5]}, r"X must have shape \(n, 8, 8, 2\), got \(5, 5, 8, 2\)"),
        ({"data": X[0]}, r"pass X\[None\]"),
        ({"data": X * np.nan}, "NaN or infinite"),
        ({"data": (X, np.zeros(3))}, "3 labels for 5 rows"),
        ({"kind": X, "data": X}, "pass them once"),
        ({"leaf": "hard"}, "mean nothing for networks"),
        ({"return_type": "classifier"}, "is a regressor"),
    ):
        with pytest.raises(emlearn.ConvertError, match=reason):
            emlearn.convert(model, **options)
    weights = model.get_weights()
    model.set_weights([weights[0] * np.nan, weights[1]])
    with pytest.raises(emlearn.ConvertError, match="'first' has a weight that is NaN"):
        emlearn.convert(model)


def test_formats(keras, tmp_path):
    model = emlearn.convert(small(keras), images((6, 6, 2), 20))
    for file in ("x.eml", "x.csv", "x.py"):
        with pytest.raises(ValueError, match="save them as 'tmdl'"):
            model.save(tmp_path / file)
    assert model.save(format="tmdl")[:4] == b"MAIX"
    with pytest.raises(ValueError, match="does not know its estimator"):
        model.save(tmp_path / "x.tmdl")
        emlearn.load(tmp_path / "x.tmdl").certify(images((6, 6, 2)))


def test_readme(keras, tmp_path, monkeypatch):
    """Its code, on the PC and in MicroPython."""
    X, y = data("digits")
    X = (X.reshape(-1, 8, 8, 1) * 255 / 16).astype(np.uint8)
    L = keras.layers
    layers = [L.Conv2D(4, 3, activation="relu"), L.MaxPooling2D(), L.Flatten(), L.Dense(10), L.Softmax()]
    network = chain(keras, (8, 8, 1), L.Rescaling(1 / 255), *layers)
    monkeypatch.chdir(tmp_path)
    known = {"emlearn": emlearn, "network": network, "images": X, "labels": y}
    exec(block("network"), known)
    image = X[7].reshape(-1)
    (tmp_path / "device.py").write_text(f"image = bytes({image.tolist()})\n" + block("network device"))
    environment = {"MICROPYPATH": str(ROOT / "dist/x64_6.3")}
    device = subprocess.run([MICROPYTHON, "device.py"], env=environment, capture_output=True, text=True, check=True)
    assert int(device.stdout) == known["model"].predict(image[None])[0]
