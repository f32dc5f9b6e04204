"""All rounding of the package: thresholds, features, proportions, values. See docs/formats.md."""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

INT16_MIN = -32768
INT16_MAX = 32767
SCALED_MAX = 32766  # scaled features stop here; 32767 stands for NaN
SCALED_NAN = 32767
MAX_SHIFT = 120
MAX_SCALED_RANGE = 65000  # of the thresholds of one feature; leaves room on both sides for values beyond them
MAX_OFFSET = 2**29
MAX_SCALED_THRESHOLD = 2**29  # |floor(t * 2^shift)| stays below, and so does the offset, which is between two of them
MIN_PROPORTION = 2.0**-1000  # of weighted leaves
MAX_COUNT_TOTAL = 65535
MIN_VALUE_EXPONENT = -156  # of regression: 2^-149 is the smallest float32
MIN_COLUMN_SHIFT, MAX_COLUMN_SHIFT = -400, 400
MIN_UNIT = -180  # a device takes float32 with a unit of 37 bits less than their last bit for too large
INT32_MAX = 2**31 - 1
FLOAT32_MAX = float(np.finfo(np.float32).max)

_KEY_BIAS = np.uint32(0x7FFFFF)
_MAGNITUDE = np.uint32(0x7FFFFFFF)
KEY_INFINITY = 0x7F000001  # every larger key is a NaN


def float32_floor(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the largest float32 not above each value, so that for float32 ``x``: ``x <= result`` iff ``x <= value``.

    Infinities are kept, values beyond the range of float32 become its largest number or -infinity, and -0.0 becomes
    0.0.
    """
    values = np.asarray(values, dtype=np.float64)
    with np.errstate(over="ignore", under="ignore"):
        rounded = values.astype(np.float32)
        above = rounded.astype(np.float64) > values
        rounded[above] = np.nextafter(rounded[above], np.float32(-np.inf))
    return rounded + np.float32(0.0)  # -0.0 + 0.0 is 0.0


def float32_nearest(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the float32 nearest to each value, so that ``float32(x) <= result`` for every float64 ``x <= value``.

    Infinities are kept, values beyond the range of float32 become infinite, and -0.0 becomes 0.0.
    """
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(values, np.float64).astype(np.float32) + np.float32(0.0)


def float32_keys(values: NDArray[np.float32]) -> NDArray[np.int32]:
    """Return int32 keys in the order of the float32 values; every NaN is above ``KEY_INFINITY``."""
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.uint32)
    flipped = np.where(bits >> np.uint32(31) != 0, bits ^ _MAGNITUDE, bits)
    return (flipped - _KEY_BIAS).view(np.int32)


def keys_to_float32(keys: NDArray[np.int32]) -> NDArray[np.float32]:
    """Return the float32 values that `float32_keys` made the keys from."""
    flipped = np.ascontiguousarray(keys, dtype=np.int32).view(np.uint32) + _KEY_BIAS
    bits = np.where(flipped >> np.uint32(31) != 0, flipped ^ _MAGNITUDE, flipped)
    return bits.view(np.float32)


def integers_to_float32(integers: NDArray[Any]) -> NDArray[np.float32]:
    """Return float32 numbers in the order of these integers, whose sign and magnitude are their bits.

    Integers are limited to +-0x7F7FFFFF, the bits of the largest number.
    """
    bits = np.minimum(np.abs(integers), 0x7F7FFFFF).astype(np.uint32)
    bits[integers < 0] |= np.uint32(1 << 31)  # not of 0
    return np.asarray(bits.view(np.float32))


def float32_to_integers(numbers: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return what `integers_to_float32` made the numbers from."""
    bits = np.ascontiguousarray(numbers).view(np.uint32)
    sizes = (bits & _MAGNITUDE).astype(np.float64)
    return np.where(bits >> np.uint32(31) != 0, -sizes, sizes)


def integer_floor(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return floor of each value, limited to +-2^40: for an int16 ``x``, ``x <= result`` iff ``x <= value``."""
    limit = 2.0**40
    return np.clip(np.floor(values), -limit, limit).astype(np.int64)


def is_int16(values: NDArray[Any]) -> bool:
    """Tell whether every value is an integer from -32768 to 32767."""
    if values.size == 0 or values.dtype.kind == "b":
        return True
    with np.errstate(invalid="ignore"):
        in_range = bool(np.all((values >= INT16_MIN) & (values <= INT16_MAX)))
    return in_range and bool(np.all(values == np.floor(values)))


def choose_scale(thresholds: NDArray[np.float32]) -> tuple[int, int]:
    """Choose the finest scale of a feature under which its thresholds fit in int16.

    Parameters
    ----------
    thresholds : ndarray of float32
        The feature's thresholds; infinite ones are ignored.

    Returns
    -------
    shift, offset : int
        The scaled feature is ``floor(x * 2^shift) - offset``. The shift is the largest, up to 120, for which the
        scaled thresholds span at most 65,000 and stay below 2^29 before the offset; the offset centres them.
    """
    finite = thresholds[np.isfinite(thresholds)].astype(np.float64)
    if finite.size == 0:
        return 0, 0
    low, high = float(finite.min()), float(finite.max())
    largest = max(abs(low), abs(high))
    shift = MAX_SHIFT if largest == 0.0 else min(MAX_SHIFT, 31 - int(np.frexp(largest)[1]))
    while True:
        scaled_low, scaled_high = (int(np.floor(np.ldexp(t, shift))) for t in (low, high))
        fits = max(abs(scaled_low), abs(scaled_high)) < MAX_SCALED_THRESHOLD
        if fits and scaled_high - scaled_low <= MAX_SCALED_RANGE:
            return shift, (scaled_low + scaled_high) // 2
        shift -= 1


def scale_features(
    features: NDArray[np.float32], shift: NDArray[np.int32], offset: NDArray[np.int32]
) -> NDArray[np.int16]:
    """Scale raw features as the device does: ``floor(x * 2^shift) - offset``, limited to -32768..32766; NaN is 32767.

    Parameters
    ----------
    features : ndarray of float32, shape (..., n_features)
    shift, offset : ndarray of int32, shape (n_features,)
    """
    # Exact: a float32 times 2^+-120 needs no rounding in float64.
    scaled = np.floor(np.ldexp(features.astype(np.float64), shift))
    missing = np.isnan(scaled)
    limit = 2.0**40
    scaled = np.clip(np.where(missing, 0.0, scaled), -limit, limit) - offset
    limited = np.clip(scaled, INT16_MIN, SCALED_MAX)
    return np.where(missing, SCALED_NAN, limited).astype(np.int16)


def proportions_to_uint8(proportions: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return 255 times each proportion, rounded half to even, each on its own."""
    return np.rint(proportions * 255.0).astype(np.uint8)


def values_to_int32(values: NDArray[np.float64]) -> tuple[NDArray[np.int32], int]:
    """Round values to a common unit, the finest power of two in which the largest of them fits in int32.

    Parameters
    ----------
    values : ndarray of float64
        Finite.

    Returns
    -------
    ndarray of int32, int
        The values in units of 2^exponent, half to even, and the exponent: at least -156; 0 if all values are 0.
    """
    largest = float(np.max(np.abs(values), initial=0.0))
    if largest == 0.0:
        return np.zeros(len(values), np.int32), 0
    exponent = max(int(np.frexp(largest)[1]) - 31, MIN_VALUE_EXPONENT)
    if np.rint(np.ldexp(largest, -exponent)) > 2**31 - 1:  # rounded up, to 2^31
        exponent += 1
    return np.rint(np.ldexp(values, -exponent)).astype(np.int32), exponent


def sums_to_integers(
    values: NDArray[np.float64], bases: NDArray[np.float64], leaf_bits: int, base_bits: int, error: float
) -> tuple[NDArray[Any], NDArray[np.int64], int]:
    """Round what sums are made of to a common unit, a power of two: int32 leaves if `error` allows it, else int64.

    Parameters
    ----------
    values, bases : ndarray of float64
        Leaves, and what sums are compared with or begin at; finite.
    leaf_bits, base_bits : int
        Bits that the magnitude of an int64 leaf, or of a base, may have.
    error : float
        How far a leaf may be rounded.

    Returns
    -------
    ndarray of int32 or int64, ndarray of int64, int
        Leaves half to even and bases rounded down, in units of 2^exponent, and the exponent. Rounded down, a base that
        is compared with gives every sum that is a whole number the same answer as before.
    """
    largest_base = float(np.max(np.abs(bases), initial=0.0))
    lowest = max(MIN_VALUE_EXPONENT, int(np.frexp(largest_base)[1]) + 1 - base_bits if largest_base else -1000)
    leaves, exponent = values_to_int32(values)
    if not np.any(leaves):  # the bases alone decide
        exponent = max(int(np.frexp(largest_base)[1]) - 31, lowest) if largest_base else 0
    if exponent < lowest or 2.0 ** (exponent - 1) > error:
        largest = float(np.max(np.abs(values), initial=0.0))
        exponent = max(int(np.frexp(largest)[1]) + 1 - leaf_bits, lowest)
        wide = np.rint(np.ldexp(values, -exponent))
        fits = np.max(np.abs(wide), initial=0.0) < 2**31
        return wide.astype(np.int32 if fits else np.int64), _floor(bases, exponent), exponent
    return leaves, _floor(bases, exponent), exponent


def _floor(bases: NDArray[np.float64], exponent: int) -> NDArray[np.int64]:
    return np.floor(np.ldexp(bases, -exponent)).astype(np.int64)


def decimal_to_float32(text: str) -> np.float32:
    """Return the float32 nearest to a decimal number, of two the even one: rounded once, not by way of float64."""
    with np.errstate(over="ignore"):
        guess = np.float32(float(text))
        if not np.isfinite(guess):
            return guess
        around = [guess, np.nextafter(guess, np.float32(-np.inf)), np.nextafter(guess, np.float32(np.inf))]
    exact = Fraction(text)
    finite = [value for value in around if np.isfinite(value)]
    return min(finite, key=lambda value: (abs(Fraction(float(value)) - exact), int(value.view(np.uint32)) & 1))


def recover_counts(
    proportions: NDArray[np.float64], start: NDArray[np.int64], totals: NDArray[np.float64]
) -> NDArray[np.int64] | None:
    """Find for each leaf integer counts whose ratio to their sum is, bit for bit, the leaf's proportions.

    Parameters
    ----------
    proportions : ndarray of float64, shape (n_entries,)
        Non-zero proportions of all leaves, one leaf after the other.
    start : ndarray of int64, shape (n_leaves + 1,)
        Leaf i is ``proportions[start[i]:start[i + 1]]``; no leaf is empty.
    totals : ndarray of float64, shape (n_leaves,)
        The leaves' summed sample weights: the sum of the counts when no weights were used.

    Returns
    -------
    ndarray of int64, shape (n_entries,), or None
        The counts, without common divisor; None if a leaf has none with a sum of at most 65,535.
    """
    first, sizes = start[:-1], np.diff(start)
    if sizes.size == 0:
        return np.zeros(0, dtype=np.int64)
    totals = np.where(totals < 2.0**53, totals, 0.0)  # beyond, weights are no counts
    counts = np.rint(proportions * np.repeat(totals, sizes)).astype(np.int64)
    counts //= np.repeat(np.maximum(np.gcd.reduceat(counts, first), 1), sizes)
    ratio: dict[float, Fraction] = {}  # leaves share proportions
    for leaf in np.flatnonzero(~_exact(counts, proportions, start)):
        entries = slice(start[leaf], start[leaf + 1])
        found = _recover_leaf(proportions[entries].tolist(), ratio)
        if found is None:
            return None
        counts[entries] = found
    return counts if bool(np.all(_exact(counts, proportions, start))) else None


def _exact(counts: NDArray[np.int64], proportions: NDArray[np.float64], start: NDArray[np.int64]) -> NDArray[np.bool_]:
    first = start[:-1]
    totals = np.add.reduceat(counts, first)
    ratios = counts / np.maximum(np.repeat(totals, np.diff(start)), 1)
    return (totals <= MAX_COUNT_TOTAL) & np.logical_and.reduceat((ratios == proportions) & (counts > 0), first)


def _recover_leaf(proportions: list[float], ratio: dict[float, Fraction]) -> NDArray[np.int64] | None:
    for p in proportions:
        if p not in ratio:
            ratio[p] = Fraction(p).limit_denominator(MAX_COUNT_TOTAL)
    fractions = [ratio[p] for p in proportions]
    total = lcm(*(fraction.denominator for fraction in fractions))
    if total > MAX_COUNT_TOTAL or sum(fractions) != 1:
        return None
    return np.array([int(fraction * total) for fraction in fractions], dtype=np.int64)


def columns_to_int32(columns: NDArray[np.float64]) -> tuple[NDArray[np.int32], NDArray[np.int16]]:
    """Return integers and shifts with ``integers * 2^shift`` nearest to the columns.

    The largest of a column gets 31 bits. A column of zeros, or of numbers too small for the smallest shift, has shift
    -400 and never decides anything.
    """
    largest = np.max(np.abs(columns), axis=0, initial=0.0)
    exponents = np.frexp(largest)[1].astype(np.int64)  # largest < 2^exponent
    shift = np.clip(exponents - 31, MIN_COLUMN_SHIFT, MAX_COLUMN_SHIFT)
    shift[largest == 0.0] = MIN_COLUMN_SHIFT
    rounded = np.rint(np.ldexp(columns, -shift.astype(np.int32)))
    over = np.any(np.abs(rounded) > INT32_MAX, axis=0) & (shift < MAX_COLUMN_SHIFT)  # rounding made one bit more
    shift = shift + over
    rounded = np.rint(np.ldexp(columns, -shift.astype(np.int32)))
    return np.clip(rounded, -INT32_MAX, INT32_MAX).astype(np.int32), shift.astype(np.int16)


def factors_to_int37(
    factors: NDArray[np.float64],
) -> tuple[NDArray[np.int32], NDArray[np.uint32], NDArray[np.int16]]:
    """Return integers, 6 bits for each, and shifts: ``(integers + bits / 64) * 2^shift`` is nearest to the factors."""
    shift = columns_to_int32(factors[None, :])[1]
    whole = np.rint(np.ldexp(factors, 6 - shift.astype(np.int32)))
    whole = np.where(factors == 0.0, 0.0, np.clip(whole, -(2.0**37) + 64, 2.0**37 - 64)).astype(np.int64)
    return (whole >> 6).astype(np.int32), (whole & 63).astype(np.uint32), shift


def centers(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the middle of the range of each column, as float32; 0 without rows."""
    if len(values) == 0:
        return np.zeros(values.shape[1], np.float32)
    low, high = np.min(values, axis=0), np.max(values, axis=0)
    return np.asarray(low * 0.5 + high * 0.5).astype(np.float32)


def mantissa_32(value: float) -> tuple[int, int]:
    """Return the integer of 32 bits and the exponent with ``integer * 2^exponent`` nearest to a value; of 0, zeros."""
    fraction, exponent = np.frexp(value)
    integer = int(np.rint(np.ldexp(fraction, 32)))
    if integer > 2**32 - 1:  # rounded up, to 2^32
        integer, exponent = integer // 2, exponent + 1
    return (integer, int(exponent) - 32) if integer else (0, 0)


def rows_to_integers(
    matrix: NDArray[np.float64], bits: int
) -> tuple[NDArray[np.int32], NDArray[np.int16], NDArray[np.uint16]]:
    """Return integers, shifts and scales with ``integers * scale[:, None] * 2^shift`` near to the matrix.

    Each column is first brought to the same power of two, which costs nothing; then each row gets the finest scale in
    which its integers are from ``-(2^(bits - 1) - 1)`` to the opposite, half to even. The largest scale has 16 bits.
    """
    limit = 2 ** (bits - 1) - 1
    largest = np.max(np.abs(matrix), axis=0, initial=0.0)
    exponents = np.where(largest == 0.0, MIN_COLUMN_SHIFT, np.frexp(largest)[1]).astype(np.int32)
    exponents = np.clip(exponents, MIN_COLUMN_SHIFT + 64, MAX_COLUMN_SHIFT)
    columns = np.ldexp(matrix, -exponents)
    per_unit = np.max(np.abs(columns), axis=1, initial=0.0) / limit
    unit = int(np.frexp(np.max(per_unit, initial=0.0))[1]) - 16
    if np.ceil(np.ldexp(np.max(per_unit, initial=0.0), -unit)) > 65535:
        unit += 1
    scale = np.maximum(np.ceil(np.ldexp(per_unit, -unit)), 1.0)
    integers = np.rint(np.ldexp(columns, -unit) / scale[:, None])
    shift = np.clip(exponents + unit, MIN_COLUMN_SHIFT, MAX_COLUMN_SHIFT)
    return np.clip(integers, -limit, limit).astype(np.int32), shift.astype(np.int16), scale.astype(np.uint16)


def means_to_int32(
    means: NDArray[np.float64], finest: NDArray[np.float64]
) -> tuple[NDArray[np.int32], NDArray[np.uint32], NDArray[np.int16]]:
    """Return means relative to a centre of each feature, the float32 nearest to the middle, and their units.

    Parameters
    ----------
    means : ndarray of float64, shape (n_components, n_features)
    finest : ndarray of float64, shape (n_features,)
        The smallest standard deviation of a feature, or infinity.

    Returns
    -------
    ndarray of int32, ndarray of uint32, ndarray of int16
        The means less the centre as a device has it, in units of 2^unit, half to even; bits of the centres; units: the
        largest below 2^-34 of the standard deviation, or the smallest in which the means fit.
    """
    middle = (np.min(means, axis=0) + np.max(means, axis=0)) / 2.0
    centre = np.clip(middle, -FLOAT32_MAX, FLOAT32_MAX).astype(np.float32)
    spread = np.max(np.abs(means - centre), axis=0)
    by_spread = np.frexp(spread)[1] - 31 + (np.ldexp(spread, -(np.frexp(spread)[1] - 31)) > INT32_MAX - 1)
    by_spread = np.where(spread == 0.0, MIN_COLUMN_SHIFT, by_spread)
    by_precision = np.where(np.isfinite(finest), np.frexp(np.where(np.isfinite(finest), finest, 1.0))[1] - 35, 0)
    by_range = np.where(centre == 0.0, MIN_COLUMN_SHIFT, np.frexp(centre)[1] - 60)  # a device holds 61 bits
    unit = np.maximum(np.maximum(by_spread, by_precision), by_range)
    unit = np.clip(unit, MIN_UNIT, MAX_COLUMN_SHIFT).astype(np.int32)
    scaled = np.ldexp(centre.astype(np.float64), -unit)
    known = np.sign(scaled) * np.floor(np.abs(scaled) + 0.5)  # as eml_gaussian_fixed
    integers = np.rint(np.ldexp(means - centre, -unit) + (scaled - known))
    return np.clip(integers, -INT32_MAX, INT32_MAX).astype(np.int32), centre.view(np.uint32), unit.astype(np.int16)


def to_fixed(values: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """Return whole parts, rounded down, and the rest in units of 2^-32."""
    whole = np.floor(values)
    fraction = np.floor((values - whole) * 2.0**32)
    return whole.astype(np.int64), fraction.astype(np.uint32)


def values_to_int61(values: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int16]]:
    """Return integers of magnitude up to 2^60 and units with ``integers * 2^unit`` equal to the values.

    Only what is below 2^-400 is rounded; what is above 2^400 becomes the largest.
    """
    exponents = np.frexp(values)[1].astype(np.int64)  # |value| < 2^exponent
    unit = np.clip(exponents - 60, MIN_COLUMN_SHIFT, MAX_COLUMN_SHIFT)
    unit = np.where(values == 0.0, 0, unit)
    integers = np.clip(np.rint(np.ldexp(values, -unit.astype(np.int32))), -(2.0**60), 2.0**60)
    return integers.astype(np.int64), unit.astype(np.int16)
