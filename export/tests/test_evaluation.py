"""bench/evaluation: its quick mode and what that shows, going on after a cut, a cluster, sources, tables."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from distributed import LocalCluster
from sklearn.metrics import roc_auc_score

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "bench" / "evaluation"
NAMES = ("cases", "data", "packages", "page", "rdata", "run", "summary")


@pytest.fixture(scope="module")
def evaluation():
    """Its modules; benchmarks and examples have others of the same names."""
    kept, path = {name: sys.modules.pop(name) for name in NAMES if name in sys.modules}, list(sys.path)
    sys.path.insert(0, str(FOLDER))
    try:
        import cases
        import data
        import page
        import rdata
        import run
        import summary

        yield SimpleNamespace(cases=cases, data=data, page=page, rdata=rdata, run=run, summary=summary)
    finally:
        sys.path[:] = path
        for name in NAMES:
            sys.modules.pop(name, None)
        sys.modules.update(kept)


def started(*arguments):
    return subprocess.run(
        [sys.executable, FOLDER / "run.py", "--quick", *arguments], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout


def table(folder):
    with open(folder / "results.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


# ---- What it measures, and how it runs


def test_quick_mode(evaluation, tmp_path):
    """One test, as all it does needs the same results."""
    quick, cut, sent = (tmp_path / name for name in ("quick", "cut", "sent"))
    assert "10 cases in" in started("--jobs", "2", "--work", str(quick))
    check_claims(evaluation, evaluation.summary.read(quick / "results.csv"))

    cut.mkdir()
    lines = (quick / "quick.jsonl").read_text().splitlines(keepends=True)
    (cut / "quick.jsonl").write_text("".join(lines[:-1]) + lines[-1][:99])
    assert "9 of 10 cases are done" in started("--jobs", "1", "--work", str(cut))
    assert table(cut) == table(quick)
    head = json.loads(lines[0])
    head["environment"]["numpy"] = "0.1"
    (cut / "quick.jsonl").write_text("".join([json.dumps(head) + "\n", *lines[1:]]))
    assert evaluation.run.Done(cut / "quick.jsonl").rows == {}

    with LocalCluster(2, threads_per_worker=1, dashboard_address=None) as cluster:
        dask = ("--backend", "dask", "--scheduler", cluster.scheduler_address)
        assert "2 cases in" in started(*dask, "--sets", "wdbc", "--work", str(sent))
    assert table(sent) == [row for row in table(quick) if row["dataset"] == "wdbc"]
    assert json.loads((sent / "environment.json").read_text())["run by"] == "dask"


def check_claims(evaluation, rows):
    assert len(rows) == 10 * len(evaluation.cases.VARIANTS)
    known = {each.name: each for each in evaluation.data.sets()}
    for row in rows:
        of = known[row["dataset"]]
        assert row["rows"] == min(of.rows, evaluation.cases.MAX_ROWS)
        assert (row["features"], row["classes"]) == (of.features, of.classes)
    claims = evaluation.summary.claims(rows)
    assert [each.what for each in claims if not each.holds] == []
    # Trees grown to the end have leaves of one class: nothing else can be in them.
    grown = [row for row in rows if row["min_leaf"] == 1 and row["variant"] in evaluation.cases.INT16]
    assert len({(row["dataset"], row["test_score"], row["eml"]) for row in grown}) == 5
    assert evaluation.summary.failing(evaluation.summary.only(rows, variant="int16 hard", min_leaf=0.01))


def test_scores_are_those_of_scikit_learn(evaluation):
    random = np.random.default_rng(0)
    X = random.normal(size=(300, 4))
    y = np.digitize(X[:, 0] + X[:, 1] + random.normal(size=300), (-0.7, 0.7))
    case = evaluation.cases.Case("made", 0, 3.0, 5)
    same, rows = evaluation.cases.measure(case, X, y)
    assert same == case
    split = evaluation.cases.train_test_split
    X_rest, X_test, y_rest, y_test = split(X, y, test_size=0.25, stratify=y, random_state=case.seed)
    X_train, X_val, y_train, y_val = split(X_rest, y_rest, test_size=0.25, stratify=y_rest, random_state=case.seed)
    forest = evaluation.cases.RandomForestClassifier(5, min_samples_leaf=3, random_state=case.seed)
    forest.fit(X_train.astype(np.float32), y_train)
    exact = rows[0]
    assert (exact["variant"], exact["validation_drop"], exact["test_drop"]) == ("float exact", 0.0, 0.0)
    for part, some, labels in (("validation", X_val, y_val), ("test", X_test, y_test)):
        # Rounded as the core's, so that the rounding of sums tells no equal rows apart.
        expected = roc_auc_score(labels, forest.predict_proba(some).astype(np.float32), multi_class="ovr")
        assert exact[f"{part}_score"] == pytest.approx(expected, abs=1e-12)
    n_nodes = sum(tree.tree_.node_count - tree.get_n_leaves() for tree in forest.estimators_)
    n_leaves = sum(tree.get_n_leaves() for tree in forest.estimators_)
    assert exact["emlearn_float"] == 12 * n_nodes + 4 * 3 * n_leaves and exact["emlearn_hard"] == 8 * n_nodes
    for row in rows:
        assert row["nodes_leaves"] <= row["tables"] <= row["eml"] and row["exact_eml"] == exact["eml"]
    with pytest.raises(RuntimeError, match="install the same"):
        evaluation.cases.measure(case, X, y, {"numpy": "0.1"})


@pytest.mark.parametrize("arguments, message", [
    (("--backend", "dask"), "go together"), (("--scheduler", "tcp://a"), "go together"),
    (("--sets", "x"), "x is none of"),
])  # fmt: skip
def test_options_that_mean_nothing(evaluation, arguments, message, capsys):
    with pytest.raises(SystemExit):
        evaluation.run.main(arguments)
    assert message in capsys.readouterr().err


# ---- Where data come from


def test_sets_are_those_of_the_catalogue(evaluation):
    sets = evaluation.data.sets()
    assert len({each.name for each in sets}) == len(sets) == 35
    unsound = {"credit-approval", "cylinder-bands", "adult", "mnist_784", "analcatdata_dmft"}
    assert not unsound & {each.name for each in sets}
    assert set(evaluation.run.QUICK) <= {each.name for each in sets}


def test_text(evaluation):
    columns, y = evaluation.data.text("@relation x\n@data\n% z\n1, a, yes\n\n?, b, no\n2, <null>, no\n3, b, no\n")
    assert (columns, y) == ([("1", "3"), ("a", "b")], ("yes", "no"))
    assert evaluation.data.text("0,1\n5,x\n", header=True) == ([("5",)], ("x",))


def test_a_set_has_the_shape_it_is_known_by(evaluation, tmp_path):
    of = next(each for each in evaluation.data.sets() if each.name == "vowel")
    with zipfile.ZipFile(tmp_path / f"{of.package}-{of.version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(of.file, "@data\n1, 0.5, b, u\n1, 2.5, ?, u\n0, 1.5, a, o\n")
    X, y = evaluation.data.load(of._replace(rows=2, features=2, classes=2), tmp_path)
    assert X.dtype == np.float32 and X.tolist() == [[0.5, 1.0], [1.5, 0.0]] and y.tolist() == [1, 0]
    with pytest.raises(ValueError, match=r"\(2, 2, 2\).*expected \(990, 12, 11\)"):
        evaluation.data.load(of, tmp_path)


def packed(*words):
    return b"".join(struct.pack(">i", word) if isinstance(word, int) else word for word in words)


def chars(text):
    return packed(9, len(text), text.encode())


def test_data_frames_of_r(evaluation, tmp_path):
    numbers = packed(14, 2, struct.pack(">2d", 1.5, -2.0))
    levels = packed(1026, 1, chars("levels"), 16, 2, chars("no"), chars("yes"), 254)
    factor = packed(13 | 1 << 9, 2, 2, 1, levels)
    frame = packed(19 | 1 << 9, 2, numbers, factor, 1026, 1, chars("names"), 16, 2, chars("a"), chars("b"), 254)
    content = packed(b"RDX2\nX\n", 2, 0, 0, 1026, 1, chars("iris"), frame, 254)
    (tmp_path / "x.rda").write_bytes(gzip.compress(content))
    read = evaluation.rdata.read_rda(tmp_path / "x.rda")["iris"]
    assert list(read) == ["a", "b"] and read["a"].tolist() == [1.5, -2.0] and read["b"].tolist() == [1, 0]
    for size in range(5, len(content)):
        (tmp_path / "x.rda").write_bytes(gzip.compress(content[:size]))
        with pytest.raises(ValueError, match=r"too early|XDR"):
            evaluation.rdata.read_rda(tmp_path / "x.rda")


# ---- What it says of the results

MADE = """\
dataset,repeat,min_leaf,trees,metric,variant,kind,validation_drop,test_drop,nodes_leaves,tables,eml,emlearn_float,emlearn_hard,exact_eml,armv6m
a,0,0.01,10,roc_auc,auto,"int16, hard",0.001,0.015,100,120,150,1000,200,400,
a,1,0.01,10,roc_auc,auto,"int16, exact",0.001,0.003,100,120,150,1000,200,400,900
b,0,0.01,10,roc_auc,auto,"int16, hard",0.01,0.012,250,270,300,1000,200,400,800
a,0,0.01,10,roc_auc,int16 exact,"int16, exact",0.0,-0.004,600,620,650,1000,200,400,
a,0,0.01,10,roc_auc,int16 hard,"int16, hard",0.02,0.02,200,220,250,1000,200,400,
b,0,0.01,10,roc_auc,int16 hard,"int16, hard",0.0,0.0,200,220,250,1000,200,400,
"""


def test_claims(evaluation, tmp_path):
    (tmp_path / "made.csv").write_text(MADE)
    summary = evaluation.summary
    rows = summary.read(tmp_path / "made.csv")
    auto, hard = summary.only(rows, variant="auto"), summary.only(rows, variant="int16 hard")
    assert summary.failing(auto) == ["b"]  # a loses 0.009 on average
    assert summary.failure_rate(hard) == 0.5 and summary.failing(hard, "validation") == ["a"]
    assert summary.saving(auto, "nodes_leaves", "emlearn_float").tolist() == [0.9, 0.9, 0.75]
    assert [column.tolist() for column in summary.values(auto, "armv6m", "test_drop")] == [[900, 800], [0.003, 0.012]]
    assert summary.kinds(rows) == [(0.01, 10)] and summary.percent(0.125) == "12.5 %"
    found = summary.claims(rows)
    assert [each.measured for each in found[:7]] == [
        "+0.0040 to +0.0040, within in 100 %", "100 %", "33.3 %; 1 of 2 data sets on average", "90 %", "62.5 %",
        "1 of 3; with roots and scales 1",
        "50 % with 10 trees",
    ]  # fmt: skip
    assert [each.holds for each in found[:6]] == [True, True, False, True, True, False]
    for row in rows:
        row["test_drop"], row["validation_drop"] = 0.006, 0.011
    assert [each.holds for each in summary.claims(rows)[:3]] == [False, False, True]


def test_the_page_is_what_the_results_say(evaluation):
    page, results = evaluation.page, FOLDER / "results.csv"
    text, rows = page.PAGE.read_text(), evaluation.summary.read(results)
    assert page.page(text, page.tables(rows, page.environment())) == text
    with pytest.raises(ValueError, match="no place"):
        page.page(text.replace("<!-- /claims -->", ""), {"claims": ""})
    digest = hashlib.sha256(results.read_bytes()).hexdigest()
    for plot in ("loss", "size"):
        assert digest in (ROOT / "docs" / f"evaluation-{plot}.svg").read_text()
    repeats, leaves, trees = range(evaluation.run.REPEATS), evaluation.run.MIN_LEAVES, evaluation.run.TREES
    sets = [each.name for each in evaluation.data.sets()]
    whole = {
        (name, repeat, leaf, n, variant)
        for name in sets
        for repeat in repeats
        for leaf in leaves
        for n in trees
        for variant in evaluation.cases.VARIANTS
    }
    assert {(row["dataset"], row["repeat"], row["min_leaf"], row["trees"], row["variant"]) for row in rows} == whole
