"""Signal processing as the device does it: the same C over NumPy arrays, and the same bits.

Functions are named as NumPy, SciPy and librosa name them, and work along the last axis. Those that end in `_q15` take
int16 and compute in integers, as the modules `emlfft_q15` and `emliir_q15` do; the others compute in float32, as
`emlfft` and `emliir`, but for `statistics`, which does so in integers.
"""

from ._features import frame, spectral, statistics
from ._fft import fft, fft_q15, power_spectrum, power_spectrum_q15, rfft, rfft_q15
from ._iir import sos_to_q15, sosfilt, sosfilt_q15
from ._mel import logmel_q15, melspectrogram, mfcc, mfcc_q15, power_to_db
from ._transformers import MFCC, MelSpectrogram, Spectrum, Statistics

__all__ = [
    "MFCC",
    "MelSpectrogram",
    "Spectrum",
    "Statistics",
    "fft",
    "fft_q15",
    "frame",
    "logmel_q15",
    "melspectrogram",
    "mfcc",
    "mfcc_q15",
    "power_spectrum",
    "power_spectrum_q15",
    "power_to_db",
    "rfft",
    "rfft_q15",
    "sos_to_q15",
    "sosfilt",
    "sosfilt_q15",
    "spectral",
    "statistics",
]
