"""Blocks of features, as the words that describe them to the C core and in a file, and what runs them."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._eml_dsp import ffi, lib

Words = NDArray[np.uint32]

# In the order of the C core's masks, which is that of the columns.
STATISTICS = ("mean", "std", "rms", "min", "max", "median", "iqr", "zero_crossings", "crest", "energy")
SPECTRUM = ("centroid", "entropy", "peak")
OVER_FRAMES = ("mean", "std", "min", "max")

_MAX_CHANNELS = 255
_MAX_SAMPLES = 32767
_MAX_MELS = 128
_MAX_FRAMES = 1023
_LIMITS = {1: "2^40", 2: "32768"}


def _mask(names: Sequence[str], known: tuple[str, ...], parameter: str) -> int:
    wanted = [names] if isinstance(names, str) else list(names)
    if unknown := [name for name in wanted if name not in known]:
        raise ValueError(f"{parameter} has {unknown[0]!r}; expected some of {', '.join(known)}")
    return sum(1 << known.index(name) for name in set(wanted))


def _integer(value: Any, low: int, high: int, parameter: str) -> int:
    if int(value) != value or not low <= value <= high:
        raise ValueError(f"expected {parameter} from {low} to {high}, got {value}")
    return int(value)


def _n_fft(n_fft: Any) -> int:
    n = _integer(n_fft, 8, 4096, "n_fft")
    if n & (n - 1):
        raise ValueError(f"expected n_fft that is a power of two from 8 to 4096, got {n}")
    return n


def statistics_words(n_channels: int = 1, which: Sequence[str] = STATISTICS, correlation: bool = False) -> Words:
    """Words of a block of statistics.

    Parameters
    ----------
    n_channels : int
        From 1 to 255. Samples are interleaved: value ``t * n_channels + c``.
    which : sequence of str
        Some of STATISTICS. Columns come in that order, channel after channel.
    correlation : bool
        Whether Pearson's correlation of each pair of channels follows.

    Returns
    -------
    ndarray of uint32

    Raises
    ------
    ValueError
        If a parameter is outside its range, or there is nothing to compute.
    """
    channels = _integer(n_channels, 1, _MAX_CHANNELS, "n_channels")
    mask = _mask(which, STATISTICS, "which")
    if not mask and not (correlation and channels > 1):
        raise ValueError("which is empty: expected a statistic, or correlation of two channels or more")
    return np.array([bool(correlation) << 8 | channels << 16, mask], np.uint32)


def spectrum_words(
    n_fft: int,
    n_channels: int = 1,
    which: Sequence[str] = SPECTRUM,
    bands: int | ArrayLike = 0,
    decibels: bool = False,
    sr: float = 1.0,
) -> Words:
    """Words of a block of features of the spectrum.

    Parameters
    ----------
    n_fft : int
        Samples of each channel that are transformed, a power of two from 8 to 4096; those after them are not used.
    n_channels : int
        From 1 to 255. Samples are interleaved: value ``t * n_channels + c``.
    which : sequence of str
        Some of SPECTRUM. Columns come in that order, and then bands, channel after channel.
    bands : int or array_like
        That many bands of the same width from 0 to sr / 2, or the frequencies of their edges, ascending: a band has the
        bins from its lower edge to below its upper one. The last edge sr / 2 includes that bin.
    decibels : bool
        Whether bands are in decibels, as `power_to_db`, or sums of power.
    sr : float
        Samples a second of a channel, so that frequencies are in hertz.

    Returns
    -------
    ndarray of uint32

    Raises
    ------
    ValueError
        If a parameter is outside its range, or there is nothing to compute.
    """
    n, channels = _n_fft(n_fft), _integer(n_channels, 1, _MAX_CHANNELS, "n_channels")
    mask = _mask(which, SPECTRUM, "which")
    width = np.float32(sr / n)
    if not 2.0**-126 <= width < 2**20:
        raise ValueError(f"expected a sampling rate sr that is positive and below {2**20 * n}, got {sr}")
    if np.ndim(bands) == 0:
        count = _integer(bands, 0, n // 2 + 1, "bands")
        edges = np.round(np.linspace(0, n // 2 + 1, count + 1)) if count else np.empty(0)
    else:
        given = np.asarray(bands, np.float64)
        if given.ndim != 1 or len(given) < 2 or not np.isfinite(given).all() or given[0] < 0 or given[-1] > sr / 2:
            raise ValueError(f"expected bands as a number of them, or as edges in hertz from 0 to sr / 2 = {sr / 2:g}")
        # A frequency that is a bin's but for rounding is that bin's.
        edges = np.ceil(given * n / sr - 1e-9)
        edges[-1] += given[-1] == sr / 2
    if (np.diff(edges) < 1).any():
        raise ValueError(f"a band has no bin: they are {sr / n:g} apart; use fewer or wider bands, or a larger n_fft")
    if not mask and not len(edges):
        raise ValueError("which is empty, and there are no bands: expected something to compute")
    head = [1 | bool(decibels) << 8 | channels << 16, n | max(len(edges) - 1, 0) << 16, mask, width.view(np.uint32)]
    return np.array([*head, *edges.astype(np.uint32)], np.uint32)


def hz_to_mel(frequencies: ArrayLike, htk: bool = False) -> NDArray[np.float64]:
    """Mels of frequencies in hertz, by Slaney's formula (linear below 1 kHz) or that of HTK."""
    f = np.asarray(frequencies, np.float64)
    if htk:
        return np.asarray(2595.0 * np.log10(1.0 + f / 700.0))
    return np.where(f < 1000, f * 3 / 200, 15 + np.log(np.maximum(f, 1000) / 1000) * 27 / math.log(6.4))


def mel_to_hz(mels: ArrayLike, htk: bool = False) -> NDArray[np.float64]:
    """Inverse of `hz_to_mel`."""
    m = np.asarray(mels, np.float64)
    if htk:
        return np.asarray(700.0 * (10.0 ** (m / 2595.0) - 1.0))
    return np.where(m < 15, m * 200 / 3, 1000 * np.exp((np.maximum(m, 15) - 15) * math.log(6.4) / 27))


def _pairs(values: NDArray[Any]) -> Words:
    """uint16 in words."""
    padded = np.append(values, 0)[: len(values) + len(values) % 2]
    return padded.astype("<u2").view("<u4").astype(np.uint32)


def mel_words(
    *,
    sr: float,
    n_fft: int,
    hop_length: int,
    n_mels: int,
    n_mfcc: int = 0,
    fmin: float = 0.0,
    fmax: float | None = None,
    htk: bool = False,
    norm: str | None = "slaney",
    decibels: bool = True,
    over: Sequence[str] = (),
    q15: bool = False,
) -> Words:
    """Words of a block of mel bands or MFCC.

    Parameters
    ----------
    sr : float
        Samples a second.
    n_fft, hop_length : int
        Samples of a frame, a power of two from 8 to 4096, and from one to the next, from 1 to 65535.
    n_mels : int
        Bands, from 1 to 128.
    n_mfcc : int
        Cepstral coefficients, at most n_mels; 0 for the bands themselves.
    fmin, fmax : float
        Lowest and highest frequency of the bands; fmax is sr / 2 if None.
    htk : bool
        Whether mels are HTK's, rather than Slaney's.
    norm : "slaney" or None
        Whether a band is divided by its width, or its weights have a maximum of 1.
    decibels : bool
        Whether values are 10 log10(max(1e-10, power)); of n_mfcc and of q15 they must be.
    over : sequence of str
        Some of OVER_FRAMES: statistics of each band over the frames of a window instead of the frames themselves.
    q15 : bool
        Whether to compute in integers, from int16.

    Returns
    -------
    ndarray of uint32

    Raises
    ------
    ValueError
        If a parameter is outside its range.
    """
    n, hop = _n_fft(n_fft), _integer(hop_length, 1, 65535, "hop_length")
    mels, coefficients = _integer(n_mels, 1, _MAX_MELS, "n_mels"), _integer(n_mfcc, 0, int(n_mels), "n_mfcc")
    mask = _mask(over, OVER_FRAMES, "over")
    top = sr / 2 if fmax is None else fmax
    if not 0 <= fmin < top <= sr / 2 < math.inf:
        raise ValueError(f"expected 0 <= fmin < fmax <= sr / 2, got fmin = {fmin}, fmax = {fmax}, sr = {sr}")
    if norm not in ("slaney", None):
        raise ValueError(f"expected norm 'slaney' or None, got {norm!r}")
    if not decibels and (coefficients or q15):
        raise ValueError("MFCC and int16 are of decibels: expected decibels=True")
    low, high = hz_to_mel([fmin, top], htk)
    centres = mel_to_hz(np.linspace(low, high, mels + 2), htk)
    bins = np.arange(n // 2 + 1) * (sr / n)
    edges = np.searchsorted(bins, centres)
    if (edges[2:] == edges[:-2]).any():
        band = int(np.argmax(edges[2:] == edges[:-2]))
        warnings.warn(f"band {band} of {mels} has no bin: use fewer bands or a larger n_fft", stacklevel=2)
    interval = np.repeat(np.arange(mels + 1), np.diff(edges))
    inside = bins[edges[0] : edges[-1]]
    weights = (inside - centres[interval]) / np.diff(centres)[interval]
    scales = 2.0 / (centres[2:] - centres[:-2]) if norm else np.ones(mels)
    if (scales >= 8).any() or (scales < 2.0**-30).any():
        raise ValueError("a band is narrower than a quarter of a hertz, by which norm='slaney' divides: use norm=None")
    flags = bool(q15) | bool(decibels) << 1
    head = np.array([2 | flags << 8 | n << 16, hop | mels << 16, coefficients | mask << 16], np.uint32)
    if q15:
        logs = np.round(np.log2(scales) * 65536).astype(np.int32).view(np.uint32)
        tables = [logs, _pairs(np.minimum(np.round(weights * 65536), 65535))]
    else:
        tables = [scales.astype(np.float32).view(np.uint32), weights.astype(np.float32).view(np.uint32)]
    return np.concatenate([head, _pairs(edges), *tables])


def check(words: Words, n_values: int) -> None:
    """Raise ValueError if the block cannot take windows of so many values."""
    if n_values < 1 << 32 and lib.dsp_block_check(_pointer(words), len(words), n_values) == len(words):
        return
    kind, parameter = int(words[0]) & 0xFF, int(words[0]) >> 16
    if kind < 2:
        least = int(words[1]) & 0xFFFF if kind == 1 else 1
        most = f" to {_MAX_SAMPLES}" if kind == 0 else " or more"
        raise ValueError(
            f"expected windows of {least}{most} samples of each of {parameter} channels, interleaved, "
            f"got {n_values} values"
        )
    raise ValueError(
        f"expected windows of n_fft = {parameter} samples or more, and of {_MAX_FRAMES} frames at most, "
        f"got {n_values} samples and a hop of {int(words[1]) & 0xFFFF}"
    )


def columns(words: Words, n_values: int) -> int:
    """Return how many float32 the block makes of a window; the words are checked."""
    return int(lib.dsp_block_columns(_pointer(words), n_values))


def _pointer(words: Words) -> Any:
    return ffi.cast("uint32_t *", ffi.from_buffer(words))


def windows(x: ArrayLike, q15: bool = False) -> NDArray[Any]:
    """Return samples as the C core takes them: int16 as they are, all else as float32."""
    array = np.asarray(x)
    if array.ndim == 0:
        raise ValueError("expected samples along the last axis, got a number")
    if array.dtype == np.int16:
        return np.ascontiguousarray(array)
    if q15:
        raise ValueError(f"expected int16 samples, got {array.dtype}; scale and round them, such as by 32767")
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(array, np.float32)


def run(words: Words, x: ArrayLike) -> NDArray[np.float32]:
    """Compute the block's features of windows, as a device does.

    Parameters
    ----------
    words : ndarray of uint32
        What a function above returned.
    x : array_like, shape (..., n_values)
        Windows: int16, or anything else as float32.

    Returns
    -------
    ndarray of float32, shape (..., n_columns)

    Raises
    ------
    ValueError
        If windows have a size that the block does not take, or samples are NaN, infinite, too large, or of a type that
        the block does not take.
    """
    kind = int(words[0]) & 0xFF
    samples = windows(x, kind == 2 and bool(words[0] >> 8 & 1))
    n = samples.shape[-1]
    check(words, n)
    out = np.empty((*samples.shape[:-1], columns(words, n)), np.float32)
    if out.size == 0:
        return out
    memory = np.zeros(lib.dsp_block_size(_pointer(words), n) // 8 + 1, np.uint64)
    address = ffi.cast("void *", ffi.from_buffer(memory))
    lib.dsp_block_init(address, _pointer(words), n)
    code = samples.dtype.char.encode()
    data = ffi.cast("void *", ffi.from_buffer(samples))
    rows = samples.size // n
    error = lib.dsp_block_run(_pointer(words), address, data, code, n, rows, ffi.cast("float *", ffi.from_buffer(out)))
    if error:
        limit = f", or larger than {_LIMITS[kind]}" if kind in _LIMITS else ""
        raise ValueError(f"a sample is NaN or infinite{limit}")
    return out
