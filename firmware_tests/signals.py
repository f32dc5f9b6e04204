"""What emlearn.dsp computes for signal.py on the device: `key crc32` lines, which that computes again."""

from __future__ import annotations

import zlib

import numpy as np

from emlearn import dsp

# Two sections of a low-pass, and a high-pass near 0, as float32 has them.
SECTIONS = np.float32(
    [
        [0.0675, 0.1349, 0.0675, 1, -1.143, 0.4128],
        [0.131, 0.262, 0.131, 1, -0.7478, 0.2722],
        [0.978, -1.956, 0.978, 1, -1.9555, 0.9565],
    ]
)
SIZES = (8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)


def noise(n, seed):
    """The same integers as the device's."""
    out = np.empty(n, np.int16)
    for i in range(n):
        seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
        out[i] = (seed >> 15) - 32768
    return out


def crc(*arrays):
    total = 0
    for array in arrays:
        total = zlib.crc32(np.ascontiguousarray(array).tobytes(), total)
    return total


def expected():
    for n in SIZES:
        x, y = noise(n, 1), noise(n, 2)
        a = dsp.fft(x + 1j * y.astype(np.float64))
        yield f"fft f {n}", crc(a.real, a.imag)
        a = dsp.rfft(x)
        yield f"rfft f {n}", crc(a.real, a.imag)
        yield f"power f {n}", crc(dsp.power_spectrum(x))
        re, im, exponent = dsp.fft_q15(x, y)
        yield f"fft h {n}", crc(re, im, np.int16(exponent))
        re, im, exponent = dsp.rfft_q15(x)
        yield f"rfft h {n}", crc(re, im, np.int16(exponent))
        power, exponent = dsp.power_spectrum_q15(x)
        yield f"power h {n}", crc(power, np.int16(exponent))
    x = noise(600, 3)
    for n in (1, 2, 3):
        yield f"iir f {n}", crc(dsp.sosfilt(SECTIONS[:n], x))
        yield f"iir h {n}", crc(dsp.sosfilt_q15(SECTIONS[:n], x))


def lines():
    """The file, and the sections' bits in its first line."""
    bits = " ".join(str(b) for b in SECTIONS.ravel().view(np.int32))
    return "\n".join([bits, *(f"{key} {value}" for key, value in expected())]).encode() + b"\n"
