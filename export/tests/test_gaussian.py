"""Gaussian components: what an estimator's options change, magnitudes that hurt, scores, and what is refused."""

from __future__ import annotations

import struct
import zlib
from array import array
from functools import cache

import numpy as np
import pytest
from emlearn._core import open_core
from emlearn._resources import twin
from sklearn.base import clone
from sklearn.covariance import EllipticEnvelope, LedoitWolf
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from support import data

import emlearn
from emlearn import ConvertError

PROBABILITY = 1e-5
RELATIVE = 2e-6  # of a score or its logarithm, or of 1; 2^-24 is float32's own part of it
GOLDEN = "export/tests/golden"

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def close(got, expected):
    return np.all(np.abs(got - expected) <= RELATIVE * np.maximum(np.abs(expected), 1.0))


def same(estimator, X, model=None):
    """All that a classifier or mixture says of rows; returns the model."""
    model = emlearn.convert(estimator) if model is None else model
    X = np.asarray(X, np.float32)
    wide = X.astype(np.float64)
    assert np.array_equal(model.predict(X), estimator.predict(wide))
    if hasattr(estimator, "predict_proba"):
        assert np.max(np.abs(model.predict_proba(X) - estimator.predict_proba(wide))) <= PROBABILITY
    if hasattr(estimator, "predict_log_proba"):
        expected = estimator.predict_log_proba(wide)
        known = np.isfinite(expected) & (expected > -700)  # QDA takes the logarithm of what is 0 below that
        assert close(model.predict_log_proba(X)[known], expected[known])
    if hasattr(estimator, "decision_function"):
        expected = estimator.decision_function(wide)
        assert model.decision_function(X).shape == expected.shape
        assert close(model.decision_function(X), expected)
    if hasattr(estimator, "score_samples"):
        assert close(model.score_samples(X), estimator.score_samples(wide))
    return model


@pytest.mark.parametrize("dataset", ["iris", "wine", "breast_cancer", "digits"])
def test_priors(dataset):
    X, y = data(dataset)
    n = len(np.unique(y))
    priors = np.arange(1.0, n + 1)
    priors /= priors.sum()
    model = same(GaussianNB(priors=priors, var_smoothing=1e-7).fit(X, y), X)
    learned = same(GaussianNB(var_smoothing=1e-7).fit(X, y), X)
    assert np.max(np.abs(model.predict_proba(X) - learned.predict_proba(X))) > 1e-4
    same(QuadraticDiscriminantAnalysis(priors=priors, reg_param=0.1).fit(X, y), X)


@pytest.mark.parametrize(
    "options",
    [
        {"reg_param": 0.3, "store_covariance": True},
        {"solver": "eigen", "shrinkage": "auto"},
        {"solver": "eigen", "shrinkage": 0.2, "store_covariance": True},
        {"solver": "eigen", "covariance_estimator": LedoitWolf()},
    ],
)
@pytest.mark.parametrize("classes", [2, 3])
def test_discriminants(options, classes):
    X, y = data("wine")
    rows = y < classes
    same(QuadraticDiscriminantAnalysis(**options).fit(X[rows], y[rows]), X)


def test_discriminant_without_full_rank():
    """As older versions of scikit-learn leave it: with fewer directions than features."""
    X, y = data("wine")
    estimator = QuadraticDiscriminantAnalysis().fit(X, y)
    for k, rank in enumerate((13, 9, 4)):
        estimator.rotations_[k] = estimator.rotations_[k][:, :rank]
        estimator.scalings_[k] = estimator.scalings_[k][:rank]
    same(estimator, X)


@pytest.mark.parametrize("concentration", [1e-9, 1.0, 1e3])
@pytest.mark.parametrize("kind", ["dirichlet_process", "dirichlet_distribution"])
@pytest.mark.parametrize("covariance", ["full", "tied", "diag", "spherical"])
def test_bayesian_mixtures(concentration, kind, covariance):
    """Constants of components that are never used are as low as -1e9."""
    X = data("wine")[0]
    estimator = BayesianGaussianMixture(
        n_components=4,
        covariance_type=covariance,
        weight_concentration_prior_type=kind,
        weight_concentration_prior=concentration,
        max_iter=9,
        random_state=0,
    )
    same(estimator.fit(X), X)


def test_mixture():
    """Probabilities of components and the log-likelihood, in one model; also as loaded."""
    X = data("iris")[0].astype(np.float32)
    estimator = GaussianMixture(3, random_state=0).fit(X.astype(np.float64))
    model = same(estimator, X)
    assert model.predict_proba(X).shape == (len(X), 3) and model.predictions(X).outputs.shape == (len(X), 4)
    assert close(model.score(X), estimator.score(X.astype(np.float64)))
    assert close(model.predictions(X).outputs[:, 3], model.score_samples(X))
    certificate = model.certify(X)
    assert certificate.agreement == 1.0 and certificate.max_error < 1e-5
    with pytest.raises(ValueError, match="predict_proba or score_samples"):
        model.decision_function(X)
    with pytest.raises(ValueError, match="elliptic envelope"):
        model.mahalanobis(X)


@pytest.mark.parametrize("format", ["eml", "csv"])
def test_scores_of_loaded_models(format, tmp_path):
    X = data("iris")[0]
    for estimator in (GaussianMixture(1).fit(X), EllipticEnvelope(random_state=0).fit(X)):
        model = same(estimator, X)
        model.save(tmp_path / f"model.{format}")
        same(estimator, X, emlearn.load(tmp_path / f"model.{format}"))


@pytest.mark.parametrize("contamination", [0.01, 0.3])
def test_envelope(contamination):
    X = data("wine")[0]
    estimator = EllipticEnvelope(contamination=contamination, random_state=0).fit(X)
    model = same(estimator, X)
    assert model.is_outlier_detector and model.classes_.tolist() == [-1, 1]
    assert close(model.mahalanobis(X), estimator.mahalanobis(X.astype(np.float32).astype(np.float64)))
    with pytest.raises(ValueError, match="score_samples"):
        model.predict_proba(X)


@pytest.mark.filterwarnings("ignore:The covariance matrix", "ignore:Determinant has increased")
def test_envelope_of_dependent_features():
    """The precision is a pseudo-inverse: there is no distance in one of the directions."""
    X = data("iris")[0]
    X = np.column_stack((X, X[:, 0] * 1e3 - X[:, 2] * 1e3))
    estimator = EllipticEnvelope(store_precision=False, random_state=0).fit(X)
    model, wide = emlearn.convert(estimator), X.astype(np.float32).astype(np.float64)
    # What scikit-learn itself loses of it: 2^-52 of precision times squared distance, and float32 in that direction.
    lost = np.max(np.abs(estimator.mahalanobis(X) - estimator.mahalanobis(wide)))
    assert np.max(np.abs(model.mahalanobis(X) - estimator.mahalanobis(wide))) <= 1e-3 + 2 * lost


# ---- Magnitudes


def sizes(X, seed=0):
    """Features of all sizes."""
    return X * 10.0 ** np.random.default_rng(seed).integers(-12, 13, X.shape[1])


@pytest.mark.parametrize("dataset", ["iris", "wine"])
@pytest.mark.parametrize(
    "estimator",
    [
        # Variances are kept from 0 by a part of the largest, which would be all of the smallest.
        GaussianNB(var_smoothing=0),
        make_pipeline(StandardScaler(), QuadraticDiscriminantAnalysis()),
        make_pipeline(StandardScaler(), GaussianMixture(3, covariance_type="tied", random_state=0)),
        make_pipeline(StandardScaler(), PCA(3), EllipticEnvelope(random_state=0)),
    ],
    ids=["naive bayes", "qda", "mixture", "envelope"],
)
def test_features_of_all_sizes(estimator, dataset):
    X, y = data(dataset)
    X = sizes(X).astype(np.float32).astype(np.float64)
    same(clone(estimator).fit(X, y), X)


@pytest.mark.parametrize("offset", [1e3, -101325.0, 1e6])
def test_means_far_from_zero(offset):
    """As of air pressure. float32 has quarters there, or less."""
    random = np.random.default_rng(0)
    y = random.integers(0, 3, 300)
    X = (offset + 10.0 * y[:, None] + random.normal(size=(300, 3)) * (5.0, 1.0, 3.0)).astype(np.float32)
    X = X.astype(np.float64)
    same(GaussianNB(var_smoothing=0).fit(X, y), X)
    same(QuadraticDiscriminantAnalysis().fit(X, y), X)
    same(GaussianMixture(3, random_state=0).fit(X), X)


def test_terms_that_all_classes_share():
    """A pixel that never was: its term is the same for all classes, and 1e9 times what decides."""
    X, y = data("digits")
    estimator = GaussianNB().fit(X, y)
    always = np.flatnonzero(np.ptp(X, axis=0) == 0)
    rows = X[::7].copy()
    rows[:, always] = np.random.default_rng(0).integers(1, 4, (len(rows), len(always)))
    assert np.max(estimator.predict_joint_log_proba(rows)) < -1e6
    same(estimator, rows)


def test_rows_far_away():
    """Within the 2^27 standard deviations that the format has room for."""
    X, y = data("wine")
    random = np.random.default_rng(0)
    rows = (X * 2.0 ** random.integers(-30, 20, X.shape)).astype(np.float32)
    for estimator in (GaussianNB(), QuadraticDiscriminantAnalysis(), GaussianMixture(3, random_state=0)):
        estimator.fit(X, y)
        same(estimator, np.concatenate((rows, -rows)))


@pytest.mark.parametrize("value", [3e38, -3e38, 1e-45, 0.0])
def test_any_number(value):
    """Beyond that there are still probabilities, and a class."""
    X, y = data("iris")
    for estimator in (GaussianNB(), QuadraticDiscriminantAnalysis(), GaussianMixture(3, random_state=0)):
        model = emlearn.convert(estimator.fit(X, y))
        rows = np.full((1, 4), value, np.float32)
        assert np.isclose(model.predict_proba(rows).sum(), 1.0)
        assert np.all(np.isfinite(model.predictions(rows).outputs[:, :3]))


# ---- Other methods, and what is refused


def test_logarithms_of_other_probabilities():
    X, y = data("iris")
    estimator = LogisticRegression(max_iter=200).fit(X, y)
    model = emlearn.convert(estimator)
    assert np.max(np.abs(model.predict_log_proba(X) - estimator.predict_log_proba(X))) < 1e-4
    with pytest.raises(ValueError, match="only a mixture"):
        model.score(X)


@cache
def iris():
    return data("iris")


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda X, y: GaussianNB(), "not fitted"),
        (lambda X, y: QuadraticDiscriminantAnalysis(), "not fitted"),
        (lambda X, y: GaussianMixture(), "not fitted"),
        (lambda X, y: BayesianGaussianMixture(), "not fitted"),
        (lambda X, y: EllipticEnvelope(), "not fitted"),
        (lambda X, y: GaussianNB(priors=[0.5, 0.5, 0.0]).fit(X, y), "prior 0"),
        (lambda X, y: GaussianNB(var_smoothing=0).fit(X * [0, 1, 1, 1], y), "larger var_smoothing"),
    ],
)
def test_refused(make, message):
    with pytest.raises(ConvertError, match=message):
        emlearn.convert(make(*iris()))


def test_constant_transform_refused():
    X, y = iris()
    pipeline = make_pipeline(PCA(2), GaussianMixture(2, random_state=0)).fit(X)
    pipeline[0].components_[1] = 0.0
    with pytest.raises(ConvertError, match="constant feature"):
        emlearn.convert(pipeline)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"dtype": "int16"}, "dtype='int16' is for"),
        ({"dtype": "int8"}, "dtype='int8' is for"),
        ({"leaf": "hard"}, "leaf"),
        ({"dtype": "auto", "scale": True}, "scale= is for trees"),
    ],
)
def test_options_for_others(options, message):
    with pytest.raises(ConvertError, match=message):
        emlearn.convert(GaussianNB().fit(*iris()), **options)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_features_refused(bad):
    model = emlearn.convert(GaussianNB().fit(*iris()))
    with pytest.raises(ValueError, match="NaN, infinity"):
        model.predict([[1.0, 2.0, bad, 0.5]])


@pytest.mark.parametrize("name", ["bayes_diagonal", "mixture_full", "mixture_tied", "mixture_envelope"])
def test_twin_refuses_what_the_core_refuses(name, request):
    """One wrong byte, with a CRC that is right; what both accept predicts the same."""
    family = name.partition("_")[0]
    scope = {}
    exec(compile(twin(family), "twin.py", "exec"), scope)
    data = (request.config.rootpath / GOLDEN / f"{name}.eml").read_bytes()
    accepted = 0
    for at in range(1, len(data)):  # without its first byte it would be text
        for flip in (0x01, 0x80, 0xFF):
            damaged = bytearray(data)
            damaged[at] ^= flip
            damaged[12:16] = struct.pack("<I", zlib.crc32(damaged[16:], zlib.crc32(damaged[:12])))
            try:
                core = open_core(family, bytes(damaged))
            except ValueError:
                with pytest.raises(ValueError):
                    scope["load"](bytes(damaged))
                continue
            model = scope["load"](bytes(damaged))
            accepted += 1
            x = np.array([[1.5, -7.25, 3e5]], np.float32)
            out = array("f", bytes(4 * core.n_outputs))
            model.predict(array("f", x[0].tobytes()), out)
            assert out.tobytes() == core.outputs(x).tobytes()
            assert model.predict(array("f", x[0].tobytes())) == core.classes(x)[0]
    assert accepted > 50
