"""`emlearn report`: its numbers are true, its page says them, and browsers show it on a phone."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

import chromium
import numpy as np
import pytest
from emlearn._chips import CHIPS, CYCLES
from emlearn._modules import module_bytes
from emlearn.reporting import plots
from page_reader import Page
from sklearn import metrics
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.linear_model import Ridge
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from support import data

import emlearn

HOSTILE = (
    "<script>document.title='hacked'</script>",
    "\"'><img src=x onerror=alert(1)>",
    "{{ 7 * 7 }}{% raw %} &amp; \u202egnp.exe " + "very_long_" * 12,
)
FORESTS = (RandomForestClassifier(8, random_state=0), ExtraTreesClassifier(3, min_samples_leaf=4, random_state=0))
LAYOUT = (("phone", 390, False), ("dark phone", 390, True), ("wide", 1280, False))


@cache
def split(name):
    X, y = data(name)
    return train_test_split(X, y, test_size=0.4, random_state=0, stratify=y)


@cache
def reported(name="wine", hostile=False):
    """A report on a forest, and its page as read."""
    X, X_test, y, y_test = split(name)
    names = np.array(HOSTILE, object) if hostile else np.unique(y)
    forest = RandomForestClassifier(8, random_state=0).fit(X, names[y])
    made = emlearn.report(forest, X_test, names[y_test], max_loss=0.02, title=HOSTILE[0] if hostile else None)
    return forest, made, Page(made.html())


def numbers(rows):
    """Cells as numbers where they are some."""
    return [
        [float(cell.replace(",", "")) if re.fullmatch(r"-?[\d,.]+", cell) else cell for cell in row] for row in rows
    ]


# ---- What it says is true


def test_scores_and_sizes():
    forest, report, _ = reported()
    _, X, _, y = split("wine")
    auc = metrics.roc_auc_score(y, forest.predict_proba(X), multi_class="ovr")
    assert report.score == pytest.approx(auc, abs=1e-12) and report.metric == "roc_auc"
    exact, int16, hard, chosen = report.formats
    assert (exact.loss, exact.name) == (0.0, "exact") and report.chosen is chosen
    assert exact.nbytes == emlearn.convert(forest).nbytes
    assert int16.nbytes == emlearn.convert(forest, dtype="int16", data=X).nbytes
    assert hard.nbytes == emlearn.convert(forest, dtype="int16", leaf="hard", data=X).nbytes < exact.nbytes
    assert chosen.nbytes == report.model.nbytes == report.search.chosen.nbytes < exact.nbytes
    assert report.file_bytes == len(report.model.save(format="eml"))
    # Of each class, as those of the small model need not add up to 1.
    probabilities = report.model.predict_proba(X)
    after = np.mean([metrics.roc_auc_score(y == c, p) for c, p in zip(forest.classes_, probabilities.T, strict=True)])
    assert chosen.score == pytest.approx(after, abs=1e-12) and chosen.loss == report.score - chosen.score <= 0.02


def test_confusion():
    forest, report, _ = reported()
    _, X, _, y = split("wine")
    confusion = report.confusion
    for labels, counts in ((forest.predict(X), confusion.before), (report.model.predict(X), confusion.after)):
        np.testing.assert_array_equal(counts, metrics.confusion_matrix(y, labels))
    assert confusion.agreeing == np.sum(forest.predict(X) == report.model.predict(X))
    recall, precision = (
        score(y, report.model.predict(X), average=None) for score in (metrics.recall_score, metrics.precision_score)
    )
    assert [row.recall[1] for row in confusion.rows] == pytest.approx(recall)
    assert [row.precision[1] for row in confusion.rows] == pytest.approx(precision)
    assert (
        confusion.accuracy[0] == forest.score(X, y)
        and [row.n_rows for row in confusion.rows] == np.bincount(y).tolist()
    )


@pytest.mark.parametrize("forest", FORESTS)
def test_leaves(forest):
    """Of trees as scikit-learn has them; of an exact model there are as many, but for equal ones side by side."""
    X, X_test, y, y_test = split("wine")
    forest.fit(X, y)
    report = emlearn.report(forest, X_test, y_test, max_loss=0.0)
    trees = [each.tree_ for each in forest.estimators_]
    values = np.concatenate([tree.value[tree.children_left < 0, 0] for tree in trees])
    expected = np.bincount(np.argmax(values, axis=1), minlength=3)
    assert [row.n_leaves[0] for row in report.leaves] == expected.tolist()
    distinct = {tuple(np.round(row, 12)) for row in values / values.sum(axis=1, keepdims=True)}
    assert sum(row.n_distinct[0] for row in report.leaves) == len(distinct)
    for row in report.leaves:
        assert 1 <= row.n_leaves[1] <= row.n_leaves[0] and row.n_distinct[1] <= row.n_leaves[1]
    chosen = report.model.trees
    decisions = chosen.n_nodes - np.sum(chosen.is_leaf)
    assert sum(row.n_leaves[1] for row in report.leaves) == decisions + chosen.n_trees  # binary trees


def test_boards():
    _, report, _ = reported()
    model = report.model
    assert [row.chip for row in report.boards] == list(CHIPS)
    code, counts = module_bytes(model.tables), report.chosen.instructions
    assert {"armv6m", "armv7emsp", "rv32imc", "xtensawin"} <= set(counts) and counts == model.certificate.instructions
    for row in report.boards:
        assert (row.flash, row.modules) == (report.file_bytes, code.get(row.chip.architecture))
        assert row.instructions == counts.get(row.chip.architecture)
        if row.instructions:
            assert row.microseconds == pytest.approx(row.instructions * CYCLES / row.chip.megahertz)
        assert row.fits == (row.heap_in_all <= row.chip.ram / 2) and row.heap > row.flash
    assert all(row.microseconds for row in report.boards)


def test_a_large_model_does_not_fit():
    X, y = data("digits")
    report = emlearn.report(KNeighborsClassifier(1, algorithm="brute").fit(X, y), X[:50], y[:50])
    assert 2 * X.size < report.file_bytes < 240_000  # int16
    why = {row.chip.name: row.why_not for row in report.boards}
    assert not why["RP2350 (Pico 2)"] and "bytes of flash, about 32,768 are free" in why["nRF51822 (16 kB)"]
    pattern = r"2\d\d,\d+ bytes of heap, about 135,168 are free; 1\d,\d+ where the file stays in flash"
    assert re.fullmatch(pattern, why["RP2040 (Pico)"])
    assert why["RP2040 (Pico)"] in Page(report.html()).text


# ---- The page says it


def test_numbers_of_the_page():
    _, report, page = reported()
    rows = numbers(page.table("The model in several formats")[1:])
    for row, said in zip(report.formats, rows, strict=True):
        percent = f"{100 * row.nbytes / report.exact.nbytes:.1f} %"
        assert said[0] == row.name + " (chosen)" * row.chosen and said[1:3] == [row.nbytes, percent]
        assert said[3:] == [round(row.score, 4), round(row.loss, 4), row.instructions["armv6m"]]
    for name, counts in (("RandomForest", report.confusion.before), ("the chosen", report.confusion.after)):
        said = [[int(cell.replace("·", "0")) for cell in row[1:]] for row in page.table(f"By {name}")[1:]]
        np.testing.assert_array_equal(said, counts)
    for row, said in zip(report.confusion.rows, page.table("Recall")[1:], strict=True):
        changes = [" → ".join(f"{100 * part:.1f}" for part in pair) for pair in (row.recall, row.precision)]
        assert said == [row.label, str(row.n_rows), *changes]
    for row, said in zip(report.leaves, page.table("Leaves of all trees")[1:], strict=True):
        assert said == [row.label, *(f"{b:,} → {a:,}" for b, a in (row.n_leaves, row.n_distinct))]
    for row, said in zip(report.boards, numbers(page.table("Bytes, instructions")[1:]), strict=True):
        assert said[0].startswith(row.chip.name) and said[1] == ("yes" if row.fits else "no")
        shown = [row.instructions, row.flash, row.modules, row.heap, row.heap_in_all]
        assert said[3:] == ["–" if number is None else number for number in shown]
    assert f"{len(report.search.tried):,} variants of the forest were measured" in page.text
    facts = {row[0]: row[1] for row in page.table("The model, as it was trained")}
    assert (facts["trees"], facts["features"], facts["seed"]) == ("8", "13", "0")
    assert facts["bound"] == f"0.02 below {report.score:.4f}"


def test_plots():
    _, report, page = reported()
    search = report.search
    drawn = plots.score_plot(search, report.exact.nbytes)
    x0, y0, x1, y1 = drawn.frame
    assert len(drawn.dots) + drawn.hidden == len(search.tried)
    places = [*drawn.dots, *drawn.front, *((mark.x, mark.y) for mark in drawn.marks), (x0, drawn.bound)]
    assert all(x0 <= x <= x1 and y0 <= y <= y1 for x, y in places)
    chosen = next(mark for mark in drawn.marks if mark.style == "chosen")
    assert (chosen.x, chosen.y) in drawn.dots and chosen.y <= drawn.bound  # above the line
    unknown = replace(search, chosen=replace(search.chosen, instructions={}))
    assert "Nobody has counted" in plots.speed_plot(unknown, (report.exact.nbytes, None)).description
    heights = [y for _, y in drawn.front]
    assert heights == sorted(heights, reverse=True)
    named = {attributes["aria-labelledby"].split()[0] for tag, attributes in page.tags if tag == "svg"}
    assert named == {"score-title", "speed-title", "bar-1", "bar-2", "bar-3"}
    assert named <= {attributes.get("id") for _, attributes in page.tags}


@pytest.mark.parametrize("low, high", [(0.5, 0.5), (0.9531, 0.9532), (-3.0, 12.0), (0.9, 1.0), (-0.02, -0.01)])
def test_ticks(low, high):
    place, ticks = plots._linear(low, high, 100.0, 0.0)
    assert 2 <= len(ticks) <= 8 and all(place(float(text)) == pytest.approx(at, abs=1e-6) for at, text in ticks)
    assert 0.0 < place(high) <= place(low) < 100.0


@pytest.mark.parametrize("values", [(900, 1000), (50, 50), (250, 90_000), (10, 10**7), (1100, 1101)])
def test_log_ticks(values):
    _, ticks = plots._log(values, 0.0, 100.0)
    assert 2 <= len(ticks) <= 8 and all(-1.0 <= at <= 101.0 for at, _ in ticks)


def test_nothing_is_loaded_and_nothing_runs():
    for page in (reported()[1].html(), reported(hostile=True)[1].html()):
        assert not re.search(r"(src|href|srcset|data|action)\s*=\s*[\"']?\s*(https?:|//|file:)", page)
        assert not re.search(r"url\(|@import|<script|<iframe|<object|<link(?! rel=\"icon\" href=\"data:,\")", page)
        assert not any(name.startswith("on") for _, attributes in Page(page).tags for name in attributes)


def test_labels_are_text():
    _, report, page = reported(hostile=True)
    assert [row[0] for row in page.table("Recall")[1:]] == sorted(HOSTILE)
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "img"})
    assert "{{ 7 * 7 }}{% raw %} &amp; " in page.text and "49" not in HOSTILE[2]
    assert next(word for word in page.words if "emlearn report" in word).startswith(HOSTILE[0])


def test_it_is_accessible():
    tags = reported()[2].tags
    assert tags[0][0] == "html" and tags[0][1]["lang"] == "en"
    assert all("scope" in attributes for tag, attributes in tags if tag == "th")
    names = [tag for tag, _ in tags]
    assert names.count("table") == names.count("caption") and names.count("h1") == names.count("main") == 1
    assert names.count("svg") == names.count("title") - 1
    scrolling = [attributes for _, attributes in tags if attributes.get("class") == "scroll"]
    assert scrolling and all({"role", "aria-label", "tabindex"} <= set(attributes) for attributes in scrolling)


# ---- In a browser


def test_in_a_browser(tmp_path):
    assert chromium.command(), "Chromium is missing: make browser"
    X, _, y, _ = split("wine")
    many = np.random.default_rng(0).integers(0, 30, 300)  # classes, the widest tables
    rows = np.random.default_rng(1).normal(size=(300, 4)) + many[:, None] / 5
    pages = {
        "wine": reported()[1],
        "hostile": reported(hostile=True)[1],
        "many": emlearn.report(KNeighborsClassifier(3).fit(rows, [f"class {k}" for k in many]), rows, many_names(many)),
        "values": emlearn.report(Ridge().fit(X, X[:, 0]), X, X[:, 0]),
    }
    with chromium.Browser(tmp_path) as browser:
        for name, report in pages.items():
            path = report.save(tmp_path / f"{name}.html")
            for layout, width, dark in LAYOUT:
                browser.open(path, width, dark=dark)
                assert browser.evaluate("document.scrollingElement.scrollWidth") <= width, (name, layout)
                # Text is where it can be seen: nothing but boxes that scroll is wider than the page.
                assert browser.evaluate(OUTSIDE.replace("WIDTH", str(width))) == [], (name, layout)
                assert browser.evaluate("document.title") == f"{report.title}: emlearn report"
                said = browser.named("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded")
                assert said == [], (name, layout)
                requests = [event["request"]["url"] for event in browser.named("Network.requestWillBeSent")]
                assert requests == [path.as_uri()], (name, layout)
                background = browser.evaluate("getComputedStyle(document.body).backgroundColor")
                assert (sum(map(int, re.findall(r"\d+", background))) < 200) == dark


OUTSIDE = """[...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll, pre, svg') &&
    (e.getBoundingClientRect().right > WIDTH + 0.5 || e.getBoundingClientRect().left < 0)).map(e => e.outerHTML)"""


def many_names(numbers):
    return [f"class {k}" for k in numbers]
