"""Transformers before trees -> thresholds: whatever is monotone in each column costs nothing on the device.

Which raw numbers are the last to go left is asked of the fitted transformers themselves, by bisection: what they round
is in the answer.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ConvertError
from ..ir.trees import Ensemble
from .common import check_fitted
from .pipeline import lookup

_ROWS = 4096  # of a matrix that transformers are asked about
_GRID = 512  # numbers of each feature at which the order is checked
_NEARLY = 2.0**-16  # a threshold of integers that float32 arithmetic has moved is still as near to a multiple of 1/2


@dataclass(frozen=True, eq=False)
class Link:
    """A transformer that does not decrease in any column.

    Attributes
    ----------
    apply : callable
        What it makes of a table.
    source : ndarray of int64, shape (n_out,)
        The column that each of its columns comes from.
    n_in : int
    categories : dict of int to ndarray
        Columns of which it takes these numbers only.
    """

    apply: Callable[[NDArray[Any]], Any]
    source: NDArray[np.int64]
    n_in: int
    categories: dict[int, NDArray[np.float32]]


def monotone(step: Any) -> Link | None:
    """Return a transformer as a `Link`, None if it is none."""
    make = lookup(_LINKS, step)
    if make is None:
        return None
    check_fitted(step, "n_features_in_")
    return make(step)


def _columns(step: Any) -> Link | None:
    n = int(step.n_features_in_)
    return Link(step.transform, np.arange(n), n, {})


def _selection(step: Any) -> Link | None:
    return Link(step.transform, np.flatnonzero(step.get_support()), int(step.n_features_in_), {})


def _imputer(step: Any) -> Link | None:
    if step.add_indicator or not isinstance(step.missing_values, float) or not np.isnan(step.missing_values):
        return None  # one number among others has no place in an order
    return Link(step.transform, kept_columns(step), int(step.n_features_in_), {})


def kept_columns(step: Any) -> NDArray[np.int64]:
    """Return the columns that a SimpleImputer keeps: not those of which it has seen nothing."""
    n = int(step.n_features_in_)
    if step.strategy == "constant" or getattr(step, "keep_empty_features", False):
        return np.arange(n)
    try:
        return np.flatnonzero(~np.isnan(np.asarray(step.statistics_, np.float64)))
    except (TypeError, ValueError) as error:
        raise ConvertError("SimpleImputer has seen text; the device takes numbers only: train it on those") from error


def _encoder(step: Any) -> Link | None:
    if step.handle_unknown != "error":
        return None  # what is unknown has one code, wherever it lies
    known = categories_of(step)
    n = int(step.n_features_in_)

    def encode(table: NDArray[Any]) -> NDArray[Any]:
        # Where scikit-learn would raise, the order goes on: an unknown number is the category below it.
        found = np.empty(table.shape, step.dtype)
        for j, numbers in enumerate(known):
            below = np.searchsorted(numbers, table[:, j], side="right") - 1
            found[:, j] = np.clip(below, 0, max(len(numbers) - 1, 0))
            missing = np.isnan(table[:, j])
            found[missing, j] = step.encoded_missing_value if np.isnan(step.categories_[j][-1]) else np.nan
        return found

    return Link(encode, np.arange(n), n, dict(enumerate(known)))


def categories_of(step: Any) -> list[NDArray[np.float32]]:
    """Return the categories of an OrdinalEncoder, but NaN.

    Raises
    ------
    ConvertError
        If they are no numbers, or none that float32 has; or if some are counted as infrequent.
    """
    if getattr(step, "min_frequency", None) is not None or getattr(step, "max_categories", None) is not None:
        raise ConvertError("OrdinalEncoder with min_frequency= or max_categories= is not supported; leave them out")
    found = []
    for categories in step.categories_:
        if any(isinstance(category, (str, bytes)) or category is None for category in categories):
            raise ConvertError("OrdinalEncoder of text is not supported: the device takes numbers only")
        numbers = np.asarray(categories, np.float64)
        numbers = numbers[~np.isnan(numbers)]
        if np.any(numbers.astype(np.float32) != numbers):
            raise ConvertError("a category of OrdinalEncoder is no float32 number; train it on X.astype('float32')")
        found.append(numbers.astype(np.float32))
    return found


_LINKS: dict[tuple[str, str], Callable[[Any], Link | None]] = {
    **dict.fromkeys(
        (("sklearn", name) for name in ("StandardScaler", "RobustScaler", "MinMaxScaler", "MaxAbsScaler")), _columns
    ),
    ("emlearn", "Quantizer"): _columns,
    ("sklearn", "SelectorMixin"): _selection,
    ("sklearn", "SimpleImputer"): _imputer,
    ("sklearn", "OrdinalEncoder"): _encoder,
}


@contextmanager
def _unchecked() -> Iterator[None]:
    """Let transformers take every number: an infinite one is what a large one may become on the way."""
    from sklearn import config_context

    with config_context(assume_finite=True), warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def _transform(links: list[Link], table: NDArray[Any]) -> NDArray[Any]:
    found: Any = table
    for link in links:
        found = np.asarray(link.apply(np.array(found)))
    return np.asarray(found)


@dataclass(frozen=True)
class _Keys:
    """Integers in the order of the numbers of a floating-point type, 0 being 0."""

    number: type[np.floating[Any]]
    bits: type[np.unsignedinteger[Any]]

    @property
    def highest(self) -> int:
        """Key of the largest finite number."""
        return int(np.array([np.finfo(self.number).max], self.number).view(self.bits)[0])

    def numbers(self, keys: NDArray[np.int64]) -> NDArray[Any]:
        """Return what the keys stand for."""
        sizes = np.abs(keys).astype(self.bits).view(self.number)
        return np.where(keys < 0, -sizes, sizes)


def fold_thresholds(ensemble: Ensemble, links: list[Link], double: bool = False) -> Ensemble:
    """Return the trees that take what the first of these transformers takes: float32, or else float64.

    Raises
    ------
    ConvertError
        If a transformer turns out not to keep the order of numbers.
    """
    if not links:
        return ensemble
    n_raw = links[0].n_in
    source = np.arange(n_raw)
    categories: dict[int, NDArray[np.float32]] = {}
    for link in links:
        categories |= {int(source[j]): known for j, known in link.categories.items()}
        source = source[link.source]
    if not len(ensemble.feature):
        return replace(ensemble, n_features=n_raw, allows_missing=False, categories=categories)
    if len(source) != ensemble.n_features:
        raise ConvertError(f"the trees have {ensemble.n_features} features, but the transformers give {len(source)}")

    keys = _Keys(np.float64, np.uint64) if double else _Keys(np.float32, np.uint32)
    with _unchecked():
        both = np.stack((ensemble.feature, ensemble.threshold), axis=1)
        pairs, inverse = np.unique(both, axis=0, return_inverse=True)
        feature, threshold = pairs[:, 0].astype(np.int64), pairs[:, 1].astype(np.float64)
        last = _last_left(links, source, n_raw, feature, threshold, ensemble.rounds_features, keys)
        missing = np.ravel(_compared(_transform(links, np.full((1, n_raw), np.nan, np.float32)), ensemble))
        _check_order(links, n_raw, source, feature, last, keys)
    raw = np.where(last < -keys.highest, -np.inf, keys.numbers(np.maximum(last, -keys.highest)).astype(np.float64))
    raw = np.where(last == keys.highest, np.inf, raw)[inverse.reshape(-1)]
    nowhere = np.isnan(missing[ensemble.feature])
    finite = raw[np.isfinite(raw)]
    integers = np.abs(2.0 * finite - np.rint(2.0 * finite)) <= 2.0 * _NEARLY * np.maximum(np.abs(finite), 1.0)
    return replace(
        ensemble,
        n_features=n_raw,
        feature=source[ensemble.feature],
        threshold=raw,
        missing_left=np.where(nowhere, ensemble.missing_left, missing[ensemble.feature] <= ensemble.threshold),
        random_thresholds=ensemble.random_thresholds or bool(np.all(integers)),
        allows_missing=_takes_missing(links, n_raw) and (ensemble.allows_missing or not np.any(np.isnan(missing))),
        categories=categories,
    )


def _compared(table: NDArray[Any], ensemble: Ensemble) -> NDArray[np.float64]:
    return (table.astype(np.float32) if ensemble.rounds_features else table).astype(np.float64)


def _last_left(
    links: list[Link],
    source: NDArray[np.int64],
    n_raw: int,
    feature: NDArray[np.int64],
    threshold: NDArray[np.float64],
    rounds: bool,
    keys: _Keys,
) -> NDArray[np.int64]:
    """Key of the largest finite raw number that goes left, one below the lowest if none does; sorted by feature."""
    start = np.searchsorted(feature, feature)
    place = np.arange(len(feature)) - start  # each threshold of a feature has a row of the table
    low, high = np.full(len(feature), -keys.highest - 1), np.full(len(feature), keys.highest)
    for first in range(0, int(place.max(initial=-1)) + 1, _ROWS):
        mine = np.flatnonzero((place >= first) & (place < first + _ROWS))
        row, column, raw = place[mine] - first, feature[mine], source[feature[mine]]
        while np.any(low[mine] < high[mine]):
            middle = (low[mine] | high[mine]) - ((low[mine] ^ high[mine]) >> 1)  # rounded up; their sum might overflow
            table = np.zeros((int(row.max()) + 1, n_raw), keys.number)
            table[row, raw] = keys.numbers(np.maximum(middle, -keys.highest))
            found = _transform(links, table)[row, column]
            left = (found.astype(np.float32) if rounds else found).astype(np.float64) <= threshold[mine]
            low[mine] = np.where(left, middle, low[mine])
            high[mine] = np.where(left, high[mine], np.maximum(middle - 1, low[mine]))
    return low


def _check_order(
    links: list[Link],
    n_raw: int,
    source: NDArray[np.int64],
    feature: NDArray[np.int64],
    last: NDArray[np.int64],
    keys: _Keys,
) -> None:
    """Refuse transformers that do not keep the order, over all numbers and beside the thresholds."""
    highest = keys.highest
    grid = (np.linspace(-1.0, 1.0, _GRID) * (highest >> 10)).astype(np.int64) << 10
    rows = np.repeat(grid[:, None], n_raw, axis=1)
    for j in np.unique(feature):
        near = last[feature == j]
        around = np.concatenate((near - 1, near, near + 1))[: _GRID // 2]
        rows[: len(around), source[j]] = np.clip(around, -highest, highest)
    found = _transform(links, keys.numbers(np.sort(rows, axis=0))).astype(np.float64)
    if np.any(np.isnan(found)) or np.any(found[1:] < found[:-1]):
        raise ConvertError("a transformer before the trees does not keep the order of numbers; transform beforehand")


def _takes_missing(links: list[Link], n_raw: int) -> bool:
    table = np.full((1, n_raw), np.nan, np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            _transform(links, table)
        except ValueError:
            return False
    # An encoder that has not seen NaN refuses it.
    return not any(np.any(np.isnan(_transform([link], table))) for link in links if link.categories)
