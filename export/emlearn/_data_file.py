"""Rows and labels from a file: CSV, .npz or .npy."""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = tuple[NDArray[np.float64], NDArray[Any] | None]
LAST = "-1"


def read_data(path: Path, target: str | None, estimator: Any) -> Rows:
    """Read features, and labels of the type that the estimator has.

    Parameters
    ----------
    path : Path
        A CSV file with or without a header row, an .npy file of one table, or an .npz file of arrays X and y.
    target : str, optional
        Column of the labels or values: its name, or its number from 0 on, or -1 for the last. In an .npz file the name
        of their array, "y" for "-1". Without it all columns are features.
    estimator : object
        Tells classes, and, where it was fitted with names of features and the header has them, their order.

    Returns
    -------
    X : ndarray of float64, shape (n_rows, n_features)
    y : ndarray, shape (n_rows,), or None
        As long as X.

    Raises
    ------
    ValueError
        If the file is something else. The message names the line, the column or the label.
    """
    suffix = path.suffix.lower()
    if suffix == ".npz":
        return _read_npz(path, target, estimator)
    if suffix == ".npy":
        return _of_table(path, _load(path), target, estimator)
    return _read_csv(path, target, estimator)


def _read_csv(path: Path, target: str | None, estimator: Any) -> Rows:
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = [(number, row) for number, row in enumerate(csv.reader(file), 1) if row]
    if not rows:
        raise ValueError(f"{path} is empty; it needs data")
    first = rows[0][1]
    at = None if target is None else _column(path, first, target)
    header = None
    if (at is not None and target == first[at]) or not all(_is_number(c) for i, c in enumerate(first) if i != at):
        header, rows = first, rows[1:]
    columns = _features(len(first), at, header, estimator)
    features, labels = list[list[float]](), list[str]()
    for number, row in rows:
        if len(row) != len(first):
            raise ValueError(f"{path}, line {number}: {len(row)} cells, the first line has {len(first)}")
        try:
            features.append([float(row[i] or "nan") for i in columns])
        except ValueError as error:
            hint = "; name the column of the labels with --target" if target is None else ""
            raise ValueError(f"{path}, line {number}: {error}{hint}") from error
        if at is not None:
            labels.append(row[at])
    X = np.array(features, np.float64).reshape(len(rows), len(columns))
    return X, None if at is None else labels_of(labels, estimator)


def _read_npz(path: Path, target: str | None, estimator: Any) -> Rows:
    arrays = _load(path)
    wanted = ["X"] + ([] if target is None else ["y" if target == LAST else target])
    for name in wanted:
        if name not in arrays:
            raise ValueError(f"{path} has no array {name!r}; it has {', '.join(arrays)}")
    X = _numbers(path, arrays["X"])
    if target is None:
        return X, None
    y = arrays[wanted[1]].reshape(-1)
    if len(y) != len(X):
        raise ValueError(f"{path}: {wanted[1]} has {len(y)} labels for {len(X)} rows of X")
    return X, labels_of(y.tolist(), estimator)


def _of_table(path: Path, arrays: dict[str, NDArray[Any]], target: str | None, estimator: Any) -> Rows:
    table = _numbers(path, arrays[""])
    if target is None:
        return table, None
    at = _column(path, [""] * table.shape[1], target)
    return np.delete(table, at, axis=1), labels_of(table[:, at].tolist(), estimator)


def _load(path: Path) -> dict[str, NDArray[Any]]:
    """Arrays by name, that of an .npy file by none. Such as would run code when they are read are refused."""
    try:
        found = np.load(path, allow_pickle=False)
        return dict(found) if isinstance(found, np.lib.npyio.NpzFile) else {"": np.asarray(found)}
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise ValueError(f"cannot read {path}: {error}") from error


def _numbers(path: Path, table: NDArray[Any]) -> NDArray[np.float64]:
    if table.ndim != 2 or table.dtype.kind not in "biuf":
        raise ValueError(f"{path}: rows of numbers are needed, not an array of {table.dtype} of shape {table.shape}")
    return np.asarray(table, np.float64)


def _column(path: Path, first: list[str], target: str) -> int:
    if target in first:
        return first.index(target)
    try:
        at = int(target)
    except ValueError:
        known = ", ".join(first[:20]) if any(first) else f"columns 0 to {len(first) - 1}"
        raise ValueError(f"{path} has no column {target!r}; it has {known}") from None
    if not -len(first) <= at < len(first):
        raise ValueError(f"{path} has no column {at}; it has {len(first)}, from 0 on")
    return at % len(first)


def _features(n_columns: int, at: int | None, header: list[str] | None, estimator: Any) -> list[int]:
    names = list(map(str, getattr(estimator, "feature_names_in_", ())))
    if header is not None and names and set(names) <= set(header):
        return [header.index(name) for name in names]
    return [i for i in range(n_columns) if i != at]


def _is_number(cell: str) -> bool:
    try:
        float(cell or "nan")
    except ValueError:
        return False
    return True


def labels_of(found: list[Any], estimator: Any) -> NDArray[Any]:
    """Return labels as the estimator has them, by their text or number; values of a regression as float64."""
    classes = getattr(estimator, "classes_", None)
    if classes is None:
        try:
            return np.array([float(each) for each in found])
        except ValueError as error:
            raise ValueError(f"the target of a regression is a number: {error}") from error
    values = np.asarray(classes).tolist()
    known = {str(value): value for value in values}
    if np.asarray(classes).dtype.kind in "biuf":  # 1 is written as 1.0 too
        known = {str(float(value)): value for value in values} | known
        found = [each if str(each) in known or not _is_number(str(each)) else float(each) for each in found]
    unknown = next((each for each in found if str(each) not in known), None)
    if unknown is not None:
        shown = ", ".join(map(str, values[:20]))
        raise ValueError(f"label {str(unknown)!r} is not one of the estimator's classes, {shown}")
    return np.array([known[str(each)] for each in found], dtype=np.asarray(classes).dtype)
