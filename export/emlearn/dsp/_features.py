"""Features of windows: statistics in time and of spectra."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _blocks
from ._blocks import SPECTRUM, STATISTICS


def frame(x: ArrayLike, frame_length: int, hop_length: int, axis: int = -1) -> NDArray[Any]:
    """Cut samples into frames that may overlap, as `librosa.util.frame`.

    Parameters
    ----------
    x : array_like
        Samples along `axis`, which is the first or the last.
    frame_length, hop_length : int
        Samples of a frame, and from the first of one to that of the next. Samples after the last whole frame are left.
    axis : int
        With -1, frames are the last axis of the result; with 0 the first, so that frames of samples of shape
        (n_samples, n_channels) are windows of interleaved values when reshaped to ``(len(frames), -1)``.

    Returns
    -------
    ndarray
        A view, shape (..., frame_length, n_frames), or (n_frames, frame_length, ...) with axis 0.

    Raises
    ------
    ValueError
        If there are fewer samples than a frame has.
    """
    array = np.asarray(x)
    if array.ndim == 0 or axis not in (-1, array.ndim - 1, 0):
        raise ValueError(f"expected samples along the first or the last axis, got shape {array.shape} and axis {axis}")
    if hop_length < 1 or not 1 <= frame_length <= array.shape[axis]:
        raise ValueError(
            f"expected frame_length from 1 to the number of samples and hop_length from 1, "
            f"got {frame_length}, {hop_length} and {array.shape[axis]} samples"
        )
    first = axis == 0
    views = np.lib.stride_tricks.sliding_window_view(array, frame_length, axis=0 if first else -1)
    if first:
        return np.moveaxis(views[::hop_length], -1, 1)
    return np.moveaxis(views[..., ::hop_length, :], -1, -2)


def statistics(
    x: ArrayLike, n_channels: int = 1, which: Sequence[str] = STATISTICS, correlation: bool = False
) -> NDArray[np.float32]:
    """Statistics of each channel of a window.

    Parameters
    ----------
    x : array_like, shape (..., n_samples * n_channels)
        Windows with interleaved channels, as int16, which is taken as it is, or float32.
    n_channels : int
        From 1 to 255, of at most 32767 samples each.
    which : sequence of str
        Some of mean, std, rms, min, max, median, iqr, zero_crossings, crest (largest magnitude / rms, 0 of silence),
        energy (mean square). docs/signal.md defines them.
    correlation : bool
        Whether Pearson's correlation of each pair of channels is added; 0 where one is constant.

    Returns
    -------
    ndarray of float32, shape (..., n_columns)
        Statistics of channel 0 in the order above, of channel 1..., and correlations of (0, 1), (0, 2)... (1, 2)...

    Raises
    ------
    ValueError
        If a parameter is outside its range, or a sample is NaN or infinite.
    """
    return _blocks.run(_blocks.statistics_words(n_channels, which, correlation), x)


def spectral(
    x: ArrayLike,
    n_channels: int = 1,
    *,
    sr: float = 1.0,
    n_fft: int | None = None,
    which: Sequence[str] = SPECTRUM,
    bands: int | ArrayLike = 0,
    decibels: bool = False,
) -> NDArray[np.float32]:
    """Features of the spectrum of each channel of a window.

    Parameters
    ----------
    x : array_like, shape (..., n_samples * n_channels)
        Windows with interleaved channels, as int16, which is taken as it is, or float32.
    n_channels : int
        From 1 to 255.
    sr : float
        Samples a second of a channel.
    n_fft : int or None
        Samples of each channel that are transformed, from the first on: a power of two from 8 to 4096; None takes the
        largest that the window has.
    which : sequence of str
        Some of centroid and peak, in hertz, and entropy, in bits.
    bands : int or array_like
        That many bands of the same width from 0 to sr / 2, or the frequencies of their edges.
    decibels : bool
        Whether bands are in decibels, or sums of power.

    Returns
    -------
    ndarray of float32, shape (..., n_columns)
        Of channel 0 what is wanted, in the order above, and its bands; then that of channel 1...

    Raises
    ------
    ValueError
        If a parameter is outside its range, or a sample is NaN, infinite or above 2^40.
    """
    size = np.shape(x)[-1] if np.ndim(x) else 0
    n = largest_n_fft(size, n_channels) if n_fft is None else n_fft
    return _blocks.run(_blocks.spectrum_words(n, n_channels, which, bands, decibels, sr), x)


def largest_n_fft(n_values: int, n_channels: int) -> int:
    """Return the largest n_fft for windows of so many interleaved values; ValueError if there is none."""
    samples = n_values // max(int(n_channels), 1)
    if samples < 8:
        raise ValueError(f"expected windows of 8 samples of each channel or more, got {n_values} values")
    return int(min(1 << (samples.bit_length() - 1), 4096))
