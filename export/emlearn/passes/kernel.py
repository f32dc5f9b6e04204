"""Vectors and coefficients as the device has them: integers, with powers of two."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _quantize as q
from ..errors import ConvertError
from ..ir.kernel import MAX_LEFT, Kernel, KernelModel, Kind

_ROWS = 64  # of which kernels are computed at a time
_LARGEST = 2.0**400
_MARGIN = 1e-3  # errors are below 1e-6 of that limit where decision values are good


def fix(model: KernelModel) -> Kernel:
    """Round vectors and coefficients to 31 bits; vectors that are int16 integers stay as they are.

    Raises
    ------
    ConvertError
        If a number is NaN, infinite or too large, or the model is larger than the format holds.
    """
    gamma, vectors, coef = model.gamma, model.vectors, model.coef
    rbf, poly = model.kernel == Kind.RBF, model.kernel == Kind.POLY
    if not rbf and gamma == 0.0:  # no feature matters
        gamma, vectors = 1.0, np.zeros_like(vectors)
    if poly:  # (gamma z)^degree
        coef = coef * gamma**model.degree
    offset = model.offset + (model.coef0 / gamma if gamma else 0.0)
    for each in (vectors, coef, offset, model.intercept, np.zeros(0) if model.platt is None else model.platt):
        if not np.all(np.abs(each) < _LARGEST):
            raise ConvertError("a support vector or coefficient is NaN, infinite or too large; scale the features")
    coefs, coef_shift = q.columns_to_int32(coef)  # large vectors have small coefficients
    if model.kernel == Kind.LINEAR:
        coef_shift = np.full(len(vectors), -30, np.int16)
    rate, gamma_exponent = q.mantissa_32(gamma / np.log(2.0)) if rbf else q.mantissa_32(gamma)
    numbers: dict[str, Any]
    arrays: dict[str, Any]
    intercept = model.intercept
    # Of integers, which lose nothing when they are scaled, into the exact sum: only what that leaves is rounded.
    within = model.kernel == Kind.LINEAR and q.is_int16(model.rows) and not np.any(offset)
    if within:
        offset = offset + intercept
    numbers, arrays = (_differences if rbf else _products)(vectors, offset)
    if within:
        intercept = offset - np.ldexp(arrays["offset"].astype(float), int(arrays["shift"][-1]))
    intercepts, intercept_exponent = _column(intercept)
    narrow = arrays["vectors16"].size > 0
    platt = np.zeros((2, 0)) if model.platt is None else model.platt
    of_two = platt if platt.shape[1] == 1 else np.zeros((2, 1))
    of_more = platt if platt.shape[1] > 1 else np.zeros((2, 0))
    slope, slope_exponent = _column(of_two[0])
    bias, bias_exponent = _column(of_two[1])
    platts, platt_shift = q.columns_to_int32(of_more.reshape(1, -1))
    sizes = np.zeros(0) if model.sizes is None else model.sizes
    try:
        return Kernel(
            n_features=model.n_features,
            n_classes=model.n_classes,
            labels=model.labels,
            kernel=int(model.kernel),
            rule=int(model.rule),
            degree=model.degree if poly else 0,
            intercept_exponent=intercept_exponent,
            slope=int(slope[0]),
            slope_exponent=slope_exponent,
            bias=int(bias[0]),
            bias_exponent=bias_exponent,
            gamma=rate if model.kernel in (Kind.RBF, Kind.SIGMOID) else 0,
            gamma_exponent=gamma_exponent if model.kernel in (Kind.RBF, Kind.SIGMOID) else 0,
            n_vectors=len(vectors),
            n_vectors16=len(vectors) if narrow else 0,
            n_vectors32=0 if narrow else len(vectors),
            n_sizes=len(sizes),
            n_rows=len(coef),
            n_sums=len(intercepts),
            sizes=sizes.astype(np.uint32),
            intercept=intercepts,
            coef_shift=coef_shift,
            platt_shift=platt_shift,
            platt=platts[0],
            coef=coefs,
            **numbers,
            **arrays,
        )
    except ValueError as error:
        raise ConvertError(f"this support vector machine does not fit the format: {error}") from error


def _column(values: NDArray[np.float64]) -> tuple[NDArray[np.int32], int]:
    integers, shift = q.columns_to_int32(values.reshape(-1, 1))
    return integers[:, 0].copy(), int(shift[0])


def _left(vectors: NDArray[np.float64]) -> int:
    """Bits by which int16 vectors can be shifted until they have 31."""
    return min(31 - int(np.max(np.abs(vectors), initial=0.0)).bit_length(), MAX_LEFT)


def _narrow(vectors: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
    return {"vectors16": vectors.astype(np.int16), "vectors32": np.zeros((0, vectors.shape[1]), np.int32)}


def _wide(integers: NDArray[np.int32]) -> dict[str, NDArray[Any]]:
    return {"vectors16": np.zeros((0, integers.shape[1]), np.int16), "vectors32": np.ascontiguousarray(integers)}


def _differences(vectors: NDArray[np.float64], _: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """What rbf needs: vectors in one unit, from a centre."""
    n = vectors.shape[1]
    numbers = {"n_shifts": 0, "n_centers": n, "n_offsets": 0, "left": 0}
    none: dict[str, Any] = {"shift": np.zeros(0, np.int16), "offset": np.zeros(0, np.int32)}
    if q.is_int16(vectors):
        left = _left(vectors)
        arrays = none | {"center": np.zeros(n, np.float32)} | _narrow(vectors)
        return numbers | {"left": left, "exponent": -left}, arrays
    if not np.all(np.abs(vectors) <= q.FLOAT32_MAX):
        raise ConvertError("a support vector is beyond float32; train on scaled features")
    center = q.centers(vectors)
    integers, exponent = q.values_to_int32((vectors - center).reshape(-1))
    arrays = none | {"center": center} | _wide(integers.reshape(vectors.shape))
    return numbers | {"exponent": exponent}, arrays


def _products(vectors: NDArray[np.float64], offset: NDArray[np.float64]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the other kernels need: vectors with a unit for each feature, and offsets with theirs."""
    n = vectors.shape[1]
    numbers = {"n_shifts": n + 1, "n_centers": 0, "n_offsets": len(offset), "left": 0, "exponent": 0}
    none: dict[str, Any] = {"center": np.zeros(0, np.float32)}
    integers, shift = q.columns_to_int32(np.concatenate((vectors, offset[:, None]), axis=1))
    arrays: dict[str, Any] = none | {"shift": shift, "offset": integers[:, -1].copy()}
    if not q.is_int16(vectors):
        return numbers, arrays | _wide(integers[:, :-1])
    left = _left(vectors)
    shift[:-1] = -left
    return numbers | {"left": left}, arrays | _narrow(vectors)


def decision(model: KernelModel, X: NDArray[Any]) -> NDArray[np.float64]:
    """Compute all decision values in float64, shape (n_rows, n_sums), of X, shape (n_rows, n_features)."""
    parts = [_decision(model, X[i : i + _ROWS].astype(np.float64)) for i in range(0, len(X), _ROWS)]
    return np.concatenate(parts) if parts else np.zeros((0, len(model.intercept)))


def _decision(model: KernelModel, X: NDArray[np.float64]) -> NDArray[np.float64]:
    return _added(model, _kernels(model, X))


def _kernels(model: KernelModel, X: NDArray[np.float64]) -> NDArray[np.float64]:
    if model.kernel == Kind.RBF:
        distances = np.stack([np.sum((model.vectors - x) ** 2, axis=1) for x in X])
        return np.asarray(np.exp(-model.gamma * distances))
    values = X @ model.vectors.T + model.offset
    if model.kernel == Kind.POLY:
        return np.asarray((model.gamma * values + model.coef0) ** model.degree)
    return np.asarray(np.tanh(model.gamma * values + model.coef0) if model.kernel == Kind.SIGMOID else values)


def _added(model: KernelModel, values: NDArray[np.float64]) -> NDArray[np.float64]:
    if model.kernel == Kind.LINEAR:
        return np.asarray(values + model.intercept)
    if model.sizes is None:
        return np.asarray(values @ model.coef.T + model.intercept)
    ends = np.cumsum(model.sizes)
    of = [slice(end - size, end) for end, size in zip(ends, model.sizes, strict=True)]
    pairs = [(i, j) for i in range(model.n_classes) for j in range(i + 1, model.n_classes)]
    sums = [values[:, of[i]] @ model.coef[j - 1, of[i]] + values[:, of[j]] @ model.coef[i, of[j]] for i, j in pairs]
    return np.stack(sums, axis=1) + model.intercept


def unsettled(model: KernelModel, X: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell in which rows of X the iteration that couples probabilities ends by a narrow margin."""
    parts = [_unsettled(model, decision(model, X[i : i + _ROWS])) for i in range(0, len(X), _ROWS)]
    return np.concatenate(parts) if parts else np.zeros(0, bool)


def _unsettled(model: KernelModel, d: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Do what src/emlearn/eml_kernel_couple.h does, in float64."""
    n, narrow = model.n_classes, np.zeros(len(d), bool)
    if model.platt is None:
        return narrow
    limit, active = 0.005 / n, ~narrow
    with np.errstate(over="ignore"):
        first = np.clip(1.0 / (1.0 + np.exp(d * model.platt[0] + model.platt[1])), 1e-7, 1.0 - 1e-7)
    r = np.zeros((len(d), n, n))  # of i against j
    rows, columns = np.triu_indices(n, 1)
    r[:, rows, columns], r[:, columns, rows] = first, 1.0 - first
    Q = -r * r.transpose(0, 2, 1)
    Q[:, range(n), range(n)] = np.sum(r**2, axis=1)
    p = np.full((len(d), n), 1.0 / n)
    for _ in range(max(100, n)):
        products = np.einsum("rij,rj->ri", Q, p)
        total = np.sum(p * products, axis=1)
        error = np.max(np.abs(products - total[:, None]), axis=1)
        narrow |= active & (np.abs(error - limit) <= _MARGIN * limit)
        active &= error >= limit
        if not np.any(active):
            break
        for t in range(n):  # p of what has ended matters no more
            step = (total - products[:, t]) / Q[:, t, t]
            factor = 1.0 / (1.0 + step)
            total = (total + step * (step * Q[:, t, t] + 2.0 * products[:, t])) * factor**2
            products = (products + step[:, None] * Q[:, t]) * factor[:, None]
            p[:, t] += step
            p *= factor[:, None]
    return narrow


def sizes(model: KernelModel, X: NDArray[Any]) -> tuple[NDArray[np.float64], float]:
    """Return each sum's largest decision value of X, and of all sums the largest sum of the magnitudes of terms."""
    X = X.astype(np.float64)
    if model.kernel == Kind.LINEAR:
        terms = np.abs(X) @ np.abs(model.vectors).T + np.abs(model.offset)
    else:
        terms = np.abs(_kernels(model, X))
    all_positive = replace(model, coef=np.abs(model.coef), intercept=np.abs(model.intercept))
    largest = np.max(np.abs(decision(model, X)), axis=0, initial=0.0)
    return largest, float(np.max(_added(all_positive, terms), initial=0.0))
