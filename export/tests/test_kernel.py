"""Support vector machines: what is special about them, and what is refused."""

from __future__ import annotations

import warnings
from functools import partial

import numpy as np
import pytest
from emlearn.certificate import reference_predictions
from emlearn.converters import kernel as converters
from emlearn.ir.document import Document
from emlearn.ir.kernel import Kind
from emlearn.passes.kernel import decision, fix, unsettled
from sklearn import svm
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler, StandardScaler
from support import data

import emlearn

VALUE = 1e-5  # of the largest decision value, as in test_families.py
PROBABILITY = 1e-5
KERNELS = ["linear", "rbf", "poly", "sigmoid"]


def scaled(name):
    X, y = data(name)
    return StandardScaler().fit_transform(X), y


def close(found, expected):
    assert found.shape == expected.shape
    assert np.max(np.abs(found - expected)) <= VALUE * np.max(np.abs(expected))


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("dataset", ["wine", "breast_cancer"])
def test_outliers(kernel, dataset, tmp_path):
    X, _ = scaled(dataset)
    estimator = svm.OneClassSVM(kernel=kernel, nu=0.1).fit(X)
    model = emlearn.convert(estimator)
    model.save(tmp_path / "model.csv")
    X32 = X.astype(np.float32)
    d = estimator.decision_function(X32)
    for each in (model, emlearn.load(tmp_path / "model.csv")):
        assert each.is_outlier_detector and each.classes_.tolist() == [-1, 1]
        close(each.decision_function(X32), d)
        close(each.score_samples(X32), estimator.score_samples(X32))
        assert np.array_equal(each.predict(X32), estimator.predict(X32))
    assert model.certify(X32).agreement == 1.0
    with pytest.raises(ValueError, match="use score_samples"):
        model.predict_proba(X32)


@pytest.mark.parametrize("case", [("wine", "poly", 0.7, 1), ("digits", "linear", 0.1, 2)], ids=lambda case: case[0])
def test_vectors_on_the_boundary(case):
    """Of wine, the constant has to move; of digits it is within the exact sum, and need not."""
    name, kernel, nu, every = case
    X = data(name)[0][::every]
    estimator = svm.OneClassSVM(kernel=kernel, nu=nu).fit(X)
    X32 = X.astype(np.float32)
    model = emlearn.convert(estimator)
    assert np.array_equal(model.predict(X32), estimator.predict(X32))
    close(model.score_samples(X32), estimator.score_samples(X32))
    source = converters.convert_outliers(estimator)
    tables = fix(source)
    moved = abs(int(model.tables.intercept[0]) - int(tables.intercept[0])) * 2.0**tables.intercept_exponent
    assert (moved > 0) == (name == "wine") and moved <= 2.0**-29 * abs(source.intercept[0])
    inside = emlearn.Model(Document(tables)).predictions(X32).outputs[:, 0] > 0
    assert np.sum(inside != (estimator.predict(X32) > 0)) == int(moved > 0)


@pytest.mark.filterwarnings("ignore:The `probability`:FutureWarning")  # scikit-learn 1.9 deprecates it
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("dataset", ["iris", "wine", "breast_cancer", "digits"])
def test_probabilities(dataset, kernel):
    """Of all rows; of digits, which take 45 pairs and five folds, with fewer to train on."""
    X, y = scaled(dataset)
    machine = svm.NuSVC(nu=0.1) if dataset == "wine" else svm.SVC()
    shape = {"iris": {"break_ties": True}, "wine": {"decision_function_shape": "ovo"}}.get(dataset, {})
    every = 4 if dataset == "digits" else 1
    estimator = machine.set_params(kernel=kernel, probability=True, random_state=0, **shape).fit(X[::every], y[::every])
    X32 = X.astype(np.float32)
    model = emlearn.convert(estimator, data=X32)
    # By libsvm, classes go by votes of decision values, not by the probability.
    assert np.array_equal(model.predict(X32), estimator.predict(X32))
    assert np.max(np.abs(model.predict_proba(X32) - estimator.predict_proba(X32))) <= PROBABILITY
    close(model.decision_function(X32), estimator.decision_function(X32))


@pytest.mark.filterwarnings("ignore:The `probability`:FutureWarning")
def test_coupling_that_ends_by_a_narrow_margin():
    """What `convert` does not compare: rows next to others of one step more, which hang on the last bits."""
    X, y = scaled("digits")
    estimator = svm.SVC(probability=True, random_state=0).fit(X[::6], y[::6])
    model = converters.convert_classifier(estimator)
    a, b = X[:60], X[60:120]
    for _ in range(30):  # halves of the lines between them, those over which probabilities change more
        middle = (a + b) / 2
        before, here, after = (estimator.predict_proba(rows) for rows in (a, middle, b))
        left = np.max(np.abs(here - before), axis=1) > np.max(np.abs(after - here), axis=1)
        a, b = np.where(left[:, None], a, middle), np.where(left[:, None], middle, b)
    jumps = np.max(np.abs(estimator.predict_proba(b) - estimator.predict_proba(a)), axis=1) > PROBABILITY
    assert np.sum(jumps) > 1
    narrow = unsettled(model, a)
    assert np.all(narrow[jumps]) and not np.any(narrow[~jumps])


@pytest.mark.parametrize("shape", ["ovo", "ovr"])
@pytest.mark.parametrize("kernel", KERNELS)
def test_votes(kernel, shape):
    """Of rough decision values, so that linear and polynomial ones have ties."""
    X, y = scaled("digits")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        options = {"break_ties": True} if shape == "ovr" else {}
        estimator = svm.SVC(
            kernel=kernel, C=0.01, max_iter=5, decision_function_shape=shape, class_weight="balanced", **options
        ).fit(X[::4], np.array(list("jihgfedcba"))[y[::4]])
    X32 = X.astype(np.float32)
    model = emlearn.convert(estimator)
    assert np.array_equal(model.predict(X32), estimator.predict(X32))
    close(model.decision_function(X32), estimator.decision_function(X32))
    estimator.decision_function_shape = "ovo"
    votes = np.zeros((len(X), 10), int)
    pairs = [(i, j) for i in range(10) for j in range(i + 1, 10)]
    for d, (i, j) in zip(estimator.decision_function(X32).T, pairs, strict=True):
        np.add.at(votes, (np.arange(len(X)), np.where(d > 0, i, j)), 1)
    best = np.sort(votes, axis=1)
    assert kernel in ("rbf", "sigmoid") or np.sum(best[:, -1] == best[:, -2]) > 5  # there are ties


def test_a_decision_value_of_zero():
    """libsvm gives it to the second class, and calls it an outlier."""
    X, y = np.array([[-1.0], [1.0]]), [0, 1]
    estimator = svm.SVC(kernel="linear").fit(X, y)
    assert estimator.decision_function([[0.0]]) == 0.0
    assert emlearn.convert(estimator).predict([[0.0]]) == estimator.predict([[0.0]])
    three = svm.SVC(kernel="rbf", gamma=1.0).fit([[-1.0], [1.0], [9.0]], [0, 1, 2])
    assert np.array_equal(emlearn.convert(three).predict([[0.0], [4e18]]), three.predict([[0.0], [4e18]]))


def test_integers_are_kept():
    X, y = data("digits")
    for kernel in ("rbf", "poly"):
        model = emlearn.convert(svm.SVC(kernel=kernel).fit(X, y))
        assert model.info()["vectors"] == "int16" and model.info()["n_vectors"] == model.tables.n_vectors16 > 500
    assert emlearn.convert(svm.SVC().fit(X / 3, y)).info()["vectors"] == "int32"


def test_features_far_from_zero():
    """Of a large feature that varies little nothing is lost."""
    X, y = scaled("iris")
    X = (X + [1e4, 0, -3e3, 500]).astype(np.float32)
    estimator = svm.SVC(gamma=0.25).fit(X, y)
    close(emlearn.convert(estimator).decision_function(X), estimator.decision_function(X))


def test_features_of_any_size():
    X, y = data("wine")
    sizes = 2.0 ** np.linspace(-40, 40, X.shape[1])
    for estimator in (svm.SVC(kernel="poly"), svm.SVR(kernel="sigmoid")):
        pipeline = make_pipeline(StandardScaler(), estimator).fit(X * sizes, y)
        X32 = (X * sizes).astype(np.float32)
        close(emlearn.convert(pipeline).predictions(X32).outputs, reference_predictions(pipeline, X32).outputs)
    for value in (0.0, 1e-45, 3e38):
        row = np.full((1, X.shape[1]), value, np.float32)
        model = emlearn.convert(svm.SVC().fit(X, y))
        assert model.predict(row) in (0, 1, 2)


def test_csv_from_before_there_were_couplings(tmp_path):
    model = emlearn.convert(svm.SVC().fit(*data("iris")))
    rows = [row for row in model.save(format="csv").splitlines() if not row.startswith("platt")]
    rows[-1] = f"end,{len(rows) - 1}"
    (tmp_path / "model.csv").write_text("\n".join(rows))
    assert emlearn.load(tmp_path / "model.csv").save(format="eml") == model.save(format="eml")


def test_sparse():
    from scipy.sparse import csr_matrix

    X, y = data("digits")
    for kernel in KERNELS[:3]:
        estimator = svm.SVC(kernel=kernel).fit(csr_matrix(X[:600]), y[:600])
        model = emlearn.convert(svm.SVC(kernel=kernel).fit(X[:600], y[:600]))
        found = emlearn.convert(estimator)
        assert np.array_equal(found.predict(X[600:]), estimator.predict(csr_matrix(X[600:].astype(np.float32))))
        assert np.array_equal(found.predict(X[600:]), model.predict(X[600:]))


def test_no_vectors_and_no_gamma():
    X, y = scaled("diabetes")
    estimator = svm.SVR(epsilon=1e6).fit(X, y)
    assert len(estimator.support_) == 0
    assert np.allclose(emlearn.convert(estimator).predict(X[:3]), estimator.predict(X[:3]))
    for kernel in KERNELS[1:]:
        estimator = svm.SVR(kernel=kernel, gamma=0.0, coef0=0.5).fit(X, y)
        assert np.allclose(emlearn.convert(estimator).predict(X[:3]), estimator.predict(X[:3]), rtol=1e-5)


def test_degrees():
    X, y = scaled("wine")
    for degree in (0, 1, 2, 7, 15):
        estimator = svm.SVC(kernel="poly", degree=degree, coef0=1.0).fit(X, y)
        model = emlearn.convert(estimator)
        close(model.decision_function(X.astype(np.float32)), estimator.decision_function(X.astype(np.float32)))


def test_scaled_alike():
    X, y = data("wine")
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(X.shape[1],) * 2))[0]
    from sklearn.decomposition import PCA

    pipeline = make_pipeline(PCA(), svm.SVC()).fit(X @ turn, y)
    X32 = (X @ turn).astype(np.float32)
    assert np.array_equal(emlearn.convert(pipeline).predict(X32), pipeline.predict(X32))


def test_refused():
    X, y = scaled("iris")
    refuses = partial(pytest.raises, emlearn.ConvertError)
    with refuses(match="not fitted"):
        emlearn.convert(svm.SVC())
    with refuses(match="kernel='precomputed' of SVC is not supported; the nearest is 'rbf'"):
        emlearn.convert(svm.SVC(kernel="precomputed").fit(X @ X.T, y))
    with refuses(match="kernel=as a function of SVR"):
        emlearn.convert(svm.SVR(kernel=lambda a, b: a @ b.T).fit(X, y))
    with refuses(match="degree=16 of SVC is not supported; the nearest is degree=15"):
        emlearn.convert(svm.SVC(kernel="poly", degree=16).fit(X, y))
    with refuses(match="FunctionTransformer"):
        emlearn.convert(make_pipeline(FunctionTransformer(), MaxAbsScaler(), svm.SVC()).fit(X, y))
    with refuses(match="scale= is for trees"):
        emlearn.convert(svm.SVC().fit(X, y), dtype="int16", scale=True)
    with pytest.raises(ValueError, match="NaN, infinity"):
        emlearn.convert(svm.SVC().fit(X, y)).predict([[0, 0, 0, np.nan]])


def test_cancellation():
    """Terms that are much larger than their sums, which 31 bits cannot tell, or which are all that there is."""
    refuses = partial(pytest.raises, emlearn.ConvertError)
    for name, nu in (("iris", 0.05), ("wine", 0.05), ("wine", 0.5)):
        X, y = data(name)
        with refuses(match="times larger than the largest of their sums.*StandardScaler"):
            emlearn.convert(svm.NuSVC(nu=nu, kernel="poly").fit(X, y))
        pipeline = make_pipeline(StandardScaler(), svm.NuSVC(nu=nu, kernel="poly")).fit(X, y)
        assert np.array_equal(
            emlearn.convert(pipeline).predict(X.astype(np.float32)), pipeline.predict(X.astype(np.float32))
        )
    X, _ = scaled("digits")
    with refuses(match="3e.04 times larger than"):  # of features that hardly any row has
        emlearn.convert(svm.OneClassSVM(kernel="linear", nu=0.2).fit(X[::6]))
    for name in ("wine", "breast_cancer", "digits"):
        with refuses(match="0 but for float64's rounding"):
            emlearn.convert(svm.OneClassSVM(kernel="sigmoid", gamma="auto").fit(data(name)[0]))


# ---- What scikit-learn makes by default, of raw features as well: no class may differ

MACHINES = {name: getattr(svm, name) for name in ("SVC", "NuSVC", "OneClassSVM", "SVR", "NuSVR")}
DEFAULTS = [
    *(("SVC", "linear", name, False) for name in ("iris", "wine", "breast_cancer", "digits")),
    *(
        (machine, kernel, name, is_scaled)
        for machine in ("NuSVC", "OneClassSVM")
        for kernel in KERNELS
        for name in ("iris", "wine", "breast_cancer", "digits")
        for is_scaled in (False, True)
    ),
    *(
        (machine, kernel, name, False)
        for machine in ("SVR", "NuSVR")
        for kernel in KERNELS
        for name in ("diabetes", "wine")
    ),
]
CANCELS = ("NuSVC", "poly", "wine", False)  # see test_cancellation
UNDECIDED = 0.002  # part of the rows


def rounding(source, X):
    """Bound what rounding does to decision values, libsvm's in float64 and ours, to first order."""
    n, size, coef = len(source.vectors), np.abs(X), np.abs(source.coef)
    # Of features and vectors 2^-32 of a column's largest are lost: here and below in units of 2^-31.
    lost = (size @ np.max(np.abs(source.vectors), axis=0))[:, None]
    if source.kernel == Kind.LINEAR:
        terms = size @ np.abs(source.vectors).T + np.abs(source.intercept)
        return n * 2.0**-53 * terms + 2.0**-31 * (2 * lost + terms)
    if source.kernel == Kind.RBF:  # exp loses 2^-30, its argument 2^-31
        distance = source.gamma * np.stack([np.sum((source.vectors - x) ** 2, axis=1) for x in X])
        K = np.exp(-distance)
        error = K * (4 + 2 * distance)
    else:
        z, lost = np.abs(source.gamma * (X @ source.vectors.T) + source.coef0), source.gamma * lost
        K = z**source.degree if source.kernel == Kind.POLY else np.tanh(z)
        slope = source.degree * z ** (source.degree - 1) if source.kernel == Kind.POLY else 1 - K**2
        error = 4 * K + 2 * slope * lost + (2 * source.degree * K if source.kernel == Kind.POLY else 0)
    if source.sizes is None:  # each coefficient has 31 bits, too
        return (n * 2.0**-53 * K + 2.0**-31 * (error + 2 * K)) @ coef.T + 2.0**-31 * np.abs(source.intercept)
    # Of all pairs of classes as of their vectors: a vector's largest coefficient.
    return ((n * 2.0**-53 * K + 2.0**-31 * (error + 2 * K)) @ np.max(coef, axis=0))[:, None]


@pytest.mark.parametrize(
    "case", [case for case in DEFAULTS if case != CANCELS], ids=lambda case: "-".join(map(str, case))
)
def test_defaults(case):
    machine, kernel, name, is_scaled = case
    X, y = (scaled if is_scaled else data)(name)
    estimator = MACHINES[machine](kernel=kernel, **({"max_iter": 200_000} if kernel == "linear" else {}))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        estimator.fit(X, *([] if machine == "OneClassSVM" else [y]))
    model = emlearn.convert(estimator)
    rows = np.arange(0, len(X), 2 if name == "digits" else 1)
    X32 = X[rows].astype(np.float32)
    if machine in ("SVR", "NuSVR"):
        close(model.predict(X32), estimator.predict(X32))
        return
    close(model.decision_function(X32), estimator.decision_function(X32))
    convert = converters.convert_outliers if machine == "OneClassSVM" else converters.convert_classifier
    source, x = convert(estimator), X32.astype(np.float64)
    undecided = np.any(np.abs(decision(source, x)) <= rounding(source, x), axis=1)
    differs = model.predict(X32) != estimator.predict(X32)
    assert not np.any(differs & ~undecided)
    # Vectors on the boundary of a one-class machine are undecided, but on their side.
    assert np.mean(differs if machine == "OneClassSVM" else undecided) <= UNDECIDED
