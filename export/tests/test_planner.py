"""Places of tensors: apart where they live together, and in as little memory as can be."""

from __future__ import annotations

import itertools

from emlearn.passes import planner
from emlearn.passes.planner import Tensor
from hypothesis import given, settings
from hypothesis import strategies as st


def check(tensors):
    offsets, size = planner.plan(tensors)
    assert offsets[0] == 0
    for i, j in itertools.combinations(range(len(tensors)), 2):
        a, b = tensors[i], tensors[j]
        if a.first <= b.last and b.first <= a.last:
            replaces = i in (a.may_replace, b.may_replace) or j in (a.may_replace, b.may_replace)
            apart = offsets[i] + a.size <= offsets[j] or offsets[j] + b.size <= offsets[i]
            assert apart or (replaces and offsets[i] == offsets[j])
    for tensor, offset in zip(tensors, offsets, strict=True):
        assert 0 <= offset <= size - tensor.size and offset % tensor.align == 0
    assert size >= planner.lower_bound(tensors)
    return size


@given(st.lists(st.integers(1, 1000), min_size=2, max_size=40))
def test_plan_of_chains(sizes):
    """The largest input with its output is all that a chain needs."""
    tensors = [Tensor(size, i - 1, i) for i, size in enumerate(sizes)]
    assert check(tensors) == max(map(sum, itertools.pairwise(sizes)))


@st.composite
def graphs(draw, most):
    """Tensors of layers that take one or two of those before them."""
    sizes = draw(st.lists(st.integers(1, 100), min_size=2, max_size=most))
    last = [0] * len(sizes)
    for i in range(1, len(sizes)):
        for source in draw(st.lists(st.integers(max(0, i - 4), i - 1), min_size=1, max_size=2)):
            last[source] = max(last[source], i)
    return [Tensor(size, i, max(last[i], i), draw(st.sampled_from([1, 4]))) for i, size in enumerate(sizes)]


@settings(max_examples=30, deadline=None)
@given(graphs(24))
def test_plan_of_graphs(tensors):
    check(tensors)


@settings(max_examples=40, deadline=None)
@given(graphs(6))
def test_plan_is_the_smallest(tensors):
    """Of all orders of lowest places, among which the best plan is."""
    conflicts = planner._conflicts(tensors)
    orders = ((0, *order) for order in itertools.permutations(range(1, len(tensors))))
    best = min(planner._size(tensors, planner._in_order(tensors, conflicts, order)) for order in orders)
    assert check(tensors) == best


def test_plan_in_place():
    """Softmax, whose output is four times its input, begins where that does."""
    tensors = [Tensor(40, -1, 0), Tensor(10, 0, 1), Tensor(40, 1, 1, 4, may_replace=1)]
    assert check(tensors) == 50
