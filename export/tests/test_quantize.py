"""Rounding, against exact arithmetic."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emlearn import _quantize as q

FLOATS = st.floats(allow_nan=False)
FLOATS32 = st.floats(width=32, allow_nan=False)
LARGEST = float(np.finfo(np.float32).max)
# Where float32 numbers end, or change their spacing.
EDGES = [0.0, -0.0, 1e-50, -1e-50, 1e-45, -1e-45, 1.1754943e-38, LARGEST, LARGEST * 2, -LARGEST * 2, np.inf, -np.inf]


@given(FLOATS | st.sampled_from(EDGES), FLOATS32)
def test_float32_floor_keeps_every_comparison(threshold, x):
    floor = q.float32_floor(np.array([threshold]))[0]
    with np.errstate(over="ignore"):
        above, below = (np.nextafter(floor, np.float32(to)) for to in (np.inf, -np.inf))
    for value in (x, floor, above, below):
        assert (float(value) <= threshold) == (value <= floor)


@given(FLOATS | st.sampled_from(EDGES))
def test_float32_floor_has_no_negative_zero(threshold):
    floor = q.float32_floor(np.array([threshold]))[0]
    assert floor != 0.0 or math.copysign(1.0, floor) == 1.0


@given(FLOATS | st.sampled_from(EDGES), FLOATS)
def test_float32_nearest_keeps_the_order(threshold, x):
    nearest = q.float32_nearest(np.array([threshold, x]))
    assert not (x <= threshold) or nearest[1] <= nearest[0]
    assert nearest[0] in (q.float32_floor(np.array([threshold]))[0], -q.float32_floor(np.array([-threshold]))[0])
    assert nearest[0] != 0.0 or math.copysign(1.0, nearest[0]) == 1.0


@given(FLOATS32, FLOATS32)
def test_keys_are_ordered_as_their_floats(a, b):
    key_a, key_b = q.float32_keys(np.array([a, b], np.float32))
    assert (key_a < key_b) == (a < b) or (a == b == 0.0)
    assert key_a <= q.KEY_INFINITY


def test_keys_at_the_ends():
    ends = np.array([-np.inf, 0.0, -0.0, np.inf], np.float32)
    assert q.float32_keys(ends).tolist() == [-(2**31), -0x7FFFFF, -0x800000, q.KEY_INFINITY]


@given(st.integers(0, 2**32 - 1))
def test_keys_are_reversible_and_nan_is_above_infinity(bits):
    x = np.array([bits], np.uint32).view(np.float32)
    key = q.float32_keys(x)
    assert (key[0] > q.KEY_INFINITY) == bool(np.isnan(x[0]))
    assert q.keys_to_float32(key).view(np.uint32)[0] == bits


@given(FLOATS | st.floats(-40000, 40000), st.integers(-32768, 32767))
def test_integer_floor_keeps_every_comparison(threshold, x):
    assert (x <= threshold) == (x <= q.integer_floor(np.array([threshold]))[0])


@pytest.mark.parametrize(
    "values, expected",
    [
        ([0, 5], True),
        ([-32768, 32767], True),
        ([32768], False),
        ([0.5], False),
        ([np.nan], False),
        ([np.inf], False),
        ([], True),
    ],
)
def test_is_int16(values, expected):
    assert q.is_int16(np.array(values)) is expected


@given(st.lists(FLOATS32, min_size=1, max_size=8))
def test_chosen_scales_fit_and_are_the_finest(thresholds):
    thresholds = q.float32_floor(np.array(thresholds))
    finite = [Fraction(float(t)) for t in thresholds if np.isfinite(t)]
    shift, offset = q.choose_scale(thresholds)

    def fits(s):
        scaled = [math.floor(t * Fraction(2) ** s) for t in finite]
        return max(map(abs, scaled)) < 2**29 and max(scaled) - min(scaled) <= 65000

    if not finite:
        assert (shift, offset) == (0, 0)
        return
    assert fits(shift) and (shift == 120 or not fits(shift + 1))
    assert all(-32768 < math.floor(t * Fraction(2) ** shift) - offset <= 32766 for t in finite)


@given(FLOATS32, st.integers(-120, 120), st.integers(-(2**29), 2**29))
def test_scaled_features_are_exact(x, shift, offset):
    scaled = q.scale_features(np.array([[x]], np.float32), np.array([shift], np.int32), np.array([offset], np.int32))
    whole = math.copysign(2**60, x) if math.isinf(x) else math.floor(Fraction(x) * Fraction(2) ** shift)
    assert scaled.dtype == np.int16
    assert scaled[0, 0] == min(max(whole - offset, -32768), 32766)


def test_scaled_nan():
    assert q.scale_features(np.array([[np.nan]], np.float32), np.array([3]), np.array([5]))[0, 0] == 32767


@given(st.floats(0.0, 1.0))
def test_uint8_proportions_are_within_a_510th(p):
    assert abs(int(q.proportions_to_uint8(np.array([p]))[0]) / 255 - p) <= 1 / 510 + 1e-16


def test_uint8_rounds_half_to_even():
    assert q.proportions_to_uint8(np.array([0.5 / 255, 1.5 / 255, 2.5 / 255])).tolist() == [0, 2, 2]


def values_and_errors(y):
    values, exponent = q.values_to_int32(np.array(y))
    assert values.dtype == np.int32
    unit = Fraction(2) ** exponent
    return values.tolist(), exponent, [abs(Fraction(a) / unit - v) for a, v in zip(y, values.tolist(), strict=True)]


@given(st.lists(st.floats(-LARGEST, LARGEST), min_size=1, max_size=8))
def test_values_are_rounded_to_the_finest_unit(y):
    values, exponent, errors = values_and_errors(y)
    assert max(errors) <= Fraction(1, 2) and -156 <= exponent <= 98
    assert all(v % 2 == 0 for v, error in zip(values, errors, strict=True) if error == Fraction(1, 2))
    largest = max(map(abs, values))
    assert largest <= 2**31 - 1
    if any(y):  # a finer one is too fine for the largest, or beyond what is allowed
        finer = max(abs(Fraction(a)) for a in y) * 2 / Fraction(2) ** exponent
        assert exponent == -156 or finer >= 2**31 - Fraction(1, 2)


@pytest.mark.parametrize(
    "y, expected, exponent",
    [
        ([], [], 0),
        ([0.0, -0.0], [0, 0], 0),
        ([1.0, -0.25], [2**30, -(2**28)], -30),
        ([1.0, 2.5 * 2**-30, 3.5 * 2**-30], [2**30, 2, 4], -30),  # half to even
        ([1 - 2**-31, -1.0 + 2**-31], [2**31 - 1, 1 - 2**31], -31),
        ([1 - 2**-32, 0.5], [2**30, 2**29], -30),  # rounds up to 2^31, which does not fit
        ([1 - 2**-32 - 2**-40, 0.5], [2**31 - 1, 2**30], -31),
        ([-1.0], [-(2**30)], -30),
        ([2.0**-149, 5e-324], [2**7, 0], -156),
        ([LARGEST], [(2**24 - 1) * 2**7], 97),
    ],
)
def test_units_of_values(y, expected, exponent):
    values, unit = q.values_to_int32(np.array(y, np.float64))
    assert (values.tolist(), unit) == (expected, exponent)


@given(st.decimals(allow_nan=False, allow_infinity=False) | st.sampled_from(["1.00000005960464477540", "7e-46"]))
def test_decimals_are_rounded_once(number):
    nearest = q.decimal_to_float32(str(number))
    if not np.isfinite(nearest):
        assert abs(Fraction(number)) >= 2**128 - 2**103
        return
    with np.errstate(over="ignore"):
        around = [np.nextafter(nearest, np.float32(to)) for to in (-np.inf, np.inf)]
    error = abs(Fraction(float(nearest)) - Fraction(number))
    assert all(error <= abs(Fraction(float(other)) - Fraction(number)) for other in around if np.isfinite(other))


def test_a_decimal_just_above_the_middle_of_two_float32():
    assert q.decimal_to_float32("1.00000005960464477540") == np.float32(1 + 2**-23)  # 1 + 2^-24 is ...477539...
    assert np.float32(float("1.00000005960464477540")) == 1.0


@given(
    st.lists(st.lists(st.integers(1, 3000), min_size=1, max_size=6), min_size=1, max_size=5),
    st.sampled_from([1.0, 0.37, 7.0]),
)
def test_counts_are_recovered_whatever_the_weight_of_a_sample(counts, weight):
    leaves = [np.array(c, float) for c in counts]
    start = np.concatenate(([0], np.cumsum([len(leaf) for leaf in leaves])))
    proportions = np.concatenate([leaf / leaf.sum() for leaf in leaves])
    found = q.recover_counts(proportions, start, np.array([leaf.sum() * weight for leaf in leaves]))
    assert found is not None
    for i, leaf in enumerate(counts):
        divisor = math.gcd(*leaf)
        assert found[start[i] : start[i + 1]].tolist() == [count // divisor for count in leaf]


@pytest.mark.parametrize(
    "proportions, total",
    [
        ([0.1 + 2**-50, 0.9 - 2**-50], 10.0),  # no ratio of small integers
        ([1 / 70001, 70000 / 70001], 70001.0),  # a total beyond 65,535
        ([0.5, 0.25], 4.0),  # does not sum to 1
        ([np.nextafter(1 / 3, 0), 2 / 3], 3.0),  # one bit off
    ],
)
def test_counts_that_do_not_exist(proportions, total):
    assert q.recover_counts(np.array(proportions), np.array([0, 2]), np.array([total])) is None


def test_counts_of_a_total_beyond_the_limit_are_reduced_first():
    found = q.recover_counts(np.array([0.25, 0.75]), np.array([0, 2]), np.array([400000.0]))
    assert found.tolist() == [1, 3]
    assert q.recover_counts(np.array([0.25, 0.75]), np.array([0, 2]), np.array([1e300])).tolist() == [1, 3]
