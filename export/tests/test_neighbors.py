"""Neighbours: each estimator on each data set and through each format, all rows, beside the estimator."""

from __future__ import annotations

import struct
import subprocess
import zlib
from array import array
from functools import cache

import numpy as np
import pytest
from emlearn._core import open_core
from emlearn.certificate import reference_predictions
from emlearn.converters.neighbors import convert_centroids, convert_classifier, convert_regressor
from emlearn.errors import ConvertError
from emlearn.passes.neighbors import undecided
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor, NearestCentroid
from sklearn.preprocessing import StandardScaler
from support import data
from test_families import COMPILE, MAIN

import emlearn

DATASETS = ["iris", "wine", "breast_cancer", "digits"]
METRICS = [{"metric": "euclidean"}, {"metric": "manhattan"}, {"metric": "chebyshev"}, {"p": 1}]
MAX_UNDECIDED = 0.002
TOLERANCE = 1e-5  # of a probability; of the largest value

CASES = [
    *(
        (kind, dataset, scaled, weights, metric, 5)
        for kind in (KNeighborsClassifier, KNeighborsRegressor)
        for dataset in DATASETS
        for scaled in (False, True)
        for weights in ("uniform", "distance")
        for metric in range(3)
    ),
    (KNeighborsClassifier, "digits", False, "uniform", 3, 1),
    (KNeighborsClassifier, "wine", True, "distance", 0, 60),
    (KNeighborsRegressor, "digits", True, "distance", 0, 33),
]


def name(case):
    kind, dataset, scaled, weights, metric, k = case
    scaler = "standard " if scaled else ""
    return f"{kind.__name__}({weights} {METRICS[metric]} {k})-{scaler}{dataset}"


@cache
def fitted(kind, dataset, scaled, weights, metric, k):
    """Trained on half of the rows, in float32: a float64 item is at no distance from no sample that a device has.

    By brute search, whose ties are the device's; those of a kd_tree hang on how it cuts the items.
    """
    X, y = data(dataset)
    X = (StandardScaler().fit_transform(X) if scaled else X).astype(np.float32)
    estimator = kind(k, weights=weights, algorithm="brute", **METRICS[metric])
    return estimator.fit(X[::2].astype(np.float64), y[::2]), X


@pytest.mark.parametrize("case", CASES, ids=name)
def test_all_rows(case, tmp_path):
    estimator, X = fitted(*case)
    model = emlearn.convert(estimator)
    for format in ("eml", "csv"):
        model.save(tmp_path / f"model.{format}")
        loaded = emlearn.load(tmp_path / f"model.{format}")
        assert loaded.save(format="eml") == model.save(format="eml")
    source = (convert_classifier if model.is_classifier else convert_regressor)(estimator)
    decided = ~undecided(source, X)
    before, after = reference_predictions(estimator, X), model.predictions(X)
    wrong = np.max(np.abs(before.outputs - after.outputs), axis=1) > TOLERANCE * np.max(np.abs(before.outputs))
    if model.is_classifier:
        other = before.labels != after.labels
        assert np.sum(other) <= MAX_UNDECIDED * len(X)
        wrong |= other
    assert not np.any(wrong & decided)


@pytest.mark.parametrize("shrink", [None, 0.3])
@pytest.mark.parametrize("metric", ["euclidean", "manhattan"])
@pytest.mark.parametrize("dataset", DATASETS)
def test_centroids(dataset, metric, shrink):
    X, y = data(dataset)
    estimator = NearestCentroid(metric=metric, shrink_threshold=shrink).fit(X + 0.0, y)
    X = X.astype(np.float32)
    model = emlearn.convert(estimator)
    decided = ~undecided(convert_centroids(estimator), X)
    before, after = reference_predictions(estimator, X), model.predictions(X)
    assert np.array_equal(before.labels[decided], after.labels[decided])
    assert np.sum(before.labels != after.labels) <= max(1, MAX_UNDECIDED * len(X))
    assert np.max(np.abs(before.outputs - after.outputs)) <= 1e-6 * np.max(np.abs(before.outputs))
    with pytest.raises(ValueError, match="has no probabilities"):
        model.predict_proba(X)


@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_int16(weights):
    """Squares up to the extremes of int16, and more classes than ten."""
    random = np.random.default_rng(0)
    for low, high, n in ((-32768, 32768, 13), (-32768, 32768, 1), (-300, 300, 40), (0, 30000, 4)):
        X = random.integers(low, high, (400, n))
        X[:4] = np.array([[low], [high - 1], [low], [high - 1]])
        y = random.integers(0, 37, len(X))
        y[4:41] = np.arange(37)
        estimator = KNeighborsClassifier(3, weights=weights, algorithm="brute").fit(X[:300], y[:300])
        model = emlearn.convert(estimator, dtype="int16")
        assert model.dtype == "int16" and len(model.classes_) == 37
        decided = ~undecided(convert_classifier(estimator), X.astype(np.float32))
        before, after = reference_predictions(estimator, X.astype(np.float32)), model.predictions(X.astype(np.int16))
        assert np.array_equal(before.labels[decided], after.labels[decided])
        assert np.max(np.abs(before.outputs - after.outputs)[decided]) <= TOLERANCE
        assert np.mean(decided) > (0.95 if n > 1 else 0.5)


@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "chebyshev"])
def test_ties_of_integers(metric):
    """Nearly every row hangs on a tie, and each is decided as scikit-learn's brute search does."""
    random = np.random.default_rng(0)
    X = random.integers(0, 5, (700, 3))
    y = random.integers(0, 11, 600)
    for k in (1, 2, 3, 5, 8, 21):
        estimator = KNeighborsClassifier(k, metric=metric, algorithm="brute").fit(X[:600].astype(float), y)
        for dtype in ("int16", "float"):
            model = emlearn.convert(estimator, dtype=dtype)
            assert np.array_equal(model.predict(X), estimator.predict(X.astype(float)))
            assert np.allclose(model.predict_proba(X), estimator.predict_proba(X.astype(float)), rtol=0, atol=2**-24)


def test_order_of_ties():
    """At equal distances the first item counts, at equal votes the first class."""
    X = np.array([[1], [-1], [2], [-2], [2]])
    y = np.array([3, 1, 0, 2, 2])
    for dtype in ("int16", "float"):
        model = emlearn.convert(KNeighborsClassifier(2).fit(X, y), dtype=dtype)
        assert model.predict([[0]]) == 1
        assert np.array_equal(model.predict_proba([[0]]), [[0, 0.5, 0, 0.5]])
        assert emlearn.convert(KNeighborsClassifier(1).fit(X, y), dtype=dtype).predict([[0]]) == 3
        assert emlearn.convert(KNeighborsClassifier(3).fit(X, y), dtype=dtype).predict([[0]]) == 0
        near = emlearn.convert(KNeighborsClassifier(3, weights="distance").fit(X, y), dtype=dtype)
        assert np.array_equal(near.predict_proba([[2]]), [[0.5, 0, 0.5, 0]])  # at no distance: they take all


def test_far_samples():
    """Beyond the items' own units: the sample's are as fine as its size allows."""
    random = np.random.default_rng(0)
    X = random.normal(size=(200, 3))
    y = random.integers(0, 3, 200)
    estimator = KNeighborsClassifier(3).fit(X, y)
    model = emlearn.convert(estimator)
    for scale in (10.0, 1e3, 1e5):
        far = (random.normal(size=(200, 3)) * scale).astype(np.float32)
        decided = ~undecided(convert_classifier(estimator), far, 1e-8)
        assert np.mean(decided) > 0.8
        assert np.array_equal(model.predict(far)[decided], estimator.predict(far)[decided])
    assert np.all(np.isfinite(model.predict_proba(np.full((1, 3), 3e38, np.float32))))
    for bad in (np.nan, np.inf):
        with pytest.raises(ValueError, match="NaN, infinity"):
            model.predict([[0, bad, 0]])


def test_dtypes():
    X, y = data("digits")
    estimator = KNeighborsClassifier().fit(X, y)
    assert emlearn.convert(estimator).dtype == "float"
    assert emlearn.convert(estimator, dtype="auto", data=X).dtype == "int16"
    assert emlearn.convert(estimator, dtype="auto", data=X + 0.5).dtype == "float"
    with pytest.raises(ConvertError, match="integers from -32768 to 32767"):
        emlearn.convert(KNeighborsClassifier().fit(X + 0.5, y), dtype="int16")
    with pytest.raises(ConvertError, match="scale=True is for trees"):
        emlearn.convert(estimator, dtype="int16", scale=True)


METRIC_NAMES = ("euclidean", "manhattan")
GENERATED = [case for case in CASES if case[1] in ("iris", "wine") and not case[2]]


def int16(case):
    """The case's estimator, on features that are integers."""
    kind, dataset, _, weights, metric, k = case
    X, y = data(dataset)
    X = np.rint(X * 100).astype(np.int16)
    return kind(k, weights=weights, **METRICS[metric]).fit(X[::2], y[::2]), X


def rows(X):
    random = np.random.default_rng(0)
    if X.dtype == np.int16:
        return np.concatenate((X[:40], random.integers(-32768, 32768, (20, X.shape[1]), np.int16)))
    odd = X[:30] * 2.0 ** random.integers(-40, 40, (30, X.shape[1])).astype(np.float32)
    tiny = np.full((1, X.shape[1]), 1e-42, np.float32)
    return np.concatenate((X[:40], odd, -odd, np.zeros_like(tiny), tiny)).astype(np.float32)


def centroids(X, y, metric):
    return NearestCentroid(metric=metric).fit(X + 0.0, y)


@pytest.mark.parametrize("dtype", ["float", "int16"])
@pytest.mark.parametrize("case", [*GENERATED, *METRIC_NAMES], ids=lambda c: c if c in METRIC_NAMES else name(c))
def test_python(case, dtype):
    """The twin, bit for bit, on rows that hurt as well."""
    if isinstance(case, str):
        X, y = data("wine")
        X = np.rint(X).astype(np.int16) if dtype == "int16" else X.astype(np.float32)
        estimator = centroids(X, y, case)
        estimator.centroids_ = np.rint(estimator.centroids_) if dtype == "int16" else estimator.centroids_
    else:
        estimator, X = int16(case) if dtype == "int16" else fitted(*case)
    model = emlearn.convert(estimator, dtype=dtype)
    scope = {}
    exec(compile(model.save(format="py"), "model.py", "exec"), scope)
    twin = scope["model"]
    samples = rows(X)
    expected = model.predictions(samples)
    for x, label, outputs in zip(samples, expected.labels, expected.outputs, strict=True):
        x, out = array("h" if dtype == "int16" else "f", x.tobytes()), array("f", bytes(4 * len(outputs)))
        twin.predict(x, out)
        assert out.tobytes() == outputs.tobytes()
        if model.is_classifier:
            assert scope["predict"](x) == label
    assert twin.selftest() == (len(model.golden.features),) * 2


IRIS = data("iris")


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (KNeighborsClassifier(p=3), "p=3 is not supported; the nearest is p=2"),
        (KNeighborsClassifier(p=1.2), "p=1.2 is not supported; the nearest is p=1"),
        (KNeighborsClassifier(metric="cosine"), "metric='cosine' is not supported; supported are 'euclidean'"),
        (KNeighborsRegressor(weights=np.sqrt), "weights= as a function is not supported; the nearest"),
        (KNeighborsClassifier(metric_params={"w": np.ones(4)}), "metric_params with w is not supported"),
        (KNeighborsClassifier(151), "n_neighbors=151 is more than there are items; the nearest is 150"),
        (NearestCentroid(priors=[0.5, 0.3, 0.2]), "priors=.* the nearest is priors='uniform'"),
    ],
)
def test_refused(estimator, message):
    with pytest.raises(ConvertError, match=message):
        emlearn.convert(estimator.fit(*IRIS))


def test_several_outputs():
    X, y = IRIS
    with pytest.raises(ConvertError, match="several labels"):
        emlearn.convert(KNeighborsClassifier().fit(X, np.stack((y, y), axis=1)))
    with pytest.raises(ConvertError, match="several values"):
        emlearn.convert(KNeighborsRegressor().fit(X, X[:, :2]))
    with pytest.raises(ConvertError, match="not fitted"):
        emlearn.convert(KNeighborsClassifier())


@pytest.mark.parametrize("dtype", ["float", "int16"])
@pytest.mark.parametrize("kind", [KNeighborsClassifier, KNeighborsRegressor, NearestCentroid])
def test_damaged(kind, dtype):
    """With a CRC that fits: core and twin refuse the same files, and run what they take."""
    X, y = IRIS
    X = np.rint(X[::5] * 10)
    estimator = kind().fit(X, y[::5])
    if kind is NearestCentroid:
        estimator.centroids_ = np.rint(estimator.centroids_)
    model = emlearn.convert(estimator, dtype=dtype)
    content = model.save(format="eml")
    scope = {}
    exec(compile(model.save(format="py"), "model.py", "exec"), scope)
    random = np.random.default_rng(0)
    refused = 0
    for _ in range(600):
        data = bytearray(content)
        at = int(random.integers(16, 56 if random.random() < 0.8 else len(data)))
        data[at] = int(random.choice([0, 1, 2, 3, 5, 127, 128, 255, data[at] ^ 1 << int(random.integers(8))]))
        data[12:16] = struct.pack("<I", zlib.crc32(data[16:], zlib.crc32(data[:12])))
        twin = scope["new"]()
        try:
            core = open_core("neighbors", bytes(data))
        except ValueError:
            refused += 1
            with pytest.raises(ValueError):
                scope["attach"](twin, bytes(data))
            continue
        scope["attach"](twin, bytes(data))
        x = np.zeros((1, core.n_features), np.int16 if dtype == "int16" else np.float32)
        if core.n_features > 100 or struct.unpack_from("<I", data, 52)[0] == 0:
            continue
        outputs = core.outputs(x)
        out = array("f", bytes(4 * core.n_outputs))
        twin.predict(array("h" if dtype == "int16" else "f", x.tobytes()), out)
        assert out.tobytes() == outputs.tobytes()
    assert refused > 100


@pytest.mark.parametrize("dtype", ["float", "int16"])
@pytest.mark.parametrize("case", [GENERATED[0], GENERATED[-1]], ids=name)
def test_c(case, dtype, tmp_path):
    estimator, X = int16(case) if dtype == "int16" else fitted(*case)
    model = emlearn.convert(estimator, dtype=dtype)
    (tmp_path / "golden.h").write_text(model.save(format="c", name="golden"))
    n, n_out = X.shape[1], model.tables.n_outputs
    body = f"if (golden_predict_proba(x, {n}, out, {n_out})) {{ return 1; }}"
    body = body if model.is_classifier else f"out[0] = golden_predict(x, {n});"
    main = MAIN.format(n=n, n_out=n_out, body=body)
    if dtype == "int16":
        main = main.replace(f"float x[{n}], out", f"int16_t x[{n}]; float out")
    (tmp_path / "main.c").write_text(main)
    subprocess.run([*COMPILE, f"-I{emlearn.includedir}", "-o", tmp_path / "main", tmp_path / "main.c"], check=True)
    said = subprocess.run([tmp_path / "main"], input=X.tobytes(), capture_output=True, check=True).stdout
    assert said == model.predictions(X).outputs.tobytes()


def test_twin_learns():
    """As the model of the same items does."""
    X = np.random.default_rng(0).integers(-30000, 30000, (40, 5)).astype(np.int16)
    y = np.arange(40) % 7
    estimator = KNeighborsClassifier(3).fit(X[:30], y[:30])
    for dtype, code in (("int16", "h"), ("float", "f")):
        X = X if dtype == "int16" else X.astype(np.float32) / 7
        estimator.fit(X[:30], y[:30])
        model = emlearn.convert(estimator, dtype=dtype)
        scope = {}
        exec(compile(model.save(format="py"), "model.py", "exec"), scope)
        twin = scope["new"](30, 5, 3)
        for x, klass in zip(X[:30], y[:30].tolist(), strict=True):
            twin.additem(array(code, x.tobytes()), klass)
        distances, indices = estimator.kneighbors(X)
        for x, klass, distance, index in zip(X, model.predict(X), distances, indices, strict=True):
            assert twin.predict(array(code, x.tobytes())) == klass
            found = [twin.getresult(i) for i in range(3)]
            assert [i for i, _, _ in found] == index.tolist()
            assert np.allclose([d for _, d, _ in found], distance, rtol=1e-6, atol=1 if code == "h" else 1e-3)
        with pytest.raises(ValueError, match="no room"):
            twin.additem(array(code, X[0].tobytes()), 1)
