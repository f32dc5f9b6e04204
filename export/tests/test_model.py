"""`Model` and `Certificate`: inputs, files, measurements."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn import ensemble, metrics, tree
from support import data, thresholds_of

import emlearn
from emlearn import Certificate
from emlearn import _quantize as q


@pytest.fixture(scope="module")
def forest():
    X, y = data("iris")
    return ensemble.RandomForestClassifier(10, random_state=0).fit(
        X, np.array(["setosa", "versicolor", "virginica"])[y]
    )


@pytest.fixture
def model(forest):
    return emlearn.convert(forest)


@pytest.fixture
def integers():
    return emlearn.convert(tree.DecisionTreeClassifier(random_state=0).fit(*data("digits")), dtype="int16")


# ---- Inputs


@pytest.mark.parametrize(
    "X, message",
    [
        ([1.0, 2.0, 3.0, 4.0], r"shape \(n_rows, 4\), got \(4,\); for one row pass X.reshape\(1, -1\)"),
        ([[1.0, 2.0, 3.0]], "X has 3 features, but the model was trained with 4"),
        ([[[1.0] * 4]], r"got \(1, 1, 4\)"),
        ([["a", "b", "c", "d"]], "X must be numeric"),
        (np.array([["a", 1, 2, 3]], object), "X must be numeric: could not convert"),
        ([[1j, 0, 0, 0]], "X must be numeric, not of dtype complex128"),
        (None, r"X must have shape \(n_rows, 4\), got \(\)"),
    ],
)
def test_inputs_that_are_refused(model, X, message):
    for function in (model.predict, model.predict_proba, model.certify):
        with pytest.raises(ValueError, match=message):
            function(X)


def test_sparse_inputs_are_refused(model):
    from scipy import sparse

    with pytest.raises(ValueError, match=r"pass X.toarray\(\)"):
        model.predict(sparse.csr_array(np.eye(4)))


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.int8, np.int64, np.uint16, bool, object])
def test_any_numeric_dtype_predicts(model, forest, dtype):
    X = np.rint(data("iris")[0]).astype(dtype)
    assert np.array_equal(model.predict(X), forest.predict(X))
    assert np.array_equal(model.predict(np.asfortranarray(X)), forest.predict(X))
    assert np.array_equal(model.predict(X[::-2]), forest.predict(X[::-2]))


def test_no_rows(model, forest):
    assert model.predict(np.zeros((0, 4))).shape == (0,)
    assert model.predict(np.zeros((0, 4))).dtype == forest.classes_.dtype
    assert model.predict_proba(np.zeros((0, 4))).shape == (0, 3)
    with pytest.raises(ValueError, match="X has no rows"):
        model.certify(np.zeros((0, 4)))


@pytest.mark.parametrize(
    "value, shown", [(0.5, "0.5"), (32768, "32768"), (-32769.0, "-32769"), (np.nan, "nan"), (np.inf, "inf")]
)
def test_integer_models_take_integers_only(integers, value, shown):
    X = np.zeros((3, 64))
    X[1, 7] = value
    with pytest.raises(ValueError, match=f"got {shown}.* in row 1, column 7; .*dtype='float'"):
        integers.predict(X)


def test_infinite_features_are_ordered(model):
    ends = np.array([[np.inf] * 4, [-np.inf] * 4, [3e38] * 4, [-3e38] * 4])
    assert model.predict(ends).tolist()[:2] == model.predict(ends).tolist()[2:]
    assert model.predict(np.full((1, 4), 1e300)).tolist() == model.predict(ends[:1]).tolist()


def test_regression_has_no_probabilities():
    model = emlearn.convert(tree.DecisionTreeRegressor(max_depth=2).fit(*data("diabetes")))
    with pytest.raises(ValueError, match="has no probabilities; use predict"):
        model.predict_proba(data("diabetes")[0])
    assert not hasattr(model, "classes_")


# ---- Files


@pytest.mark.parametrize(
    "suffix, start", [("eml", b"EML\x1a"), ("csv", b"eml,1"), ("h", b"// Made"), ("c", b"// Made"), ("py", b'"""A')]
)
def test_suffixes_tell_the_format(model, tmp_path, suffix, start):
    path = tmp_path / f"gesture.{suffix}"
    content = model.save(path)
    assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
    assert path.read_bytes().startswith(start)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_save_options(model, tmp_path):
    assert model.save(file=str(tmp_path / "data.txt"), format="csv") == model.save(format="csv")
    assert "gesture_predict(" in model.save(tmp_path / "gesture.h")
    assert "model_predict(" in model.save(format="c")
    assert "wave_predict(" in model.save(tmp_path / "gesture.h", name="wave")
    with pytest.raises(ValueError, match="suffix '.bin' tells no format; use one of .h, .c, .csv, .eml, .py, .tmdl"):
        model.save(tmp_path / "model.bin")
    with pytest.raises(ValueError, match="unknown format 'onnx'; use one of c, csv, eml, py, tmdl"):
        model.save(tmp_path / "model.onnx", format="onnx")
    with pytest.raises(ValueError, match="pass file= or format="):
        model.save()
    with pytest.raises(ValueError, match="method='fast' is unknown"):
        model.save(format="c", method="fast")
    with pytest.raises(FileNotFoundError, match="the folder .*nowhere does not exist; create it first"):
        model.save(tmp_path / "nowhere" / "model.eml")


def test_nothing_is_written_unasked(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for format in ("eml", "csv", "c", "py"):
        model.save(format=format)
    model.predict(data("iris")[0])
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_replaced_whole_or_not_at_all(model, tmp_path, monkeypatch):
    path = tmp_path / "model.eml"
    path.write_bytes(b"before")
    path.chmod(0o640)

    def full(*args):
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(OSError, match="no space"):
            model.save(path)
    assert path.read_bytes() == b"before" and len(list(tmp_path.iterdir())) == 1


def test_load_errors(tmp_path):
    with pytest.raises(FileNotFoundError):
        emlearn.load(tmp_path / "none.eml")
    (tmp_path / "text.csv").write_text("hello\n")
    with pytest.raises(ValueError, match="line 1: unknown row 'hello'"):
        emlearn.load(tmp_path / "text.csv")


def test_info(model, forest):
    info = model.info()
    assert info["labels"] == forest.classes_.tolist()
    assert info["n_decisions"] == sum(int(np.sum(member.tree_.feature >= 0)) for member in forest.estimators_)
    assert sum(info["bytes"].values()) == info["nbytes"] == len(model.save(format="eml"))
    assert model.nbytes == info["nbytes"] - info["bytes"]["trailers"]
    assert (
        repr(model)
        == f"<emlearn.Model: 10 trees, 4 features, 3 classes, dtype float, leaves hard, {model.nbytes} bytes>"
    )


def test_includedir():
    assert (Path(emlearn.includedir) / "eml_trees.h").is_file()
    with pytest.raises(AttributeError, match="no attribute 'other'"):
        emlearn.other  # noqa: B018


# ---- Certificates


def test_an_exact_model_is_certified(model, forest):
    X, y = data("iris")
    certificate = model.certify(X, forest.classes_[y])
    assert (certificate.rows, certificate.agreeing, certificate.agreement) == (150, 150, 1.0)
    assert certificate.max_error <= 1e-6
    assert certificate.score == "accuracy"
    assert certificate.score_before == certificate.score_after == forest.score(X, forest.classes_[y])
    auc = metrics.roc_auc_score(y, forest.predict_proba(X), multi_class="ovr")
    assert certificate.auc_before == pytest.approx(auc, abs=1e-12)
    assert certificate.auc_after == pytest.approx(auc, abs=1e-6)
    assert certificate.nbytes == model.nbytes
    assert certificate.environment["scikit-learn"]
    assert certificate is model.certificate
    assert "150/150 rows (100 %)" in str(certificate)


def test_a_lossy_model_shows_its_worst_row(forest):
    X, y = data("iris")
    model = emlearn.convert(forest, leaf="hard", dtype="int16")
    certificate = model.certify(X)
    errors = np.max(np.abs(model.predict_proba(X) - forest.predict_proba(X)), axis=1)
    wrong = model.predict(X) != forest.predict(X)
    assert certificate.agreeing == np.sum(~wrong) < len(X)
    assert wrong[certificate.worst_row]
    assert certificate.worst_before == pytest.approx(forest.predict_proba(X)[certificate.worst_row])
    assert certificate.max_error == pytest.approx(np.max(errors))
    assert (certificate.score, certificate.score_before, certificate.auc_before) == ("", None, None)
    assert "estimator says" in str(certificate)


def test_binary_auc_and_absent_classes():
    X, y = data("breast_cancer")
    model = emlearn.convert(tree.DecisionTreeClassifier(max_depth=3, random_state=0).fit(X, y))
    certificate = model.certify(X, y)
    expected = metrics.roc_auc_score(y, model.estimator.predict_proba(X)[:, 1])
    assert certificate.auc_before == pytest.approx(expected) == pytest.approx(certificate.auc_after, abs=1e-6)
    assert model.certify(X[y == 0], y[y == 0]).auc_before is None


def test_regression_certificates():
    X, y = data("diabetes")
    model = emlearn.convert(ensemble.RandomForestRegressor(10, random_state=0).fit(X, y))
    certificate = model.certify(X, y)
    assert certificate.agreeing == len(X)
    assert certificate.score == "R2" and certificate.score_before == pytest.approx(model.estimator.score(X, y))
    assert certificate.max_error <= 1e-6 * 346
    assert certificate.auc_before is None


def test_golden_rows_of_a_certificate(forest):
    X = data("iris")[0] + 0.0123  # between thresholds
    model = emlearn.convert(forest, leaf="hard")
    on = X[50].copy()
    on[3] = q.float32_floor(thresholds_of(forest)[3])[0]
    rows = np.vstack([X, on])
    certificate = model.certify(rows)
    golden = model.golden.features
    assert np.array_equal(golden[:3], rows[:3].astype(np.float32))
    assert np.array_equal(golden[3], rows[certificate.worst_row].astype(np.float32))
    assert any(np.array_equal(row, on.astype(np.float32)) for row in golden) and len(golden) <= 8
    assert np.array_equal(model.golden.outputs, model.predict_proba(golden))
    assert np.array_equal(forest.classes_[model.golden.classes], model.predict(golden))


def test_certificates_travel_with_the_file(model, tmp_path):
    X, _ = data("iris")
    certificate = model.certify(X)
    for suffix in ("eml", "csv"):
        model.save(tmp_path / f"m.{suffix}")
        loaded = emlearn.load(tmp_path / f"m.{suffix}")
        assert loaded.certificate == certificate
        assert loaded.golden.features.tobytes() == model.golden.features.tobytes()


def test_loaded_models_need_to_be_given_the_estimator(model, forest, tmp_path):
    X, _ = data("iris")
    model.save(tmp_path / "m.eml")
    loaded = emlearn.load(tmp_path / "m.eml")
    with pytest.raises(ValueError, match=r"pass certify\(X, y, estimator=...\)"):
        loaded.certify(X)
    assert loaded.certify(X, estimator=forest).agreeing == 150


def test_certify_checks_y(model):
    with pytest.raises(ValueError, match="y has 3 values for 150 rows"):
        model.certify(data("iris")[0], [0, 1, 2])


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"rows": 1}', "not json"])
def test_other_json_is_no_certificate(text):
    with pytest.raises(ValueError, match="not a certificate"):
        Certificate.from_json(text)


def test_certificates_are_read_back(model):
    certificate = model.certify(*data("iris"))
    assert Certificate.from_json(certificate.to_json()) == certificate


def test_certificate_estimates_instructions():
    X, y = data("digits")
    forest = ensemble.RandomForestClassifier(10, max_leaf_nodes=20, random_state=0).fit(X, y)
    model = emlearn.convert(forest, dtype="int16", leaf="hard")
    # Hard leaves have no entries: what is left is decisions, which scikit-learn's paths count.
    paths = sum(tree.decision_path(X.astype(np.float32)).sum() - len(X) for tree in forest.estimators_) / len(X)
    work = model._core.work(X.astype(np.int16))
    assert not any(work[2:]) and 0 < work.decisions <= paths  # splits between leaves of one class are gone
    assert set(model.certify(X, y).instructions) == {"x64", "armv6m", "armv7m", "armv7emsp", "rv32imc", "xtensawin"}
    exact = emlearn.convert(forest, dtype="int16")
    assert exact._core.work(X.astype(np.int16)).decisions == pytest.approx(paths, rel=1e-12)  # a mean of integers
    assert exact.certify(X, y).instructions["x64"] > model.certificate.instructions["x64"]
