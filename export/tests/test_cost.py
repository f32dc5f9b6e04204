"""Estimated instructions: what is work, and that its prices give what emulated boards counted (bench/counts.csv)."""

import csv
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from emlearn._cost_table import COSTS, ERRORS
from emlearn._features import as_core_input, as_raw
from emlearn.cli import main
from sklearn.decomposition import PCA
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import GaussianMixture
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

import emlearn
from emlearn import _cost

ROOT = Path(__file__).resolve().parents[2]
BOARDS = ("armv6m", "armv7m", "armv7emsp", "rv32imc")
XTENSA = "xtensawin"  # of which not all has been counted


def counts():
    with open(ROOT / "bench" / "counts.csv", newline="") as file:
        yield from csv.DictReader(line for line in file if not line.startswith("#"))


def work(model, X):
    return _cost.work_of(model.tables, model._core, as_core_input(as_raw(X, model.tables), model.tables))


@pytest.fixture(scope="module")
def digits():
    from sklearn.datasets import load_digits

    return load_digits(return_X_y=True)


def test_prices_give_what_was_counted():
    lines = list(counts())
    assert {line["work"] for line in lines if line["fitted"] == "1"} == set(ERRORS)
    for line in lines:
        fitted, other = ERRORS[line["work"]]
        amounts = tuple(map(float, line["amounts"].split()))
        for board in BOARDS:
            error = _cost.price(COSTS[board][line["work"]], amounts) / float(line[board]) - 1
            assert abs(error) <= (fitted if line["fitted"] == "1" else other), (line["model"], board)


def test_errors_are_those_that_the_certificate_states():
    assert max(fitted for fitted, _ in ERRORS.values()) <= 0.07
    assert sum(other <= 0.07 for _, other in ERRORS.values()) == len(ERRORS) - 2  # steps, and
    assert ERRORS["gaussian diagonal"][1] <= 0.255 and ERRORS["steps"][1] <= 0.145


def test_every_board_has_the_same_work():
    assert set(COSTS) == {*BOARDS, XTENSA}
    assert all(set(COSTS[board]) == set(ERRORS) for board in BOARDS)
    counted = ("votes", "trees", "values", "packed8", "many", "sums", "linear", "net")
    assert set(COSTS[XTENSA]) == {work for work in ERRORS if work.split()[0] in counted}
    assert all(cost >= 0 for prices in COSTS.values() for costs in prices.values() for cost in costs)


def test_work_is_that_of_the_models_counted(digits):
    """The models of bench/families.py whose sizes do not depend on a library's version."""
    X, y = digits
    amounts = {line["model"]: (line["work"], line["amounts"]) for line in counts()}
    for title, estimator, options in (
        ("logistic regression", LogisticRegression(max_iter=20), {}),
        ("network 64-32-10, int8", MLPClassifier((32,), max_iter=2, random_state=0), {"dtype": "int8"}),
        ("Gaussian naive Bayes", GaussianNB(), {}),
        ("mixture of 10, full", GaussianMixture(10, reg_covar=0.1, max_iter=1, random_state=0), {}),
        ("3 neighbours of 300 x 64, int16", KNeighborsClassifier(3, algorithm="brute"), {"dtype": "int16"}),
    ):
        chosen = slice(300) if "300" in title else slice(None)
        model = emlearn.convert(estimator.fit(X[chosen], y[chosen]), **options)
        ((name, found),) = work(model, X[:3])
        recorded_name, recorded = amounts[title]
        # They were written with 9 digits.
        assert name == recorded_name and found == pytest.approx(tuple(map(float, recorded.split())), rel=1e-8), title


def test_a_pipeline_adds_its_steps(digits):
    X, y = digits
    forest = RandomForestClassifier(5, random_state=0)
    model = emlearn.convert(make_pipeline(PCA(8, random_state=0), forest).fit(X, y))
    steps, behind = work(model, X[:50])
    assert steps == ("steps", (1, 0, 0, 0, 64, 8, 8 * 64))
    inner = emlearn.convert(model.estimator[-1])
    assert behind == work(inner, model.apply_steps(X[:50]))[0]
    found = model.certify(X[:50], y[:50]).instructions
    for board in BOARDS:
        assert found[board] == round(
            _cost.price(COSTS[board]["steps"], steps[1]) + _cost.price(COSTS[board][behind[0]], behind[1])
        )
    assert "x64" not in found  # where steps were not measured


def test_trees_work_is_what_scikit_learn_says_of_their_rows(digits):
    X, y = digits
    forest = RandomForestClassifier(10, min_samples_leaf=5, random_state=0).fit(X, y)
    lefts = rights = records = entries = 0.0
    for tree in forest.estimators_:
        nodes, rows = tree.tree_, np.arange(len(X))
        at = np.zeros(len(X), int)
        while len(rows):
            rows = rows[nodes.children_left[at[rows]] >= 0]
            left = X[rows, nodes.feature[at[rows]]] <= nodes.threshold[at[rows]]
            lefts, rights = lefts + np.sum(left), rights + np.sum(~left)
            at[rows] = np.where(left, nodes.children_left[at[rows]], nodes.children_right[at[rows]])
        sizes = np.sum(nodes.value[at, 0] > 0, axis=1)
        records, entries = records + np.sum(sizes > 1), entries + np.sum(sizes[sizes > 1])
    found = emlearn.convert(forest)._core.work(X.astype(np.float32))
    # No row's best two classes are within 2^-16 here. Means of integers, and no two leaves of a node are the same.
    assert found == pytest.approx((*(n / len(X) for n in (lefts, rights, records, entries)), 0.0, 0.0), rel=1e-12)
    X = np.array([[0.0], [0.0], [1.0], [1.0]])
    tied = emlearn.convert(RandomForestClassifier(3, bootstrap=False, random_state=0).fit(X, [0, 1, 0, 1]))
    assert tied._core.work(X.astype(np.float32))[2:] == (3.0, 6.0, 1.0, 6.0)


def test_trees_by_their_paths(digits):
    X, y = digits
    forest = RandomForestClassifier(10, max_leaf_nodes=100, random_state=0).fit(X, y)
    hard, exact = (
        emlearn.convert(forest, dtype="int16", leaf=leaf).certify(X, y).instructions for leaf in ("hard", "exact")
    )
    assert set(hard) == set(exact) == {"x64", *BOARDS, XTENSA}
    assert all(hard[board] < exact[board] for board in hard)
    values = emlearn.convert(GradientBoostingRegressor(n_estimators=5, random_state=0).fit(X, y))
    assert set(values.certify(X, y).instructions) == {*BOARDS, XTENSA}  # on x64 classes were measured, of no sums


def test_what_nobody_has_measured_is_not_estimated(digits):
    X, y = digits
    model = emlearn.convert(NearestCentroid().fit(X, y))
    assert model.certify(X, y).instructions == {}
    wide = np.hstack((np.zeros((60, 30_000)), X[:60]))  # more features than packed nodes can name
    forest = RandomForestClassifier(3, max_features=None, random_state=0).fit(wide, y[:60])
    assert set(emlearn.convert(forest).certify(wide, y[:60]).instructions) <= {"x64"}
    assert _cost.priced([("trees float", (1, 1, 1, 1, 1)), ("nothing", (1,))]) == {}


def test_certificate_and_info_say_it(tmp_path, digits):
    X, y = digits
    model = emlearn.convert(SVC().fit(X[:200], y[:200]))
    model.save(tmp_path / "model.eml")
    shown = CliRunner().invoke(main, ["info", str(tmp_path / "model.eml")]).output
    estimated = model.info()["instructions"]
    assert set(estimated) == set(BOARDS) and estimated["armv6m"] > estimated["armv7emsp"] > 0
    assert f"about {estimated['armv6m']:,} on armv6m (Cortex-M0)" in shown
    certificate = model.certify(X[:20], y[:20])
    assert model.info()["instructions"] == certificate.instructions
    assert f"about {certificate.instructions['rv32imc']:,} on rv32imc" in str(certificate)


def test_more_work_costs_more(digits):
    X, y = digits
    small, large = (
        emlearn.convert(GaussianNB().fit(X[:, :n] + np.eye(1, n), y)).certify(X[:9, :n]).instructions for n in (8, 64)
    )
    assert all(small[board] < large[board] for board in BOARDS)
