"""`convert(optimize=...)`: what it finds keeps the bound, is what the core predicts, and says how it was found."""

from __future__ import annotations

import ast
import json
import math
import subprocess
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from emlearn._cost_table import COSTS
from emlearn._registry import find
from emlearn.builders import smaller
from emlearn.ir import trees as ir
from emlearn.search.variants import LEAST, LEAVES, Kind, Variants
from searched import fitted, recall, smallest, split, validation
from sklearn import metrics as sklearn_metrics
from sklearn import preprocessing
from sklearn.ensemble import (
    BaggingClassifier,
    ExtraTreesClassifier,
    RandomForestClassifier,
)
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier
from support import random_ensemble, rows_for

import emlearn
from emlearn import ConvertError, search

ROOT = Path(__file__).resolve().parents[2]


# ---- What is predicted


@pytest.mark.parametrize("n_classes, weights", [(2, False), (3, True), (7, False)])
@pytest.mark.parametrize("dtypes", [(ir.DTYPE_FLOAT, ir.DTYPE_SCALED), (ir.DTYPE_INT16,)])
def test_variants_predict_what_the_core_does(n_classes, weights, dtypes):
    random = np.random.default_rng(n_classes)
    ensemble = random_ensemble(random, 6, 60, 4, n_classes, np.arange(-9, 9) + 0.5, weights)
    rows = rows_for(ensemble, random, 80, integers=ir.DTYPE_INT16 in dtypes)
    variants = Variants(ensemble, rows, dtypes)
    made = list(variants.all())
    assert len(made) == len(variants) and len({variant.kind for variant in made}) == len(made)
    near = {
        kind
        for of in made[: len(LEAVES) * len(dtypes)]
        for each in (variants.around, variants.beside)
        for kind in each(of.kind)
    }
    assert {kind.per_class for kind in near} > {0, 3, 6, 24} and {kind.least for kind in near} == {0.0, *LEAST}
    made += map(variants.make, near - {variant.kind for variant in made})
    eights = [variant.packed8() for variant in made]
    assert all(each.kind == replace(of.kind, packed8=True) for of, each in zip(made, eights, strict=True))
    made += eights
    for variant in made:
        core, core_input = variant.core()
        assert np.array_equal(core.outputs(core_input), variant.predicted.probabilities)
        assert np.array_equal(core.classes(core_input), variant.predicted.classes)
    again = variants.make(made[7].kind)
    assert again.size == made[7].size and np.array_equal(again.predicted.classes, made[7].predicted.classes)


def test_a_mean_is_rounded_once():
    """Means midway between two float32 or beside, where rounding to float64 first might hide the side."""
    random = np.random.default_rng(0)
    for n_trees in (3, 7, 10, 100, 65535):
        midway = 1.0 + (2.0 * random.integers(0, 2**22, 500) + 1.0) * 2.0**-24
        sums = midway * n_trees
        for total in (*sums, *np.nextafter(sums, np.inf), *np.nextafter(sums, 0.0)):
            exact, mean = Fraction(float(total)) / n_trees, np.float32(total / n_trees)
            around = (np.nextafter(mean, np.float32(0)), mean, np.nextafter(mean, np.float32(9)))
            off = [abs(Fraction(float(each)) - exact) for each in around]
            assert off[1] == min(off) and (off.count(off[1]) == 1 or mean.view(np.uint32) % 2 == 0)


@pytest.mark.parametrize("name, estimator", [
    ("iris", DecisionTreeClassifier(random_state=0)),
    ("breast_cancer", ExtraTreesClassifier(8, random_state=0)),
    ("wine", BaggingClassifier(n_estimators=8, max_features=0.5, random_state=0)),
    ("digits", make_pipeline(preprocessing.StandardScaler(), RandomForestClassifier(8, random_state=0))),
])  # fmt: skip
def test_all_that_vote_are_made_smaller(name, estimator, tmp_path):
    X, _, y, _ = split(name)
    rows, labels = validation(name)
    model = emlearn.convert(estimator.fit(X, y), optimize="size", max_loss=0.1, data=(rows, labels))
    exact = emlearn.convert(estimator)
    assert model.nbytes == model.search.chosen.nbytes <= exact.nbytes
    assert model.search.chosen.loss <= 0.1
    model.save(tmp_path / "m.eml")
    model.save(tmp_path / "m.csv")
    for file in ("m.eml", "m.csv"):
        loaded = emlearn.load(tmp_path / file)
        assert np.array_equal(loaded.predict_proba(rows), model.predict_proba(rows))
        assert loaded.certificate == model.certificate


def test_labels_are_those_of_the_estimator():
    X, _, y, _ = split("wine")
    rows, labels = validation()
    names = np.array(["red", "white", "rosé"])
    estimator = RandomForestClassifier(5, random_state=0).fit(X, names[y])
    model = emlearn.convert(estimator, optimize="size", max_loss=0.05, data=(rows, names[labels].tolist()))
    assert set(model.predict(rows)) <= set(names)


ON_DEVICE = """
from array import array
import emltrees

model = emltrees.load("m.%s")
with open("rows", "rb") as file:
    while True:
        row = array("%s", file.read(%d))
        if not len(row):
            break
        out = array("f", bytes(4 * %d))
        print(model.predict(row))
        model.predict(row, out)
        print(bytes(out))
print(model.selftest())
"""


@pytest.mark.parametrize("suffix", ["eml", "csv"])
@pytest.mark.parametrize("name", ["digits", "breast_cancer"])
def test_a_device_predicts_what_the_search_has_found(name, suffix, tmp_path):
    X, y = validation(name)
    model = emlearn.convert(fitted(name), optimize="size", max_loss=0.03, data=(X, y))
    assert model.search.chosen.kind.alpha > 0.0
    assert model.trees.entry > 1 or name != "digits"  # of a byte, which text has as two
    raw = X[:40].astype(np.int16 if model.trees.typecode == "h" else np.float32)
    (tmp_path / "rows").write_bytes(raw.tobytes())
    model.save(tmp_path / f"m.{suffix}")
    script = ON_DEVICE % (suffix, raw.dtype.char, raw[0].nbytes, len(model.classes_))
    environment = {"MICROPYPATH": str(ROOT / "dist/x64_6.3/emltrees")}
    device = subprocess.run(
        [ROOT / "build/unix/micropython", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    *lines, selftest = device.stdout.splitlines()
    probabilities = model.predict_proba(X[:40])
    expected = [each for row in zip(model.predict(X[:40]), probabilities, strict=True) for each in row]
    found = [ast.literal_eval(line) for line in lines]
    assert found == [int(each) if each.ndim == 0 else each.tobytes() for each in expected], device.stderr
    assert selftest == str((len(model.golden.features),) * 2)


# ---- The bound


@pytest.mark.parametrize(
    "name, metric",
    [
        *((name, metric) for name in ("breast_cancer", "digits") for metric in ("roc_auc", "accuracy", "neg_log_loss")),
        ("breast_cancer", recall),
    ],
)
def test_the_bound_holds_and_nothing_smaller_keeps_it(name, metric):
    X, y = validation(name)
    model = emlearn.convert(fitted(name), optimize="size", max_loss=0.03, data=(X, y), metric=metric)
    found = model.search
    estimator = fitted(name)
    proba = model.predict_proba(X).astype(np.float64)
    if metric == "roc_auc":
        before, after = (
            np.mean([sklearn_metrics.roc_auc_score(y == c, p[:, c]) for c in estimator.classes_])
            for p in (estimator.predict_proba(X), proba)
        )
    elif metric == "neg_log_loss":
        right = (p[np.arange(len(y)), y] for p in (estimator.predict_proba(X), proba))
        before, after = (float(np.mean(np.log(np.maximum(p, 1e-15)))) for p in right)
    elif metric == "accuracy":
        before, after = (np.mean(y == each.predict(X)) for each in (estimator, model))
    else:
        before, after = recall(y, estimator.predict_proba(X)), recall(y, proba)
    # Some pairs of rows have equal probabilities as float32, but not the estimator's, which are float64.
    assert found.score == pytest.approx(before, abs=1e-4) and found.chosen.score == pytest.approx(after, abs=1e-4)
    assert before - after <= 0.03 + 1e-4
    assert max(0.0, found.chosen.loss, found.chosen.expected) + search.MARGIN * found.chosen.error <= 0.03
    for each in found.tried:
        if each.nbytes < found.chosen.nbytes:
            assert not each.largest_loss <= 0.03  # NaN: the loss alone was too large
            assert not math.isnan(each.error) or each.loss > 0.03


def test_speed_takes_the_fewest_instructions():
    X, y = validation("digits")
    found = emlearn.convert(fitted("digits"), optimize="speed", max_loss=0.03, data=(X, y)).search
    slowness = {each.kind: search.cost_of(each, "speed") for each in found.tried}
    boards = [float(found.chosen.instructions[board]) for board in COSTS]
    assert slowness[found.chosen.kind] == pytest.approx(np.prod(boards) ** (1 / len(boards)))
    for each in found.tried:
        if slowness[each.kind] < slowness[found.chosen.kind]:
            assert each.largest_loss > 0.03
    assert min(slowness.values()) < slowness[found.chosen.kind] < max(slowness.values())


def test_speed_nobody_has_measured_is_refused():
    random = np.random.default_rng(0)
    X, y = random.normal(size=(60, 30_000)), random.integers(0, 2, 60)  # more features than packed nodes can name
    forest = RandomForestClassifier(2, max_depth=1, random_state=0).fit(X, y)
    wanted = {"optimize": "speed", "max_loss": 1.0, "leaf": "hard", "dtype": "float"}
    with pytest.raises(ConvertError, match="nobody has measured the instructions of such models; use optimize='size'"):
        emlearn.convert(forest, **wanted, layout="packed", data=(X, y))
    assert emlearn.convert(forest, **wanted, data=(X, y)).search.chosen.kind.packed8


def test_other_numbers_of_clusters_are_tried_around_the_best():
    X, y = validation("digits")
    estimator = RandomForestClassifier(10, min_samples_leaf=20, random_state=0).fit(*split("digits")[::2])
    found = emlearn.convert(estimator, optimize="size", max_loss=0.01, data=(X, y)).search
    kinds = {each.kind for each in found.tried}
    clusters, least = {kind.per_class for kind in kinds}, {kind.least for kind in kinds}
    assert clusters > {0, 1, 2, 4, 8} and least == {0.0, *LEAST}
    assert found.chosen.kind.least and ", proportions from 0.0" in str(found.chosen.kind)
    only = emlearn.convert(estimator, optimize="size", max_loss=0.5, data=(X, y), leaf="hard").search
    assert {(each.kind.leaf, each.kind.least) for each in only.tried} == {("hard", 0.0)}
    variants = Variants(find(estimator)(estimator), X, (ir.DTYPE_INT16,))
    path = sorted({variant.kind.alpha for variant in variants.all()})
    for leaf, less in (("uint8", 0.0), ("byte", 0.0), ("clustered 4", path[3])):
        kinds = [*variants.beside(Kind("int16", leaf, path[4], least=0.015))]
        assert {each.alpha for each in kinds} == {less, path[4]}
        assert {each.least for each in kinds} == {0.01, 0.015, 0.02}
    assert {each.per_class for each in kinds} == {3, 4, 5, 6}
    assert not [*variants.beside(Kind("int16", "hard", path[4]))]


def test_alphas_are_tried_between_those_of_the_path():
    X, y = validation("digits")
    ensemble = find(fitted("digits"))(fitted("digits"))
    variants = Variants(ensemble, X, (ir.DTYPE_INT16,), ("hard",))
    path = sorted({variant.kind.alpha for variant in variants.all()})
    for alpha, further in pairwise(path):
        kind = Kind("int16", "hard", alpha)
        between = [each.alpha for each in variants.between(kind)]
        assert between == sorted(set(between)) and alpha < between[0] and between[-1] < further
        assert all(replace(each, alpha=alpha) == kind for each in variants.between(kind))
    assert not list(variants.between(Kind("int16", "hard", path[-1])))


def test_no_loss_is_no_loss():
    X, y = validation()
    model = emlearn.convert(fitted(), optimize="size", max_loss=0.0, data=(X, y))
    assert np.array_equal(model.predict_proba(X), emlearn.convert(fitted()).predict_proba(X))
    assert model.search.chosen.loss == model.search.chosen.error == 0.0


def test_a_larger_bound_gives_no_larger_model():
    sizes = [
        emlearn.convert(fitted(), optimize="size", max_loss=loss, data=validation()).nbytes
        for loss in (0.0, 0.01, 0.1, 1.0)
    ]
    assert sizes == sorted(sizes, reverse=True) and sizes[0] > 2 * sizes[2]


@pytest.mark.parametrize("metric", ["roc_auc", recall])
def test_nodes_of_4_bytes_are_chosen_where_they_are_smaller(metric):
    X, y = validation("breast_cancer")
    options = {"optimize": "size", "max_loss": 0.03, "data": (X, y), "metric": metric}
    packed, eight, either = (
        emlearn.convert(fitted("breast_cancer", 10), layout=layout, **options) for layout in ("packed", "packed8", None)
    )
    assert {each.kind.packed8 for each in packed.search.tried} == {False}
    assert {each.kind.packed8 for each in eight.search.tried} == {True}
    assert either.nbytes == min(packed.nbytes, eight.nbytes)
    sizes = {each.kind: each.size.eml for each in either.search.tried}
    scores = {each.kind: each.score for each in either.search.tried}
    small = [kind for kind in sizes if kind.packed8]
    assert 0 < len(small) and len(small) < len(sizes)
    for kind in small:
        assert sizes[kind] < sizes[replace(kind, packed8=False)]
        assert scores[kind] == scores[replace(kind, packed8=False)]


def test_a_chosen_packed8_is_in_the_file_and_its_certificate():
    model = smallest("digits")
    assert model.search.chosen.kind.packed8 and str(model.search.chosen.kind).endswith(", packed8")
    assert model.trees.layout == ir.PACKED8 and model.certificate.search["chosen"].endswith(", packed8")
    bare = emlearn.Model(
        replace(model.document(), certificate=None, golden=None, tables=replace(model.trees, labels=None))
    )
    assert len(bare.save(format="eml")) == model.search.chosen.size.eml == model.nbytes
    # emlearn's nodes have 8 bytes, and leaves of hard votes none.
    assert model.search.chosen.size.nodes + model.search.chosen.size.leaves < 8 * model.trees.n_nodes


def test_what_is_asked_for_is_kept():
    X, y = validation("breast_cancer")
    for options, dtype, leaf in (
        ({"dtype": "float"}, {"float"}, None),
        ({"dtype": "int16"}, {"int16 scaled"}, None),
        ({"dtype": "auto", "leaf": "hard"}, {"float", "int16 scaled"}, {"hard"}),
        ({"leaf_bits": 8}, {"float", "int16 scaled"}, {"uint8"}),
    ):
        found = emlearn.convert(fitted("breast_cancer"), optimize="size", max_loss=0.3, data=(X, y), **options).search
        assert {each.kind.dtype for each in found.tried} == dtype
        assert leaf is None or {each.kind.leaf for each in found.tried} == leaf


def test_the_same_seed_gives_the_same_file():
    first, second = (
        emlearn.convert(fitted("digits"), optimize="size", max_loss=0.02, data=validation("digits"), seed=3)
        for _ in range(2)
    )
    assert first.save(format="eml") == second.save(format="eml")
    assert first.search == second.search


# ---- What it says


def test_the_certificate_travels_and_is_short(tmp_path):
    model = smallest()
    summary = model.certificate.search
    assert summary["chosen"] == str(model.search.chosen.kind) and summary["nbytes"] == model.nbytes
    assert summary["tried"] == len(model.search.tried) and 0 < len(summary["front"]) <= 4
    assert len(json.dumps(summary)) < 600
    assert "the best for size of" in str(model.certificate) and "at most 0.05 lost" in str(model.certificate)
    again = model.certify(*validation())
    assert again.search == summary
    model.save(tmp_path / "m.eml")
    loaded = emlearn.load(tmp_path / "m.eml")
    assert loaded.search is None and loaded.certificate.search == summary
    assert loaded.certify(*validation(), estimator=fitted()).search == summary


def test_other_certificates_are_as_they_were():
    model = emlearn.convert(fitted())
    text = model.certify(*validation()).to_json()
    assert "search" not in json.loads(text)
    assert emlearn.Certificate.from_json(text) == model.certificate


def test_progress_is_shown_when_asked_for(capsys):
    smallest.__wrapped__(progress=True)
    shown = capsys.readouterr()
    assert "trying variants" in shown.err and shown.out == ""
    smallest.__wrapped__()
    assert capsys.readouterr().err == ""  # no terminal


def test_a_core_that_says_something_else_is_not_believed(monkeypatch):
    def wrong(self):
        core, rows = original(self)
        return core, np.ascontiguousarray(rows[::-1])

    original = search.Variant.core
    monkeypatch.setattr(search.Variant, "core", wrong)
    with pytest.raises(ConvertError, match="the core disagrees with the search about"):
        smallest.__wrapped__()


def test_a_wrong_conversion_is_not_made_smaller(monkeypatch):
    wrong = replace(find(fitted())(fitted()), threshold=find(fitted())(fitted()).threshold + 0.5)
    with pytest.raises(ConvertError, match="disagrees with the estimator"):
        smaller.build_smaller(wrong, fitted(), "loadable", search.Wanted(max_loss=1.0), *validation())
