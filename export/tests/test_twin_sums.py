"""Sums of trees in the twin: each link on random trees, beside exact integers and float64, and the C core."""

from __future__ import annotations

from array import array

import numpy as np
import pytest
from emlearn._core import TreesCore
from twin_meaning import expected_class, golden_trailer, outputs_of_sums
from twin_models import LAYOUTS, LINKS, features_of, outputs_of, random_rows, random_sums, to_csv, to_eml, twin

N_TREES = (1, 2, 7, 16)


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("dtype, layout", LAYOUTS)
def test_sums(dtype, layout, link):
    for seed, n_trees in enumerate(N_TREES):
        m = random_sums(seed, dtype, link, layout, n_trees)
        eml = to_eml(m)
        models, core = [twin.load(eml), twin.load(to_csv(m).encode())], TreesCore(eml)
        X = random_rows(seed, m)
        outputs, classes = core.outputs(X), core.classes(X) if m["classes"] else None
        for i, row in enumerate(X):
            expected, bound = outputs_of_sums(m, row)
            x = features_of(m, row)
            assert np.all(np.abs(outputs[i].astype(float) - expected) <= bound)
            for model in models:
                assert outputs_of(model, x).tobytes() == outputs[i].tobytes()
                if m["classes"]:
                    assert model.predict(x) == classes[i] == expected_class(m, row)
                else:
                    assert model.predict(x) == outputs[i, 0]
        assert models[0].info() == models[1].info()
        assert models[0].info()["bytes"] == len(eml) - 44


@pytest.mark.parametrize("link", LINKS)
def test_ties(link):
    """Leaves and bases of a few values: equal sums, equal weights, values without weight."""
    for seed in range(40):
        m = random_sums(seed, *LAYOUTS[seed % len(LAYOUTS)][:1], link, LAYOUTS[seed % len(LAYOUTS)][1], 1 + seed % 9)
        m["values"], m["exponent"] = [value % 3 for value in m["values"]], -2
        m["bases"] = [base % 2 for base in m["bases"]]
        eml = to_eml(m)
        model, core = twin.load(eml), TreesCore(eml)
        X = random_rows(seed, m)
        outputs, classes = core.outputs(X), core.classes(X) if m["classes"] else None
        for i, row in enumerate(X):
            x = features_of(m, row)
            expected, bound = outputs_of_sums(m, row)
            assert np.all(np.abs(outputs[i].astype(float) - expected) <= bound)
            assert outputs_of(model, x).tobytes() == outputs[i].tobytes()
            assert classes is None or model.predict(x) == classes[i] == expected_class(m, row)


@pytest.mark.parametrize("link", LINKS)
def test_what_validate_refuses(link):
    """The largest leaves and bases, and one more; in the twin and in the core."""
    m = random_sums(3, *LAYOUTS[0][:1], link, LAYOUTS[0][1], 7)
    m["entry"] = link + 8
    top = 1 << 57  # 60 - the 3 bits of 7 trees
    highest = top - 1 if m["entry"] == 14 else (1 << 60) - 1
    for values, bases, good in (
        ([top - 1] * 9, [highest] * len(m["bases"]), True),
        ([0] * 8 + [top], m["bases"], False),
        ([0] * 8 + [-top - 1], m["bases"], False),
        ([0] * 9, [0] * (len(m["bases"]) - 1) + [highest + 1], False),
    ):
        m["values"], m["bases"] = values, bases
        for load in (twin.load, TreesCore):
            if good:
                load(to_eml(m))
            else:
                with pytest.raises(ValueError):
                    load(to_eml(m))
    m["values"], m["bases"] = [0] * 9, [-1] * len(m["bases"])
    if link == LINKS[-1]:
        with pytest.raises(ValueError):
            twin.load(to_eml(m))


@pytest.mark.parametrize("link", [0, 6])  # whose outputs are exact
def test_selftest(link):
    m = random_sums(1, 0, link, 1)
    X = random_rows(1, m, 5)
    assert twin.load(to_eml(m, golden_trailer(m, X, wrong=2))).selftest() == (3, 5)
    assert array("f", [twin.load(to_eml(m)).predict(features_of(m, X[0]))])[0] == outputs_of_sums(m, X[0])[0][0]
