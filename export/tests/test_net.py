"""Networks: small weights, what is refused, and Keras."""

from __future__ import annotations

from array import array
from functools import cache

import keras_numpy
import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from support import data

import emlearn
from emlearn import _quantize as q

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::sklearn.exceptions.ConvergenceWarning")

LOSS = {"int16": 0.002, "int8": 0.1}  # of a probability, on digits


@cache
def digits(activation):
    X, y = data("digits")
    return MLPClassifier((32,), activation=activation, max_iter=60, random_state=0).fit(X, y), X.astype(np.float32)


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
@pytest.mark.parametrize("dtype", LOSS)
def test_small_weights(activation, dtype):
    estimator, X = digits(activation)
    model = emlearn.convert(estimator, dtype=dtype)
    certificate = model.certify(X, data("digits")[1])
    assert model.dtype == certificate.dtype == dtype
    assert certificate.max_error < LOSS[dtype]
    assert certificate.agreement >= (1.0 if dtype == "int16" else 0.995)
    assert model.nbytes < emlearn.convert(estimator).nbytes * {"int16": 0.55, "int8": 0.3}[dtype]


@pytest.mark.parametrize("dtype", LOSS)
@pytest.mark.parametrize("format", ["eml", "csv", "py"])
def test_small_weights_in_files(dtype, format, tmp_path):
    estimator, X = digits("tanh")
    model = emlearn.convert(estimator, dtype=dtype)
    expected = model.predictions(X[:40])
    if format != "py":
        model.save(tmp_path / f"model.{format}")
        outputs = emlearn.load(tmp_path / f"model.{format}").predict_proba(X[:40])
    else:
        scope = {}
        exec(compile(model.save(format="py"), "model.py", "exec"), scope)
        outputs = np.array([scope["predict_proba"](array("f", x.tobytes())) for x in X[:40]], np.float32)
        assert scope["model"].selftest() == (len(model.golden.features),) * 2
    assert np.array_equal(outputs, expected.outputs)


def test_auto_takes_the_smallest_that_is_good_enough():
    estimator, X = digits("tanh")
    assert emlearn.convert(estimator, dtype="auto").dtype == "float"
    assert emlearn.convert(estimator, dtype="auto", data=X, max_loss=0.05).dtype == "int8"
    disagreeing = np.flatnonzero(
        emlearn.convert(digits("relu")[0], dtype="int8").predict(X) != digits("relu")[0].predict(X)
    )
    assert emlearn.convert(digits("relu")[0], dtype="auto", data=X[disagreeing]).dtype == "int16"


def test_scaled_features_of_small_weights():
    """Features of all sizes: the scaler's factors fold into the weights, whose columns have a power of two each."""
    X, y = data("wine")
    X = X * 10.0 ** np.linspace(-12, 12, X.shape[1])
    estimator = make_pipeline(StandardScaler(), MLPClassifier((16,), max_iter=300, random_state=0)).fit(X, y)
    for dtype in LOSS:
        outputs = emlearn.convert(estimator, dtype=dtype).predict_proba(X)
        assert np.max(np.abs(outputs - estimator.predict_proba(X.astype(np.float32)))) < LOSS[dtype] / 2


@pytest.mark.parametrize("bits", [8, 16])
def test_rows_to_integers(bits):
    random = np.random.default_rng(bits)
    for _ in range(200):
        shape = random.integers(1, 9, 2)
        matrix = random.normal(size=shape) * np.exp(random.normal(size=(shape[0], 1)) * 3)
        matrix *= 2.0 ** random.integers(-60, 60, shape[1])
        matrix[random.random(shape) < 0.1] = 0.0
        integers, shift, scale = q.rows_to_integers(matrix, bits)
        limit = 2 ** (bits - 1) - 1
        assert np.max(np.abs(integers)) <= limit
        unit = scale[:, None] * np.ldexp(1.0, shift)
        assert np.all(np.abs(integers * unit - matrix) <= unit * 0.5000001)
        columns = matrix / 2.0 ** np.frexp(np.max(np.abs(matrix), axis=0))[1]
        finest = np.max(np.abs(columns), axis=1) / limit  # what a scale without rounding would be
        step = np.max(finest) / 2**15
        assert np.all(scale * step / 2 <= finest + step)


def test_refused():
    X, y = data("iris")
    with pytest.raises(emlearn.ConvertError, match="several labels; train one for each"):
        emlearn.convert(MLPClassifier((3,), max_iter=5).fit(X, np.stack((y == 0, y > 1), axis=1)))
    with pytest.raises(emlearn.ConvertError, match="not fitted"):
        emlearn.convert(MLPRegressor())
    estimator, X = digits("relu")
    with pytest.raises(emlearn.ConvertError, match="scale= is for trees"):
        emlearn.convert(estimator, dtype="int16", scale=True)
    for dtype in ("float", "int8"):
        with pytest.raises(emlearn.ConvertError, match="are for trees; for MLPClassifier leave them out"):
            emlearn.convert(estimator, dtype=dtype, leaf="hard")
    with pytest.raises(ValueError, match="NaN, infinity"):
        emlearn.convert(estimator).predict(np.full((1, 64), np.inf))


def test_poisson():
    X, y = data("diabetes")
    try:
        estimator = MLPRegressor(loss="poisson", max_iter=300, random_state=0).fit(X.astype(np.float32), y)
    except (TypeError, ValueError):
        pytest.skip("scikit-learn 1.7 has no loss='poisson' of MLPRegressor")
    expected = estimator.predict(X.astype(np.float32))
    assert np.max(np.abs(emlearn.convert(estimator).predict(X) - expected)) <= 1e-5 * np.max(expected)


# ---- Keras 3 on its NumPy back end


@pytest.fixture(scope="module")
def keras():
    return keras_numpy.load()


def with_weights(model, seed=0):
    random = np.random.default_rng(seed)
    shapes = [weights.shape for weights in model.get_weights()]
    model.set_weights([random.uniform(0.2, 2, s) if len(s) == 1 else random.normal(size=s) / 4 for s in shapes])
    return model


def rows(n, seed=1):
    return np.random.default_rng(seed).normal(size=(300, n)).astype(np.float32) * 3


def chain(keras, *layers, shape=(12,)):
    return with_weights(keras.Sequential([keras.layers.Input(shape), *layers]))


def test_keras_classes(keras):
    L = keras.layers
    model = chain(
        keras,
        *[L.Flatten(), L.BatchNormalization(), L.Dense(16), L.BatchNormalization(center=False), L.ReLU()],
        *[L.Dropout(0.2), L.BatchNormalization(scale=False), L.Activation("tanh")],
        *[L.Dense(8, activation="sigmoid", use_bias=False), L.Dense(5), L.Softmax()],
        shape=(4, 3),
    )
    X = rows(12)
    expected = model.predict(X.reshape(-1, 4, 3), verbose=0)
    converted = emlearn.convert(model)
    assert converted.info()["layers"] == [12, 16, 16, 8, 5]
    assert np.max(np.abs(converted.predict_proba(X) - expected)) <= 1e-5
    assert np.array_equal(converted.predict(X), np.argmax(expected, axis=1))
    certificate = converted.certify(X, np.argmax(expected, axis=1))
    assert certificate.agreement == certificate.score_before == 1.0 and certificate.estimator == "Sequential"


def test_keras_two_classes(keras):
    L = keras.layers
    model = chain(keras, L.Dense(9, activation="relu"), L.Dense(1, activation="sigmoid"))
    X = rows(12)
    converted = emlearn.convert(model)
    expected = model.predict(X, verbose=0)[:, 0]
    assert np.max(np.abs(converted.predict_proba(X)[:, 1] - expected)) <= 1e-5
    assert np.array_equal(converted.predict(X), expected > 0.5)


@pytest.mark.parametrize("last", ["linear", "tanh", "exponential"])
@pytest.mark.parametrize("n_out", [1, 3])
def test_keras_values(keras, last, n_out):
    L = keras.layers
    inputs = L.Input((12,))
    x = L.BatchNormalization()(L.Dense(7, activation="tanh")(inputs))
    outputs = L.Dense(n_out, activation=last)(x)
    model = with_weights(keras.Model(inputs, L.BatchNormalization()(outputs)))
    X = rows(12)
    expected = model.predict(X, verbose=0)
    got = emlearn.convert(model).predict(X).reshape(expected.shape)
    assert np.max(np.abs(got - expected)) <= 1e-5 * np.max(np.abs(expected))


def test_keras_refused(keras):
    L = keras.layers
    inputs = L.Input((12,))
    branch = keras.Model(inputs, L.Add()([L.Dense(12)(inputs), inputs]))
    for model, reason in (
        (branch, "only chains"),
        (keras.Sequential([L.Dense(3)]), "no weights yet"),
        (chain(keras, L.Dense(3, activation="gelu")), "'gelu' is not supported; use one of linear, relu"),
        (chain(keras, L.Dense(3), shape=(5, 12)), "put Flatten before it"),
        (chain(keras, L.Dense(3), L.LeakyReLU()), "LeakyReLU is not supported; supported: Dense"),
        (chain(keras, L.Dense(3), L.ReLU(max_value=6)), "leave it out"),
        (chain(keras, L.Dense(3, activation="softmax"), L.Dense(3)), "last activation only"),
        (chain(keras, L.Dense(1, activation="softmax")), "always 1"),
    ):
        with pytest.raises(emlearn.ConvertError, match=reason):
            emlearn.convert(model)
