"""`evaluate.pareto`: the table of all variants of a forest, and its plot."""

from __future__ import annotations

import sys

import pytest
from emlearn.search.variants import LEAVES
from searched import fitted, smallest, validation

from emlearn import ConvertError, evaluate


class Axes:
    """Writes down what is drawn."""

    def __init__(self):
        self.calls = {}

    def __getattr__(self, name):
        return lambda *args, **options: self.calls.setdefault(name, []).append((args, options))


def test_pareto_lists_and_draws_all_variants():
    X, y = validation("digits")
    table = evaluate.pareto(fitted("digits"), X, y)
    kinds = {row.kind for row in table}
    assert kinds < {row.kind for row in smallest("digits").search.tried}  # which has some around the best too
    assert {(kind.thresholds, kind.least) for kind in kinds} == {(0, 0.0)}
    assert {kind.leaf for kind in kinds} == {*LEAVES}
    sizes = [row.nbytes for row in table]
    assert sizes == sorted(sizes) and len(table) == len(sizes) and table[0].nbytes == sizes[0]
    front = table.front
    for row in table:
        assert any(best.nbytes <= row.nbytes and best.score >= row.score for best in front)
    assert [row.score for row in front] == sorted({row.score for row in front})
    lines = str(table).splitlines()
    assert len(lines) == 1 + len(front) and lines[0].split()[:3] == ["bytes", "roc_auc", "armv6m"]
    axes = Axes()
    assert table.plot(axes) is axes
    assert sum(len(args[0]) for args, _ in axes.calls["scatter"]) == len(table)
    assert axes.calls["plot"][0][0] == ([row.nbytes for row in front], [row.score for row in front])


def test_drawing_without_matplotlib_says_what_to_do(monkeypatch):
    for name in ("matplotlib", "matplotlib.pyplot"):  # which another test may have imported
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match="pip install matplotlib"):
        evaluate.Table("roc_auc", 1.0, ()).plot()


@pytest.mark.parametrize("options, message", [({"leaf": "soft"}, "leaf='soft' is unknown"), ({"X": [[1]]}, "X has 1")])
def test_tables_that_are_refused(options, message):
    X, y = validation()
    with pytest.raises(ConvertError, match=message):
        evaluate.pareto(fitted(), options.pop("X", X), y, **options)
