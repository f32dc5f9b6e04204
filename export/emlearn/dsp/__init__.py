"""Signal processing as the device does it: the same C over NumPy arrays, and the same bits.

Functions are named as NumPy and SciPy name them, and work along the last axis. Those that end in `_q15` take and give
int16, as the modules `emlfft_q15` and `emliir_q15` do; the others compute in float32, as `emlfft` and `emliir`.
"""

from ._fft import fft, fft_q15, power_spectrum, power_spectrum_q15, rfft, rfft_q15
from ._iir import sos_to_q15, sosfilt, sosfilt_q15
from ._transformers import Statistics

__all__ = [
    "Statistics",
    "fft",
    "fft_q15",
    "power_spectrum",
    "power_spectrum_q15",
    "rfft",
    "rfft_q15",
    "sos_to_q15",
    "sosfilt",
    "sosfilt_q15",
]
