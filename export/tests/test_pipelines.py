"""Pipelines whose steps are in the file: transformers before each family, through each format, all rows."""

from __future__ import annotations

import subprocess
import warnings
from array import array
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from emlearn._registry import find
from emlearn.builders.integers import in_integers, values_of
from emlearn.builders.margins import keep_training_values, margins
from emlearn.certificate import reference_predictions
from emlearn.converters.steps import rounds_alike
from emlearn.device.deploy import checked
from emlearn.ir.document import Document, Output
from emlearn.ir.neighbors import NeighborsModel
from emlearn.passes.neighbors import undecided
from emlearn.preprocessing import Quantizer
from emlearn.writers.c import FUNCTIONS
from lightgbm import LGBMClassifier
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.feature_selection import SelectKBest, VarianceThreshold
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor, NearestCentroid
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OrdinalEncoder,
    RobustScaler,
    StandardScaler,
)
from sklearn.utils.estimator_checks import check_estimator
from support import data, with_missing
from test_families import COMPILE, MAIN
from xgboost import XGBClassifier

import emlearn
from emlearn import _quantize as q

CHAINS = {
    "pca": lambda: [StandardScaler(), PCA(4)],
    "plain": lambda: [PCA(2)],
    "float32 pca": lambda: [StandardScaler(), PCA(4)],
    "float32 scaled": lambda: [PCA(3, whiten=True), StandardScaler()],
    "whitened": lambda: [PCA(3, whiten=True), MinMaxScaler(clip=True)],
    "standard": lambda: [StandardScaler()],
    "clip": lambda: [MaxAbsScaler(), MinMaxScaler((-0.6, 0.9), clip=True)],
    "select": lambda: [VarianceThreshold(), SelectKBest(k=3)],
    "mean": lambda: [SimpleImputer(), StandardScaler()],
    "median pca": lambda: [make_pipeline(SimpleImputer(strategy="median"), "passthrough"), PCA(4)],
    "number": lambda: [SimpleImputer(missing_values=-1, strategy="most_frequent"), MinMaxScaler()],
    "quantizer": lambda: [StandardScaler(), Quantizer("int8", max_quantile=0.05)],
    "codes": lambda: [OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)],
}
SCALED = {
    "two of scaled": lambda: [StandardScaler(), PCA(2)],
    "robust": lambda: [RobustScaler(), SelectKBest(k=4), PCA()],
    "every": lambda: [MinMaxScaler(), PCA()],
}
MODELS = {
    "knn": lambda: KNeighborsClassifier(5),
    "knn regression": lambda: KNeighborsRegressor(4, weights="distance"),
    "centroids": lambda: NearestCentroid(),
    "logistic": lambda: LogisticRegression(max_iter=300),
    "ridge": lambda: Ridge(),
    "net": lambda: MLPClassifier((8,), max_iter=60, random_state=0),
    "forest": lambda: RandomForestClassifier(7, random_state=0),
    "forest regression": lambda: RandomForestRegressor(5, max_depth=7, random_state=0),
    "gradient": lambda: GradientBoostingClassifier(n_estimators=6, random_state=0),
    "histogram": lambda: HistGradientBoostingClassifier(max_iter=6, random_state=0),
    "isolation": lambda: IsolationForest(n_estimators=9, random_state=0),
    "xgboost": lambda: XGBClassifier(n_estimators=6, n_jobs=1),
    "lightgbm": lambda: LGBMClassifier(n_estimators=6, n_jobs=1, verbose=-1),
}
DATASETS = ["iris", "wine", "breast_cancer", "digits"]
NEIGHBORS, TREES, AFFINE = ["knn", "knn regression", "centroids"], list(MODELS)[6:12], ["logistic", "ridge", "net"]
ON_VALUES = ["histogram", "xgboost"]  # trees whose thresholds are training values
CASES = [
    *((chain, "knn", dataset) for chain in CHAINS for dataset in DATASETS[:2]),
    *((chain, "knn", dataset) for chain in ("pca", "mean") for dataset in DATASETS[2:3]),
    ("pca", "knn", "digits"),
    *((chain, name, "wine") for chain in CHAINS for name in NEIGHBORS[1:]),
    *((chain, "forest", dataset) for chain in ("pca", "median pca") for dataset in DATASETS),
    *((chain, name, "wine") for chain in ("pca", "whitened", "number", "codes") for name in TREES),
    *((chain, name, "wine") for chain in ("clip", "mean", "number", "quantizer", "codes") for name in AFFINE),
    *(("mean", name, "breast_cancer") for name in AFFINE),
    *((chain, name, dataset) for chain in ("plain", "float32 pca") for name in ON_VALUES for dataset in DATASETS),
    *((chain, name, "digits") for chain in ("whitened", "float32 scaled") for name in ON_VALUES),
    *(("pca", name, dataset) for name in ON_VALUES for dataset in ("iris", "breast_cancer", "digits")),
    *((chain, "histogram", "digits") for chain in ("two of scaled", "robust")),
    ("plain", "lightgbm", "digits"),
    ("every", "forest", "digits"),
]
DECIMALS = [(chain, name) for chain in ("pca", "plain", "robust") for name in ON_VALUES]
MAX_UNDECIDED = 0.002
# Behind scalers, rows are off their thresholds by what float32 rounds, some 25 integers, of which 0.3 are ours: 1 in 80
# comparisons of a row that is on a threshold, and probabilities are of 60 trees.
MAX_OTHER_OUTPUTS = 0.01
TOLERANCE = 1e-5  # of a probability; of the largest value


@cache
def fitted(chain, name, dataset):
    X, y = data(dataset)
    if "mean" in chain or "median" in chain:
        X = with_missing(X)
    elif chain == "number":
        X = np.nan_to_num(with_missing(X), nan=-1.0)
    elif chain == "codes":
        X = np.rint(X * 2)
    X = X.astype(np.float32)
    kind = np.float32 if "float32" in chain else np.float64
    every = 2 if name in NEIGHBORS or chain == "codes" else 1  # of an item itself, the distance is 0 but for rounding
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make_pipeline(*(CHAINS | SCALED)[chain](), MODELS[name]()).fit(X[::every].astype(kind), y[::every]), X


@cache
def converted(*case):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return emlearn.convert(fitted(*case)[0])


def decided(pipeline, model, X):
    """Rows that the model behind the steps takes for the same after the steps as after the transformers."""
    source = find(pipeline)(pipeline)
    transformed = X
    for transformer in source.front:
        transformed = np.asarray(transformer.transform(np.array(transformed)))
    ours, theirs = model.apply_steps(X), np.ascontiguousarray(transformed, np.float32)
    if compares_integers(model):
        return ~near_thresholds(source, X, transformed.astype(np.float64))
    assert np.max(np.abs(ours - theirs)) <= 2e-6 * np.max(np.abs(theirs))
    if getattr(source.source, "equal_goes", ""):
        return ~near_thresholds(source, X, transformed.astype(np.float64))
    inner = emlearn.Model(Document(model.tables.inner))
    before, after = inner.predictions(theirs), inner.predictions(ours)
    same = np.max(np.abs(before.outputs - after.outputs), axis=1) <= TOLERANCE * max(1, np.max(np.abs(before.outputs)))
    same &= before.labels == after.labels
    if isinstance(source.source, NeighborsModel):
        same &= ~undecided(source.source, theirs)
    return same


def compares_integers(model):
    """Whether a matrix is the only step that has a flag, the one that it may have."""
    tables = model.tables
    return tables.outline[-1][0] == "matrix" and tables.steps[last_step(tables)] >> 8 & 0xFF == 1


def last_step(tables):
    """Where it begins, if it is a matrix."""
    n = ([tables.n_features] + [n for _, n in tables.outline])[-2]
    return tables.n_words - 1 - (n + 2) // 2 - (n + 1) * tables.outline[-1][1]


def near_thresholds(source, X, transformed):
    """Rows that float32 rounding can take to the other side of a threshold.

    The steps may be off by it, and the threshold moved by it: twice that, and the float32 beside each.
    """
    error = margins(replace(source, front=[]), X)  # in float32
    found = np.zeros(len(X), bool)
    for j in np.flatnonzero(error > 0):
        thresholds = np.unique(source.source.threshold[source.source.feature == j])
        thresholds = thresholds[np.isfinite(thresholds)]
        reach = 2 * error[j] + 2 * np.spacing(np.abs(transformed[:, j]).astype(np.float32))
        last = np.searchsorted(thresholds, transformed[:, j] + reach, side="right")
        found |= last > np.searchsorted(thresholds, transformed[:, j] - reach)
    return found


@pytest.mark.filterwarnings("ignore:X does not have valid feature names", "ignore:Skipping features")
@pytest.mark.parametrize("case", CASES, ids=" ".join)
def test_all_rows(case, tmp_path):
    pipeline, X = fitted(*case)
    model = converted(*case)
    assert model.tables.FAMILY == "pipeline" and model.n_features_in_ == X.shape[1]
    expected, found = reference_predictions(pipeline, X), model.predictions(X)
    same = decided(pipeline, model, X)
    largest = 1.0 if model.tables.output == Output.PROBABILITIES else np.max(np.abs(expected.outputs))
    wrong = np.max(np.abs(found.outputs - expected.outputs), axis=1) > TOLERANCE * largest
    if model.is_classifier:
        other = found.labels != expected.labels
        wrong |= other
        assert np.sum(other) <= MAX_UNDECIDED * len(X) or case[1] not in (*ON_VALUES, "lightgbm")
    assert not np.any(wrong & same)
    # Of integers, many are at the same distance.
    few = 0 if case[1] in ON_VALUES else 10 if case[0] in ("codes", "quantizer") else 1
    off_thresholds = compares_integers(model) and rounds_alike(*front_of(pipeline))
    share = MAX_OTHER_OUTPUTS if off_thresholds else MAX_UNDECIDED * max(few, 1)
    assert np.sum(wrong) <= max(few, share * len(X))
    for format in ("eml", "csv"):
        model.save(tmp_path / f"model.{format}")
        loaded = emlearn.load(tmp_path / f"model.{format}")
        assert loaded.save(format="eml") == model.save(format="eml")
        assert np.array_equal(loaded.predictions(X).outputs, found.outputs)


def front_of(pipeline):
    source = find(pipeline)(pipeline)
    return source.front, source.source


@pytest.mark.parametrize("chain, name", DECIMALS, ids=" ".join)
def test_decimals(chain, name):
    """Features that float32 rounds, so that rows are off the thresholds that training has put on them."""
    X, y = data("digits")
    X = X + 0.1 * np.random.default_rng(0).normal(size=X.shape)
    pipeline = make_pipeline(*(CHAINS | SCALED)[chain](), MODELS[name]()).fit(X, y)
    X = X.astype(np.float32)
    other = emlearn.convert(pipeline).predict(X) != reference_predictions(pipeline, X).labels
    assert np.sum(other) <= MAX_UNDECIDED * len(X)


def test_integers_are_nearest():
    """To (x - middle) / unit, in which thresholds are from -0x7F000000 to the opposite; 1 is what sums can be off."""
    pipeline, X = fitted("plain", "histogram", "digits")
    source, model = find(pipeline)(pipeline), converted("plain", "histogram", "digits")
    step = in_integers(source, X).steps[-1]
    threshold = source.source.threshold
    for j in range(2):
        own = threshold[source.source.feature == j]
        assert np.isclose(own.max() - own.min(), 2 * 0x7F000000 * step.units[1][j], rtol=1e-12, atol=0)
    transformed = pipeline[:-1].transform(X.astype(np.float64))
    off = (values_of(step, model.apply_steps(X)) - transformed) / step.units[1]
    inside = np.abs(transformed - step.units[0]) < 0x7F7FFFFF * step.units[1]
    assert np.mean(inside) > 0.9 and np.max(np.abs(off[inside])) <= 1.5


@pytest.mark.parametrize("name", ON_VALUES)
def test_thresholds_move_to_keep_training_values(name):
    pipeline, X = fitted("float32 pca", name, "wine")
    source = find(pipeline)(pipeline)
    before, after = source.source.threshold, keep_training_values(source, X).source.threshold
    moved = after - before if name == "histogram" else before - after
    error, beside = margins(source, X)[source.source.feature], np.spacing(np.abs(before).astype(np.float32))
    assert np.all(moved >= error - beside) and np.all(moved <= error + 2 * beside) and np.any(moved > beside)


@pytest.mark.parametrize("name", [*ON_VALUES, "forest"])
def test_thresholds_stay_behind_exact_steps(name):
    """And those that are midway between two training values, behind any."""
    for chain in ("number", "codes") if name in ON_VALUES else ("pca",):
        pipeline, X = fitted(chain, name, "wine")
        source = find(pipeline)(pipeline)
        assert source.front and keep_training_values(source, X) is None and in_integers(source, X) is None


def test_scalers_round_as_scikit_learn_does():
    """Before a PCA and XGBoost. 1 / scale is off by 2^-37, numbers are 2^-24 apart: at most 1 in 2^13 is another."""
    pipeline, X = fitted("pca", "xgboost", "breast_cancer")
    source = find(pipeline)(pipeline)
    assert [step.NAME for step in source.steps] == ["scale", "scale", "matrix"]
    scaled = X
    for step in source.steps[:2]:
        whole, low, shift = q.factors_to_int37(step.factor)  # as the device has it
        factor = np.ldexp(whole + low / 64.0, shift.astype(np.int32))
        scaled = (scaled * factor + step.offset).astype(np.float32)
    assert np.mean(scaled != pipeline[0].transform(X)) <= 2.0**-13
    pipeline, X = fitted("pca", "forest", "breast_cancer")
    assert [step.NAME for step in find(pipeline)(pipeline).steps] == ["matrix"]


GENERATED = [
    ("pca", "forest", "wine"),
    ("pca", "histogram", "wine"),
    ("pca", "isolation", "wine"),
    ("codes", "forest regression", "wine"),
    ("mean", "knn", "wine"),
    ("quantizer", "knn regression", "wine"),
    ("whitened", "centroids", "wine"),
    ("number", "logistic", "wine"),
    ("mean", "net", "wine"),
    ("clip", "ridge", "wine"),
]
ODD = (np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-42, 3e38, -3e38)


def refused(model, x):
    try:
        model.predict(x[None])
    except ValueError:
        return True
    return False


@pytest.mark.parametrize("case", GENERATED, ids=" ".join)
@pytest.mark.parametrize("method", ["loadable", "inline"])
def test_c(case, method, tmp_path):
    _, X = fitted(*case)
    model = converted(*case)
    (tmp_path / "golden.h").write_text(model.save(format="c", name="golden", method=method))
    n, n_out = X.shape[1], model.tables.n_outputs
    body = f"if (golden_{FUNCTIONS[model.tables.output]}(x, {n}, out, {n_out})) {{ return 1; }}\n"
    if not model.is_classifier:
        body = f"out[0] = golden_predict(x, {n});"
    else:
        body += f' printf("%c", (char)golden_predict(x, {n}));'
        body += f" if (golden_predict(x, {n - 1}) >= 0) {{ return 2; }}"
    (tmp_path / "main.c").write_text(MAIN.format(n=n, n_out=n_out, body=body))
    subprocess.run([*COMPILE, f"-I{emlearn.includedir}", "-o", tmp_path / "main", tmp_path / "main.c"], check=True)
    said = subprocess.run([tmp_path / "main"], input=X.tobytes(), capture_output=True, check=True).stdout
    rows = np.frombuffer(said, np.dtype([("class", "u1", int(model.is_classifier)), ("out", "<f4", n_out)]))
    assert np.array_equal(rows["out"], model.predictions(X).outputs)
    if model.is_classifier:
        assert np.array_equal(model.classes_[rows["class"][:, 0]], model.predict(X))


@pytest.mark.parametrize("case", GENERATED, ids=" ".join)
def test_python(case):
    """The twin, bit for bit, on rows that hurt as well; it refuses what the core refuses."""
    _, X = fitted(*case)
    model = converted(*case)
    scope = {}
    exec(compile(model.save(format="py"), "model.py", "exec"), scope)
    twin = scope["model"]
    random = np.random.default_rng(0)
    odd = X[:30] * 2.0 ** random.integers(-40, 40, (30, X.shape[1])).astype(np.float32)
    odder = X[:30].copy()
    odder[random.random(odder.shape) < 0.2] = random.choice(ODD)
    for j, number in enumerate(ODD):
        odder[j, j % X.shape[1]] = number
    for x in np.concatenate((X[:40], odd, odder)).astype(np.float32):
        values, out = array("f", x.tobytes()), array("f", bytes(4 * model.tables.n_outputs))
        if refused(model, x):
            with pytest.raises(ValueError, match="NaN|unknown"):
                twin.predict(values, out)
            continue
        expected = model.predictions(x[None])
        twin.predict(values, out)
        assert out.tobytes() == expected.outputs[0].tobytes()
        if model.is_classifier:
            assert scope["predict"](values) == expected.labels[0]
    assert twin.selftest() == (len(model.golden.features),) * 2
    assert twin.info()["family"] == "pipeline"


# ---- Scores, data, options


def test_scores_of_the_model_behind():
    pipeline, X = fitted("pca", "isolation", "wine")
    model = converted("pca", "isolation", "wine")
    assert np.allclose(model.score_samples(X), pipeline.score_samples(X), rtol=0, atol=1e-6)
    assert np.allclose(model.decision_function(X), pipeline.decision_function(X), rtol=0, atol=1e-6)
    pipeline, X = fitted("mean", "logistic", "wine")
    model = converted("mean", "logistic", "wine")
    assert np.max(np.abs(model.decision_function(X) - pipeline.decision_function(X))) <= 1e-5
    assert np.max(np.abs(model.predict_proba(X) - pipeline.predict_proba(X))) <= TOLERANCE
    with pytest.raises(ValueError, match="no steps"):
        emlearn.convert(pipeline[-1]).apply_steps(X)


@pytest.mark.parametrize("dtype", ["float", "int16", "auto"])
@pytest.mark.parametrize("name", ["forest", "net", "knn"])
def test_data_and_dtype(name, dtype):
    pipeline, X = fitted("pca", name, "wine") if name != "net" else fitted("clip", name, "wine")
    if (name, dtype) == ("knn", "int16"):
        with pytest.raises(emlearn.ConvertError, match="integers from -32768|behind steps"):
            emlearn.convert(pipeline, dtype=dtype, data=X)
        return
    model = emlearn.convert(pipeline, dtype=dtype, data=X, max_loss=0.05)
    assert model.tables.typecode == "f" and model.dtype == (
        "float" if name == "knn" or dtype == "float" else model.tables.inner.dtype_name
    )
    certificate = model.certify(X, data("wine")[1])
    assert certificate.agreement >= 0.95 and certificate.estimator == "Pipeline"
    assert np.array_equal(model.golden.features[:3], X[:3])
    info = model.info()
    assert info["steps"] and info["model"] in ("trees", "net", "neighbors") and info["bytes"]["model"] > 100


def test_labels_and_text():
    X, y = data("iris")
    names = np.array(["\nblue", "gr\u00fcn", "red, \\"])[y]
    model = emlearn.convert(make_pipeline(PCA(2), RandomForestClassifier(3, random_state=0)).fit(X, names))
    assert set(model.predict(X)) == set(names)
    scope = {}
    exec(compile(model.save(format="py"), "model.py", "exec"), scope)
    assert scope["predict"](array("f", X[0].tolist())) == model.predict(X[:1])[0]
    assert model.info()["steps"] == "matrix to 2" and "matrix, then 3 trees" in repr(model)


@pytest.mark.parametrize(
    "steps, message",
    [
        ([ColumnTransformer([("a", StandardScaler(), [0, 1])])], "ColumnTransformer in a Pipeline.*the same transf"),
        ([FeatureUnion([("a", StandardScaler()), ("b", PCA(2))])], "FeatureUnion in a Pipeline"),
        ([FunctionTransformer(np.abs)], "FunctionTransformer in a Pipeline is not supported; supported: .*PCA"),
        ([SimpleImputer(add_indicator=True, missing_values=2.0)], "the nearest is add_indicator=False"),
        ([OrdinalEncoder(max_categories=3)], "max_categories"),
    ],
)
@pytest.mark.parametrize("last", [KNeighborsClassifier(), RandomForestClassifier(2), LogisticRegression(max_iter=500)])
def test_what_is_not_supported(steps, last, message):
    X, y = data("iris")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pipeline = make_pipeline(*steps, last).fit(X, y)
    with pytest.raises(emlearn.ConvertError, match=message):
        emlearn.convert(pipeline)


def test_imputer_drops_what_it_has_not_seen():
    X, y = data("iris")
    X = with_missing(X)
    X[:, 1] = np.nan
    for last in (KNeighborsClassifier(), RandomForestClassifier(3, random_state=0)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pipeline = make_pipeline(SimpleImputer(), last).fit(X, y)
            model = emlearn.convert(pipeline)
            assert np.array_equal(model.predict(X), pipeline.predict(X))


def test_refuses_what_scikit_learn_refuses():
    pipeline, X = fitted("pca", "forest", "wine")
    bad = X[:1].copy()
    bad[0, 3] = np.nan
    for predict in (pipeline.predict, converted("pca", "forest", "wine").predict):
        with pytest.raises(ValueError, match="NaN"):
            predict(bad)
    X = np.rint(data("iris")[0])
    pipeline = make_pipeline(OrdinalEncoder(), KNeighborsClassifier()).fit(X, data("iris")[1])
    for predict in (pipeline.predict, emlearn.convert(pipeline).predict):
        with pytest.raises(ValueError):
            predict(X[:1] + 0.5)


@pytest.mark.parametrize(
    "case, packages",
    [(("pca", "forest", "wine"), ["emltrees", "emlpipeline"]), (("mean", "knn", "wine"), ["emlknn", "emlpipeline"])],
)
def test_packages_that_a_board_gets(case, packages, tmp_path):
    converted(*case).save(tmp_path / "model.csv")
    assert checked(tmp_path / "model.csv")[1] == packages


# ---- The transformer of ours


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("estimator", [Quantizer(), Quantizer("int8", max_value=3.0)])
def test_quantizer_is_a_transformer(estimator):
    check_estimator(estimator)


def test_quantizer():
    X = data("wine")[0]
    quantizer = Quantizer("int8", max_value=2.0, out_max=100).fit(X, None)
    assert quantizer.transform([[0.01, -0.03, 0.05, 9, -9] + [1] * 8]).tolist() == [[0, -2, 2, 100, -100] + [50] * 8]
    assert np.array_equal(quantizer.inverse_transform([[50] * 13]), [[1.0] * 13])
    assert list(quantizer.get_feature_names_out()) == [f"x{i}" for i in range(13)]
    assert Quantizer().fit_transform(X).dtype == np.int16
    for bad in ({"dtype": "int32"}, {"out_max": 0}, {"out_max": 200, "dtype": "int8"}, {"max_quantile": 1.0}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            Quantizer(**bad).fit(X)
    with pytest.raises(ValueError, match="max_value"):
        Quantizer(max_value=0.0).fit(X)
