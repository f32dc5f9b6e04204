"""`convert`: what it accepts, refuses, decides and promises."""

from __future__ import annotations

import subprocess
import sys
import warnings

import numpy as np
import pytest
from emlearn.ir import trees as ir
from sklearn import cluster, ensemble, tree
from support import data

import emlearn
from emlearn import ConvertError, _registry


def fitted(**options):
    X, y = data("iris")
    return tree.DecisionTreeClassifier(random_state=0, **options).fit(X, y)


class Wrapped(tree.DecisionTreeClassifier):
    """A user's own subclass."""


class Lookalike:
    """Not of scikit-learn, but with a tree of it."""

    def __init__(self, estimator):
        self._estimator = estimator

    def __getattr__(self, name):
        return getattr(self._estimator, name)


# ---- Registry


def test_a_class_has_one_converter():
    with pytest.raises(ValueError, match="already has a converter"):
        _registry.converts("sklearn.tree.DecisionTreeClassifier")(lambda estimator: None)


def test_subclasses_are_converted_as_their_base():
    X, y = data("iris")
    model = emlearn.convert(Wrapped(random_state=0).fit(X, y))
    assert np.array_equal(model.predict(X), fitted().predict(X))


def test_kind_names_the_class_to_convert_as():
    X, _ = data("iris")
    estimator = Lookalike(fitted())
    with pytest.raises(ConvertError, match="cannot convert Lookalike"):
        emlearn.convert(estimator)
    assert np.array_equal(emlearn.convert(estimator, kind="DecisionTreeClassifier").predict(X), estimator.predict(X))
    with pytest.raises(ConvertError, match="kind='Tree' is unknown; use one of .*, AdaBoostClassifier"):
        emlearn.convert(estimator, kind="Tree")


def test_import_loads_no_training_library_and_changes_nothing():
    code = (
        "import sys, os, numpy; before = numpy.geterr(); files = os.listdir(); import emlearn;"
        "assert numpy.geterr() == before and os.listdir() == files;"
        "assert not {'sklearn', 'joblib', 'click', 'rich'} & set(sys.modules), sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# ---- Refusals say what to do


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: tree.DecisionTreeClassifier(), r"not fitted; call fit\(X, y\)"),
        (lambda: ensemble.RandomForestRegressor(), r"not fitted; call fit\(X, y\)"),
        (lambda: tree.DecisionTreeClassifier, "the class DecisionTreeClassifier; pass a fitted instance"),
        (lambda: cluster.OPTICS(), "cannot convert OPTICS; supported: .*DecisionTreeClassifier, DecisionTreeReg"),
        (lambda: None, "cannot convert NoneType"),
        (lambda: tree.DecisionTreeRegressor().fit([[0], [1]], [[0, 1], [1, 0]]), "predicts 2 outputs; train one"),
        (lambda: tree.DecisionTreeClassifier().fit([[0], [1]], ["a", "b" * 300]), "has 300 bytes in UTF-8"),
        (lambda: tree.DecisionTreeClassifier().fit([[0], [1]], ["a", "\ud800"]), "cannot be written as UTF-8"),
        (lambda: tree.DecisionTreeRegressor().fit([[0], [1]], [0, 1e300]), "does not fit in float32"),
    ],
)
def test_estimators_that_are_refused(make, message):
    with pytest.raises(ConvertError, match=message):
        emlearn.convert(make())


@pytest.mark.parametrize(
    "options, message",
    [
        ({"dtype": "int8"}, "dtype='int8' is for networks; for trees use 'float', 'int16' or 'auto'"),
        ({"dtype": "int4"}, "dtype='int4' is unknown; use 'float', 'int16', 'int8' or 'auto'"),
        ({"method": "pymodule"}, "method='pymodule' is unknown; use one of loadable, inline"),
        ({"return_type": "regressor"}, "DecisionTreeClassifier is a classifier"),
        ({"leaf": "soft"}, "leaf='soft' is unknown; use one of exact, uint8, byte, hard"),
        ({"leaf_bits": 7}, "leaf_bits=7 is unknown; the nearest is 8"),
        ({"leaf_bits": 1}, "leaf_bits=1 is unknown; the nearest is 0"),
        ({"leaf_bits": 32}, "the nearest is 8"),
        ({"leaf_bits": 0, "leaf": "uint8"}, "contradict each other"),
        ({"max_loss": 2}, "max_loss=2 is not a part"),
        ({"scale": True}, "scale= goes with dtype='int16' or 'auto'"),
        ({"dtype": "int16", "scale": False, "data": [[0.5] * 4]}, "data= has other values"),
        ({"data": [[1, 2]]}, "data=: X has 2 features, but the model was trained with 4"),
        ({"data": [["a"] * 4]}, "data=: X must be numeric"),
        ({"data": np.zeros((0, 4))}, "data= has no rows"),
    ],
)
def test_options_that_are_refused(options, message):
    with pytest.raises(ConvertError, match=message):
        emlearn.convert(fitted(), **options)


def test_regressors_have_no_leaf_options():
    X, y = data("diabetes")
    estimator = tree.DecisionTreeRegressor(max_depth=3).fit(X, y)
    for options in ({"leaf": "hard"}, {"leaf_bits": 8}):
        with pytest.raises(ConvertError, match="is for votes of classes"):
            emlearn.convert(estimator, **options)
    assert emlearn.convert(estimator, leaf_bits=32, return_type="regressor").leaf == "value"


# ---- Decisions


def test_emlearns_names():
    # As in emlearn's own examples.
    model = emlearn.convert(fitted(), method="inline", dtype="int16_t", leaf_bits=0, return_type="classifier")
    assert (model.method, model.dtype, model.leaf) == ("inline", "int16 scaled", "hard")
    assert emlearn.convert(fitted(max_depth=2), leaf_bits=8).leaf == "uint8"
    assert "model_tree_0" in model.save(format="c")
    assert emlearn.convert(fitted(), method=None, dtype=None, kind=None).method == "loadable"


def test_the_default_is_exact():
    model = emlearn.convert(fitted(max_depth=2))
    assert (model.method, model.dtype, model.leaf) == ("loadable", "float", "counts")


def test_data_decides_about_scales():
    X, _ = data("iris")
    assert emlearn.convert(fitted(), dtype="int16", data=X).dtype == "int16 scaled"
    assert emlearn.convert(fitted(), dtype="int16", data=np.rint(X)).dtype == "int16"
    assert emlearn.convert(fitted(), dtype="int16", data=(np.rint(X), None)).dtype == "int16"
    assert emlearn.convert(fitted(), dtype="int16", scale=False).dtype == "int16"
    digits = tree.DecisionTreeClassifier(random_state=0).fit(*data("digits"))
    assert emlearn.convert(digits, dtype="int16").dtype == "int16"
    assert emlearn.convert(digits, dtype="int16", scale=True).dtype == "int16 scaled"


def test_extra_trees_on_integers_are_told_from_their_paths():
    X, y = data("digits")
    assert emlearn.convert(ensemble.ExtraTreesClassifier(5, random_state=0).fit(X, y), dtype="int16").dtype == "int16"
    floats = ensemble.ExtraTreesClassifier(5, random_state=0).fit(X / 16, y)
    assert emlearn.convert(floats, dtype="int16").dtype == "int16 scaled"


def test_auto_takes_int16_if_it_loses_nothing():
    X, y = data("iris")
    assert emlearn.convert(fitted(), dtype="auto").dtype == "float"
    assert emlearn.convert(fitted(), dtype="auto", data=(X, y)).dtype == "int16 scaled"
    assert emlearn.convert(fitted(), dtype="auto", data=np.rint(X)).dtype == "int16"
    # Leaves of one sample: some rows of iris, which has one decimal, lie within float32 rounding of a threshold. The
    # rows tell on which side.
    forest = ensemble.RandomForestClassifier(10, random_state=0).fit(X, y)
    assert np.any(emlearn.convert(forest, dtype="int16").predict(X) != forest.predict(X))
    assert emlearn.convert(forest, dtype="auto", data=X).dtype == "int16 scaled"
    # 16 bits for a range of 1e6 are steps of 16, or more: 1 and 2 become the same, of which one is lost.
    X, y = np.array([[1.0], [2.0], [2.5e5], [5e5], [7.5e5], [1e6]]), np.arange(6) % 2
    few = tree.DecisionTreeClassifier(random_state=0).fit(X, y)
    n_lost = int(np.sum(emlearn.convert(few, dtype="int16", scale=True, data=X).predict(X) != y))
    assert n_lost == 1
    assert emlearn.convert(few, dtype="auto", data=X).dtype == "float"
    assert emlearn.convert(few, dtype="auto", data=X, max_loss=n_lost / len(X)).dtype == "int16 scaled"


def test_forests_with_several_jobs_are_converted_and_left_as_they_are():
    X, y = data("digits")
    forest = ensemble.ExtraTreesClassifier(7, min_samples_leaf=3, random_state=0, n_jobs=2).fit(X, y)
    model = emlearn.convert(forest)
    assert forest.n_jobs == 2
    assert np.array_equal(model.predict(X), forest.set_params(n_jobs=1).predict(X))


def test_frames_and_their_names_raise_no_warning():
    class Frame:
        """What scikit-learn and NumPy need of a pandas.DataFrame."""

        columns = np.array(["a", "b", "c", "d"], object)

        def __init__(self, values):
            self.values = np.asarray(values)
            self.shape = self.values.shape

        def __array__(self, dtype=None, copy=None):
            return self.values.astype(dtype or self.values.dtype)

        def __len__(self):
            return len(self.values)

    X, y = data("iris")
    estimator = tree.DecisionTreeClassifier(random_state=0).fit(X, y)
    estimator.feature_names_in_ = Frame.columns
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = emlearn.convert(estimator)
        assert np.array_equal(model.predict(Frame(X)), y)


# ---- Labels


@pytest.mark.parametrize(
    "labels, stored",
    [
        ([0, 1, 2], None),
        ([False, True], None),
        ([0.0, 1.0], None),
        ([2, 3, 7], (2, 3, 7)),
        ([-1, 1], (-1, 1)),
        ([1.0, 2.0], (1, 2)),
        (["walk", 'größe, "x"', ""], ("", 'größe, "x"', "walk")),
        (np.array(["a", "b"], object), ("a", "b")),
        (np.array([3, 9], np.uint8), (3, 9)),
    ],
)
def test_labels(labels, stored, tmp_path):
    labels = np.sort(np.asarray(labels))
    X = np.arange(len(labels), dtype=float)[:, None]
    model = emlearn.convert(tree.DecisionTreeClassifier().fit(X, labels))
    predicted = model.predict(X)
    assert predicted.dtype == labels.dtype and predicted.tolist() == labels.tolist()
    assert model.trees.labels == stored
    for suffix in ("eml", "csv"):
        model.save(tmp_path / f"m.{suffix}")
        loaded = emlearn.load(tmp_path / f"m.{suffix}")
        assert loaded.trees.labels == stored
        assert loaded.predict(X).tolist() == list(stored or range(len(labels)))


# ---- The check that every conversion makes


def test_a_wrong_conversion_does_not_pass(monkeypatch):
    from emlearn.builders import base

    def rounded_to_nearest(ensemble, dtype, rows=None):
        decisions = original(ensemble, dtype, rows)
        decisions.threshold[...] -= 1
        return decisions

    original = base.quantise
    monkeypatch.setattr(base, "quantise", rounded_to_nearest)
    X, y = data("digits")
    for estimator in (tree.DecisionTreeClassifier(random_state=0), tree.DecisionTreeRegressor(random_state=0)):
        for options in ({}, {"dtype": "int16"}):
            with pytest.raises(ConvertError, match="disagrees with the estimator on .* rows: a defect of emlearn"):
                emlearn.convert(estimator.fit(X, y), **options)


def test_probes_are_golden_rows():
    X, y = data("digits")
    model = emlearn.convert(ensemble.RandomForestClassifier(10, random_state=0).fit(X, y))
    assert len(model.golden.features) == 4
    assert np.any(np.isnan(model.golden.features))
    small = emlearn.convert(tree.DecisionTreeClassifier(max_depth=2).fit(X, y))
    assert len(small.golden.features) == 1
    assert emlearn.convert(fitted()).golden.features.tobytes() == emlearn.convert(fitted()).golden.features.tobytes()


def test_integer_probes_are_integers():
    model = emlearn.convert(tree.DecisionTreeClassifier().fit(*data("digits")), dtype="int16")
    assert model.golden.features.dtype == np.int16 and model.trees.dtype == ir.DTYPE_INT16
