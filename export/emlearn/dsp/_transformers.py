"""Transformers of scikit-learn for windows of samples: what they compute, a device computes to the bit.

A row of X is a window, as a sensor gives it: value t * n_channels + c is sample t of channel c. Integers of 16 bits are
taken as int16, `array('h')` on a device; anything else as float32. Which it was in `fit` is kept.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import validation
from sklearn.utils.validation import check_is_fitted

from . import _blocks
from ._features import largest_n_fft

__all__ = ["MFCC", "MelSpectrogram", "Spectrum", "Statistics"]

_N_KEPT = 4


class _Windows(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """What the transformers share. A class has `_words`, the block for windows of so many values, and `_names`."""

    def fit(self, X: ArrayLike, y: Any = None) -> Any:
        """Check the parameters for windows of this width.

        Parameters
        ----------
        X : array-like, shape (n_windows, n_samples * n_channels)
        y : ignored

        Raises
        ------
        ValueError
            If a parameter is out of its range, or does not fit the width.
        """
        X = self._check(X, reset=True)
        self.typecode_ = "h" if _fits_int16(X) else "f"
        windows = self._typed(X)
        n_channels = int(getattr(self, "n_channels", 1))
        if n_channels < 1 or X.shape[1] % n_channels:
            raise ValueError(f"windows of {X.shape[1]} values are not of {n_channels} channels; check n_channels")
        self.words_: NDArray[np.uint32] = self._words(X.shape[1])
        _blocks.check(self.words_, X.shape[1])
        self.n_columns_ = _blocks.columns(self.words_, X.shape[1])
        self.windows_: NDArray[Any] = windows[:_N_KEPT].copy()  # for `convert` to make golden rows of
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.float32]:
        """Return the columns, float32 of shape (n_windows, n_columns).

        Raises
        ------
        ValueError
            If X has another width than in `fit`, or is of another type: floats where `fit` has seen integers.
        """
        check_is_fitted(self)
        return _blocks.run(self.words_, self._typed(self._check(X, reset=False)))

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[Any]:
        """Return the names of the columns; those of the input say nothing here."""
        check_is_fitted(self)
        return np.asarray(self._names(), object)

    def eml_words(self) -> NDArray[np.uint32]:
        """Return the block as files have it, docs/formats.md#features."""
        check_is_fitted(self)
        return self.words_

    def _words(self, n_values: int) -> NDArray[np.uint32]:
        raise NotImplementedError

    def _names(self) -> list[str]:
        raise NotImplementedError

    def _typed(self, X: NDArray[Any]) -> NDArray[Any]:
        if self.typecode_ == "h" and not _fits_int16(X):
            if X.dtype.kind != "f" or not np.all((X == np.rint(X)) & (X >= -32768) & (X <= 32767)):
                raise ValueError("fit has seen int16: expected integers from -32768 to 32767; fit on floats for others")
        if getattr(self, "q15", False) and self.typecode_ != "h":
            raise ValueError("q15=True is for int16 samples, got floats; scale and round them, such as by 32767")
        return np.ascontiguousarray(X, np.int16 if self.typecode_ == "h" else np.float32)

    def _check(self, X: ArrayLike, reset: bool) -> NDArray[Any]:
        if hasattr(validation, "validate_data"):  # since 1.6
            return np.asarray(validation.validate_data(self, X, dtype="numeric", reset=reset))
        return np.asarray(self._validate_data(X, dtype="numeric", reset=reset))

    def __sklearn_tags__(self) -> Any:
        """Say to scikit-learn that what comes out is float32."""
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


def _fits_int16(X: NDArray[Any]) -> bool:
    return X.dtype == np.int16 or (X.dtype.kind in "iu" and bool(np.min(X) >= -32768 and np.max(X) <= 32767))


_ATTRIBUTES = """
    Attributes
    ----------
    n_features_in_, n_columns_ : int
        Values of a window, and columns made of it.
    typecode_ : str
        "h" if `fit` has seen integers of 16 bits, else "f".
    words_ : ndarray of uint32
        The block as files have it.
    windows_ : ndarray
        Some of the windows that `fit` has seen, for `convert`.
"""


class Statistics(_Windows):
    """Statistics of each channel in time: `dsp.statistics` as a transformer.

    Parameters
    ----------
    n_channels : int
    which : tuple of str
        Some of "mean", "std", "rms", "min", "max", "median", "iqr", "zero_crossings", "crest" and "energy"; the order
        of the columns is this one.
    correlation : bool
        Also Pearson's correlation of each pair of channels.
    """

    def __init__(
        self, n_channels: int = 1, which: tuple[str, ...] = _blocks.STATISTICS, correlation: bool = False
    ) -> None:
        self.n_channels = n_channels
        self.which = which
        self.correlation = correlation

    def _words(self, n_values: int) -> NDArray[np.uint32]:
        return _blocks.statistics_words(self.n_channels, self.which, self.correlation)

    def _names(self) -> list[str]:
        n = int(self.n_channels)
        found = [f"{name}_{c}" for c in range(n) for name in _blocks.STATISTICS if name in _names(self.which)]
        pairs = [f"correlation_{i}_{j}" for i in range(n) for j in range(i + 1, n)]
        return found + (pairs if self.correlation else [])


class Spectrum(_Windows):
    """Features of each channel's spectrum: `dsp.spectral` as a transformer.

    Parameters
    ----------
    n_channels : int
    bands : int or tuple of float
        How many bands of the same width, or their edges in hertz.
    which : tuple of str
        Some of "centroid", "entropy" and "peak"; the order of the columns is this one, then the bands.
    sr : float
        Samples a second of a channel.
    n_fft : int, optional
        Samples of each channel that are transformed, from the first on; by default the largest power of two of them.
    decibels : bool
        Whether bands are in decibels.
    """

    def __init__(
        self,
        n_channels: int = 1,
        bands: int | tuple[float, ...] = 0,
        which: tuple[str, ...] = _blocks.SPECTRUM,
        sr: float = 1.0,
        n_fft: int | None = None,
        decibels: bool = False,
    ) -> None:
        self.n_channels = n_channels
        self.bands = bands
        self.which = which
        self.sr = sr
        self.n_fft = n_fft
        self.decibels = decibels

    def _words(self, n_values: int) -> NDArray[np.uint32]:
        n_fft = largest_n_fft(n_values, self.n_channels) if self.n_fft is None else self.n_fft
        return _blocks.spectrum_words(n_fft, self.n_channels, self.which, self.bands, self.decibels, self.sr)

    def _names(self) -> list[str]:
        n_bands = int(self.words_[1]) >> 16
        own = [name for name in _blocks.SPECTRUM if name in _names(self.which)]
        own += [f"band{i}" for i in range(n_bands)]
        return [f"{name}_{c}" for c in range(int(self.n_channels)) for name in own]


class MelSpectrogram(_Windows):
    """Mel bands of sound, in decibels: `dsp.melspectrogram` and `dsp.logmel_q15` as a transformer.

    Parameters
    ----------
    sr : float
        Samples a second.
    n_fft, hop_length, n_mels, fmin, fmax, htk, norm
        As for `dsp.melspectrogram`. Frames lie wholly inside the window.
    decibels : bool
        False is power, for float32 only.
    over : tuple of str
        Some of "mean", "std", "min" and "max": of each band over the frames. Without them, all frames in their order.
    q15 : bool
        Compute in integers, from int16 samples.
    """

    def __init__(
        self,
        sr: float = 22050,
        n_fft: int = 2048,
        hop_length: int = 512,
        n_mels: int = 128,
        fmin: float = 0.0,
        fmax: float | None = None,
        htk: bool = False,
        norm: str | None = "slaney",
        decibels: bool = True,
        over: tuple[str, ...] = (),
        q15: bool = False,
    ) -> None:
        self.sr = sr
        self.n_fft = n_fft
        self.hop_length = hop_length
        self.n_mels = n_mels
        self.fmin = fmin
        self.fmax = fmax
        self.htk = htk
        self.norm = norm
        self.decibels = decibels
        self.over = over
        self.q15 = q15

    def _words(self, n_values: int) -> NDArray[np.uint32]:
        return _blocks.mel_words(**self.get_params())

    def _names(self) -> list[str]:
        name, n = ("mfcc", self.n_mfcc) if hasattr(self, "n_mfcc") else ("mel", self.n_mels)
        over = [each for each in _blocks.OVER_FRAMES if each in _names(self.over)]
        return [f"{name}{i}_{of}" for of in over or range(self.n_columns_ // n) for i in range(n)]


class MFCC(MelSpectrogram):
    """Mel-frequency cepstral coefficients of sound: `dsp.mfcc` and `dsp.mfcc_q15` as a transformer.

    Parameters
    ----------
    n_mfcc : int
    sr, n_fft, hop_length, n_mels, fmin, fmax, htk, norm, over, q15
        As for `MelSpectrogram`.
    """

    def __init__(
        self,
        sr: float = 22050,
        n_mfcc: int = 20,
        n_fft: int = 2048,
        hop_length: int = 512,
        n_mels: int = 128,
        fmin: float = 0.0,
        fmax: float | None = None,
        htk: bool = False,
        norm: str | None = "slaney",
        over: tuple[str, ...] = (),
        q15: bool = False,
    ) -> None:
        self.sr = sr
        self.n_mfcc = n_mfcc
        self.n_fft = n_fft
        self.hop_length = hop_length
        self.n_mels = n_mels
        self.fmin = fmin
        self.fmax = fmax
        self.htk = htk
        self.norm = norm
        self.over = over
        self.q15 = q15


def _names(names: Any) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


for _transformer in (Statistics, Spectrum, MelSpectrogram, MFCC):
    _transformer.__doc__ = f"{_transformer.__doc__}{_ATTRIBUTES}"
