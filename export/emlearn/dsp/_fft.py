"""Fourier transforms."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._eml_dsp import lib
from ._arrays import as_float32, as_int16, pointer


def _check(n: int) -> None:
    if not 8 <= n <= 4096 or n & (n - 1):
        raise ValueError(f"expected a power of two from 8 to 4096 samples along the last axis, got {n}")


@cache
def _table(n: int) -> NDArray[np.float32]:
    _check(n)
    table = np.empty(n, np.float32)
    lib.dsp_fft_init(pointer(table), n)
    return table


@cache
def _table_q15(n: int) -> NDArray[np.int16]:
    _check(n)
    table = np.empty(n, np.int16)
    lib.dsp_fft_q15_init(pointer(table), n)
    return table


def _rows(x: NDArray[np.float32] | NDArray[np.int16]) -> int:
    return int(x.size) // int(x.shape[-1])


def fft(x: ArrayLike) -> NDArray[np.complex64]:
    """Discrete Fourier transform, as `numpy.fft.fft`.

    Parameters
    ----------
    x : array_like, shape (..., n)
        Real or complex samples, taken as float32; n is a power of two from 8 to 4096.

    Returns
    -------
    ndarray of complex64, shape (..., n)
        What `emlfft.FFT(n).run(re, im)` leaves in `re` and `im`.

    Raises
    ------
    ValueError
        If there is no transform of n samples.
    """
    array = np.asarray(x)
    re, im = as_float32(array.real).copy(), as_float32(array.imag).copy()
    n = re.shape[-1]
    lib.dsp_fft_run(pointer(_table(n)), n, pointer(re), pointer(im), _rows(re))
    return _complex(re, im)


def _complex(re: NDArray[np.float32], im: NDArray[np.float32]) -> NDArray[np.complex64]:
    out = np.empty(re.shape, np.complex64)
    out.real, out.imag = re, im
    return out


def _real(x: ArrayLike) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    samples = as_float32(x)
    n = samples.shape[-1]
    table = _table(n)
    re, im = (np.empty((*samples.shape[:-1], n // 2 + 1), np.float32) for _ in range(2))
    lib.dsp_fft_real(pointer(table), n, pointer(samples), pointer(re), pointer(im), _rows(samples))
    return re, im


def rfft(x: ArrayLike) -> NDArray[np.complex64]:
    """Discrete Fourier transform of real samples, as `numpy.fft.rfft`.

    Parameters
    ----------
    x : array_like, shape (..., n)
        Real samples, taken as float32; n is a power of two from 8 to 4096.

    Returns
    -------
    ndarray of complex64, shape (..., n // 2 + 1)
        What `emlfft.FFT(n).rfft(x, re, im)` leaves in `re` and `im`.

    Raises
    ------
    ValueError
        If there is no transform of n samples.
    """
    return _complex(*_real(x))


def power_spectrum(x: ArrayLike) -> NDArray[np.float32]:
    """Squared magnitudes of `rfft`.

    Parameters
    ----------
    x : array_like, shape (..., n)
        Real samples, taken as float32; n is a power of two from 8 to 4096.

    Returns
    -------
    ndarray of float32, shape (..., n // 2 + 1)
        What `emlfft.FFT(n).power_spectrum(x, out, work)` leaves in `out`.

    Raises
    ------
    ValueError
        If there is no transform of n samples.
    """
    re, im = _real(x)
    lib.dsp_fft_power(pointer(re), pointer(im), pointer(re), re.size)
    return re


def fft_q15(
    re: ArrayLike, im: ArrayLike | None = None
) -> tuple[NDArray[np.int16], NDArray[np.int16], NDArray[np.int32]]:
    """Discrete Fourier transform of int16, in block floating point.

    Parameters
    ----------
    re, im : array_like of int16, shape (..., n)
        Real and imaginary parts of the samples; n is a power of two from 8 to 4096. Without `im` they are real.

    Returns
    -------
    re, im : ndarray of int16, shape (..., n)
    exponent : ndarray of int32, shape (...)
        The transform is ``(re + 1j * im) * 2.0 ** exponent[..., None]``: what `emlfft_q15.FFT(n).run(re, im)` leaves in
        its arguments, and returns.

    Raises
    ------
    ValueError
        If there is no transform of n samples, or they are no int16.
    """
    re = as_int16(re).copy()
    im = np.zeros_like(re) if im is None else as_int16(im).copy()
    if im.shape != re.shape:
        raise ValueError(f"expected parts of the same shape, got {re.shape} and {im.shape}")
    n = re.shape[-1]
    exponent = np.empty(re.shape[:-1], np.int32)
    lib.dsp_fft_q15_run(pointer(_table_q15(n)), n, pointer(re), pointer(im), pointer(exponent), _rows(re))
    return re, im, exponent


def rfft_q15(x: ArrayLike) -> tuple[NDArray[np.int16], NDArray[np.int16], NDArray[np.int32]]:
    """Discrete Fourier transform of real int16, in block floating point.

    Parameters
    ----------
    x : array_like of int16, shape (..., n)
        Samples; n is a power of two from 8 to 4096.

    Returns
    -------
    re, im : ndarray of int16, shape (..., n // 2 + 1)
    exponent : ndarray of int32, shape (...)
        The transform is ``(re + 1j * im) * 2.0 ** exponent[..., None]``: what
        `emlfft_q15.FFT(n).rfft(x, re, im)` leaves
        in `re` and `im`, and returns.

    Raises
    ------
    ValueError
        If there is no transform of n samples, or they are no int16.
    """
    samples = as_int16(x)
    n = samples.shape[-1]
    table = _table_q15(n)
    re, im = (np.empty((*samples.shape[:-1], n // 2 + 1), np.int16) for _ in range(2))
    exponent = np.empty(samples.shape[:-1], np.int32)
    lib.dsp_fft_q15_real(
        pointer(table), n, pointer(samples), pointer(re), pointer(im), pointer(exponent), _rows(samples)
    )
    return re, im, exponent


def power_spectrum_q15(x: ArrayLike) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Squared magnitudes of `rfft_q15`.

    Parameters
    ----------
    x : array_like of int16, shape (..., n)
        Samples; n is a power of two from 8 to 4096.

    Returns
    -------
    power : ndarray of int32, shape (..., n // 2 + 1)
    exponent : ndarray of int32, shape (...)
        The squared magnitudes are ``power * 2.0 ** exponent[..., None]``: what
        `emlfft_q15.FFT(n).power_spectrum(x, out, work)` leaves in `out`, and returns.

    Raises
    ------
    ValueError
        If there is no transform of n samples, or they are no int16.
    """
    re, im, exponent = rfft_q15(x)
    power = np.empty(re.shape, np.int32)
    lib.dsp_fft_q15_power(pointer(re), pointer(im), pointer(power), re.size)
    return power, 2 * exponent
