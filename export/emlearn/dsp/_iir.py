"""Filters of second-order sections."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._eml_dsp import ffi, lib
from ._arrays import as_float32, as_int16, pointer

# eml_err_t of the filters' init.
_ERRORS = {
    -5: "the filter is unstable: a pole is not inside the unit circle, or too near to it for int16",
    -6: "a coefficient is NaN or beyond float32, a0 is not 1, or all b of a section are 0",
    -7: "the filter overflows: full-scale samples may come out 16 times as large, or more, or they all come out as 0; "
    "divide or multiply the b of a section",
}


def _open(kind: str, sos: ArrayLike) -> tuple[Any, Any]:
    """Return a filter of the C core, and the memory that it is in; kind: "iir" or "iir_q15"."""
    sections = np.asarray(sos, np.float64)
    if sections.ndim != 2 or sections.shape[1] != 6 or len(sections) == 0:
        raise ValueError(f"expected sos of shape (n_sections, 6), as scipy.signal makes it, got {sections.shape}")
    with np.errstate(over="ignore"):
        coefficients = as_float32(sections)
    memory = ffi.new("int64_t[]", getattr(lib, f"dsp_{kind}_size")(coefficients.size) // 8 + 1)
    opened = ffi.cast(f"eml_{kind}_t *", memory)
    error = getattr(lib, f"dsp_{kind}_init")(opened, pointer(coefficients), coefficients.size)
    if error:
        raise ValueError(_ERRORS[error])
    return opened, memory


def _filter(kind: str, sos: ArrayLike, samples: NDArray[Any]) -> NDArray[Any]:
    opened, memory = _open(kind, sos)
    out = samples.copy()
    for row in out.reshape(-1, out.shape[-1]) if out.size else ():
        getattr(lib, f"dsp_{kind}_reset")(opened)
        getattr(lib, f"dsp_{kind}_run")(opened, pointer(row), len(row))
    del memory  # the filter is in it
    return out


def sosfilt(sos: ArrayLike, x: ArrayLike) -> NDArray[np.float32]:
    """Filter samples, as `scipy.signal.sosfilt`.

    Parameters
    ----------
    sos : array_like, shape (n_sections, 6)
        Second-order sections b0, b1, b2, a0, a1, a2, as `scipy.signal.butter(..., output="sos")` makes them; a0 is 1.
        Taken as float32.
    x : array_like, shape (..., n_samples)
        Samples, taken as float32. Each row is filtered on its own.

    Returns
    -------
    ndarray of float32, shape (..., n_samples)
        What `emliir.new(sos).run(x)` leaves in `x`.

    Raises
    ------
    ValueError
        If these are no such sections.
    """
    return _filter("iir", sos, as_float32(x))


def sosfilt_q15(sos: ArrayLike, x: ArrayLike) -> NDArray[np.int16]:
    """Filter int16 samples in integers.

    Parameters
    ----------
    sos : array_like, shape (n_sections, 6)
        As for `sosfilt`; they are quantised as `sos_to_q15` shows.
    x : array_like of int16, shape (..., n_samples)
        Samples. Each row is filtered on its own.

    Returns
    -------
    ndarray of int16, shape (..., n_samples)
        What `emliir_q15.new(sos).run(x)` leaves in `x`. What is beyond int16 is clipped.

    Raises
    ------
    ValueError
        If the filter is unstable, or amplifies so much that int16 overflows.
    """
    return _filter("iir_q15", sos, as_int16(x))


def sos_to_q15(sos: ArrayLike) -> NDArray[np.float64]:
    """Return the sections that `sosfilt_q15` has, after quantisation: to look at their frequency response.

    Parameters
    ----------
    sos : array_like, shape (n_sections, 6)
        As for `sosfilt`.

    Returns
    -------
    ndarray of float64, shape (n_sections, 6)
        Exactly the coefficients: integers of 16 bits with a power of two for the b of each section, and one for how far
        its a are from integers. `emliir_q15.new` takes `sos` itself, and finds the same.

    Raises
    ------
    ValueError
        If the filter is unstable, or amplifies so much that int16 overflows.
    """
    opened, memory = _open("iir_q15", sos)
    sections = np.empty((len(np.asarray(sos)), 6))
    lib.dsp_iir_q15_sos(opened, pointer(sections))
    del memory
    return sections
