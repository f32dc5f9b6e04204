"""Mel spectrograms and cepstral coefficients."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._eml_dsp import lib
from . import _blocks
from ._arrays import as_float32, pointer


def _frames(y: ArrayLike, words: _blocks.Words, n: int) -> NDArray[np.float32]:
    """Run a block without statistics; shape (..., n, n_frames)."""
    out = _blocks.run(words, y)
    return np.swapaxes(out.reshape(*out.shape[:-1], -1, n), -1, -2)


def melspectrogram(
    y: ArrayLike,
    *,
    sr: float = 22050,
    n_fft: int = 2048,
    hop_length: int = 512,
    n_mels: int = 128,
    fmin: float = 0.0,
    fmax: float | None = None,
    htk: bool = False,
    norm: str | None = "slaney",
) -> NDArray[np.float32]:
    """Mel spectrogram, as `librosa.feature.melspectrogram` with ``center=False``.

    Parameters
    ----------
    y : array_like, shape (..., n_samples)
        float32 of magnitudes up to 32768, or int16, of which 32768 is 1.
    sr : float
        Samples a second.
    n_fft, hop_length : int
        Samples of a frame, a power of two from 8 to 4096, and from one to the next.
    n_mels : int
        Bands, from 1 to 128.
    fmin, fmax : float
        Lowest and highest frequency of the bands; fmax is sr / 2 if None.
    htk : bool
        Whether mels are HTK's, rather than Slaney's.
    norm : "slaney" or None
        Whether a band is divided by its width.

    Returns
    -------
    ndarray of float32, shape (..., n_mels, n_frames)
        Power; ``n_frames = 1 + (n_samples - n_fft) // hop_length`` is at most 1023.

    Raises
    ------
    ValueError
        If a parameter is outside its range, there is no whole frame, or a sample is NaN, infinite or too large.
    """
    own: dict[str, Any] = {"fmin": fmin, "fmax": fmax, "htk": htk, "norm": norm, "decibels": False}
    words = _blocks.mel_words(sr=sr, n_fft=n_fft, hop_length=hop_length, n_mels=n_mels, **own)
    return _frames(y, words, n_mels)


def power_to_db(S: ArrayLike) -> NDArray[np.float32]:
    """Decibels of power, as `librosa.power_to_db` with ``ref=1, amin=1e-10, top_db=None``.

    Parameters
    ----------
    S : array_like
        Power, taken as float32.

    Returns
    -------
    ndarray of float32
        10 log10(max(1e-10, S)), with a relative error below 2^-21.

    Raises
    ------
    ValueError
        If a number is negative, NaN or infinite.
    """
    power = np.atleast_1d(as_float32(S))
    if not ((power >= 0) & (power < math.inf)).all():
        raise ValueError("expected power, which is not negative, got a negative, infinite or NaN number")
    power = power + np.float32(0)  # no -0
    out = np.empty_like(power)
    lib.dsp_decibels(pointer(power), pointer(out), power.size)
    return out.reshape(np.shape(S))


def logmel_q15(y: ArrayLike, *, sr: float, n_fft: int, hop_length: int, n_mels: int, **mel: Any) -> NDArray[np.float32]:
    """Mel spectrogram in decibels, computed in integers.

    Parameters
    ----------
    y : array_like of int16, shape (..., n_samples)
        Samples, of which 32768 is 1.
    sr, n_fft, hop_length, n_mels, **mel
        As for `melspectrogram`: also fmin, fmax, htk, norm.

    Returns
    -------
    ndarray of float32, shape (..., n_mels, n_frames)
        Multiples of 1/256 from -100 on: near to `power_to_db` of `melspectrogram`, as docs/signal.md says how near.

    Raises
    ------
    ValueError
        If a parameter is outside its range, there is no whole frame, or samples are no int16.
    """
    words = _blocks.mel_words(sr=sr, n_fft=n_fft, hop_length=hop_length, n_mels=n_mels, q15=True, **mel)
    return _frames(y, words, n_mels)


def mfcc(
    y: ArrayLike,
    *,
    sr: float = 22050,
    n_mfcc: int = 20,
    n_fft: int = 2048,
    hop_length: int = 512,
    n_mels: int = 128,
    **mel: Any,
) -> NDArray[np.float32]:
    """Mel-frequency cepstral coefficients: the orthonormal DCT-II of the mel spectrogram in decibels.

    They are those of ``librosa.feature.mfcc(S=librosa.power_to_db(melspectrogram, top_db=None), n_mfcc=n_mfcc)``.

    Parameters
    ----------
    y : array_like, shape (..., n_samples)
        float32 of magnitudes up to 32768, or int16, of which 32768 is 1.
    n_mfcc : int
        Coefficients, at most n_mels.
    sr, n_fft, hop_length, n_mels, **mel
        As for `melspectrogram`: also fmin, fmax, htk, norm.

    Returns
    -------
    ndarray of float32, shape (..., n_mfcc, n_frames)

    Raises
    ------
    ValueError
        As `melspectrogram`.
    """
    return _mfcc(y, n_mfcc, sr=sr, n_fft=n_fft, hop_length=hop_length, n_mels=n_mels, **mel)


def _mfcc(y: ArrayLike, n_mfcc: int, **parameters: Any) -> NDArray[np.float32]:
    if n_mfcc < 1:
        raise ValueError(f"expected n_mfcc from 1 to n_mels, got {n_mfcc}")
    return _frames(y, _blocks.mel_words(n_mfcc=n_mfcc, **parameters), n_mfcc)


def mfcc_q15(
    y: ArrayLike, *, sr: float, n_fft: int, hop_length: int, n_mels: int, n_mfcc: int = 20, **mel: Any
) -> NDArray[np.float32]:
    """Mel-frequency cepstral coefficients, computed in integers.

    Parameters
    ----------
    y : array_like of int16, shape (..., n_samples)
        Samples, of which 32768 is 1.
    sr, n_fft, hop_length, n_mels, n_mfcc, **mel
        As for `mfcc`.

    Returns
    -------
    ndarray of float32, shape (..., n_mfcc, n_frames)
        Multiples of 1/256.

    Raises
    ------
    ValueError
        If a parameter is outside its range, there is no whole frame, or samples are no int16.
    """
    return _mfcc(y, n_mfcc, sr=sr, n_fft=n_fft, hop_length=hop_length, n_mels=n_mels, q15=True, **mel)
