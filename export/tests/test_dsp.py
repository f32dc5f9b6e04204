"""emlearn.dsp beside NumPy and SciPy, at the bounds of docs/signal.md."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import signal

from emlearn import dsp

IDENTITY = [[1, 0, 0, 1, 0, 0]]
SIZES = [1 << bits for bits in range(3, 13)]
RANDOM = np.random.default_rng(0)


def rms(x):
    return np.sqrt(np.mean(np.abs(x) ** 2))


def snr(got, expected):
    """In dB."""
    return 20 * np.log10(rms(expected) / max(rms(got - expected), 1e-30))


# ---- Transforms


# Rounding: log2(n) passes of about 2^-24.5 each add up as squares, 1.5e-7 for 4096.
@pytest.mark.parametrize("n", SIZES)
def test_fft(n):
    x = RANDOM.normal(size=(3, n)) + 1j * RANDOM.normal(size=(3, n))
    x = x.astype(np.complex64)
    expected = np.fft.fft(x.astype(complex))
    assert rms(dsp.fft(x) - expected) < 5e-7 * rms(expected)
    real = x.real
    expected = np.fft.rfft(real.astype(float))
    assert rms(dsp.rfft(real) - expected) < 5e-7 * rms(expected)
    assert rms(dsp.power_spectrum(real) - np.abs(expected) ** 2) < 1e-6 * rms(np.abs(expected) ** 2)
    assert_array_equal(dsp.fft(x[1]), dsp.fft(x)[1])  # rows are on their own


@pytest.mark.parametrize("n", SIZES)
def test_fft_of_impulses_and_waves(n):
    impulse = np.eye(1, n)[0]
    assert_array_equal(dsp.fft(impulse), np.ones(n))
    assert_array_equal(dsp.rfft(np.ones(n)), np.eye(1, n // 2 + 1)[0] * n)
    for k in (1, n // 4, n - 1):
        wave = np.exp(2j * np.pi * k * np.arange(n) / n)
        assert np.abs(dsp.fft(wave) - n * np.eye(1, n, k)[0]).max() < 1e-6 * n


def full_scale(n):
    """Sine, noise, square."""
    t = np.arange(n) / n
    for f in (1, 3, 5.3, n / 16, n / 4.1):
        for phase in (0.1, 0.8):
            wave = np.sin(2 * np.pi * f * t + phase)
            yield wave
            yield np.sign(wave)
    for _ in range(5):
        yield RANDOM.uniform(-1, 1, n)


def test_fft_q15_noise():
    """70 dB at n = 256, where 75 dB is one rounding of each bin of a full-scale sine."""
    for x in full_scale(256):
        samples = np.round(32767 * x).astype(np.int16)
        re, im, exponent = dsp.fft_q15(samples)
        assert snr((re + 1j * im) * 2.0**exponent, np.fft.fft(samples)) > 70
        re, im, exponent = dsp.rfft_q15(samples)
        assert snr((re + 1j * im) * 2.0**exponent, np.fft.rfft(samples)) > 70


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("largest", (1, 100, 32767))
def test_fft_q15(n, largest):
    """Small samples lose nothing, for what is scaled is the block; one bin may be far above n others, each rounded."""
    bound = min(68, 70 - 10 * np.log10(n / 256))
    re = RANDOM.integers(-largest - 1, largest + 1, (4, n)).astype(np.int16)
    im = RANDOM.integers(-largest - 1, largest + 1, (4, n)).astype(np.int16)
    r, i, exponent = dsp.fft_q15(re, im)
    assert snr((r + 1j * i) * 2.0 ** exponent[:, None], np.fft.fft(re + 1j * im)) > bound
    r, i, exponent = dsp.rfft_q15(re)
    got = (r + 1j * i) * 2.0 ** exponent[:, None]
    assert snr(got, np.fft.rfft(re)) > bound
    power, twice = dsp.power_spectrum_q15(re)
    assert_array_equal(power, r.astype(int) ** 2 + i.astype(int) ** 2)
    assert_array_equal(twice, 2 * exponent)


@pytest.mark.parametrize("n", SIZES)
def test_fft_q15_at_the_ends(n):
    """Nothing overflows: the largest samples of either sign, in every phase."""
    for re, im in ((32767, 32767), (-32768, -32768), (-32768, 32767), (0, -32768)):
        for pattern in (np.ones(n), (-1) ** np.arange(n), np.sign(np.sin(np.pi / 4 + np.pi / 2 * np.arange(n)))):
            a, b = (np.clip(pattern * v, -32768, 32767).astype(np.int16) for v in (re, im))
            r, i, exponent = dsp.fft_q15(a, b)
            assert snr((r + 1j * i) * 2.0**exponent, np.fft.fft(a + 1j * b)) > 60
    r, i, exponent = dsp.fft_q15(np.zeros(n, np.int16))
    assert not r.any() and not i.any()


@pytest.mark.parametrize("n", (0, 1, 4, 7, 100, 8192))
@pytest.mark.parametrize("function", (dsp.fft, dsp.rfft, dsp.power_spectrum))
def test_sizes_that_there_are_not(function, n):
    with pytest.raises(ValueError, match=f"a power of two from 8 to 4096.*got {n}"):
        function(np.zeros(n))


def test_samples_that_are_no_int16():
    for bad in (np.zeros(8), np.full(8, 32768), np.zeros(8, complex)):
        for function in (dsp.fft_q15, dsp.rfft_q15, dsp.power_spectrum_q15, partial(dsp.sosfilt_q15, IDENTITY)):
            with pytest.raises(ValueError, match="expected int16"):
                function(bad)
    with pytest.raises(ValueError, match="same shape"):
        dsp.fft_q15(np.zeros(8, np.int16), np.zeros(16, np.int16))


# ---- Filters


@pytest.mark.parametrize("btype", ("low", "high"))
@pytest.mark.parametrize("order", (2, 4, 6))
@pytest.mark.parametrize("corner", (0.1, 0.2, 0.25, 0.4))
def test_sosfilt(corner, order, btype):
    sos = signal.butter(order, corner, btype, fs=1, output="sos")
    x = RANDOM.normal(size=5000)
    expected = signal.sosfilt(sos, x)
    assert rms(dsp.sosfilt(sos, x) - expected) < 1e-6 * rms(expected)


@pytest.mark.parametrize("corner, bound", ((0.05, 2e-6), (0.02, 1e-5), (0.005, 1e-4)))
def test_sosfilt_at_low_frequencies(corner, bound):
    """Poles at a distance of w = 2 pi corner make rounding of 2^-24 1 / w^2 as large: 6e-5 at 0.005, a section."""
    sos = signal.butter(4, corner, fs=1, output="sos")
    x = RANDOM.normal(size=5000)
    expected = signal.sosfilt(sos, x)
    assert rms(dsp.sosfilt(sos, x) - expected) < bound * rms(expected)


FILTERS = {
    **{
        f"{btype} {order} {corner}": signal.butter(order, corner, btype, fs=1, output="sos")
        for btype in ("low", "high")
        for order in (1, 2, 4, 6, 8)
        for corner in (0.4, 0.25, 0.1, 0.05, 0.02, 0.01, 0.005)
    },
    "band": signal.butter(4, (0.1, 0.2), "bandpass", fs=1, output="sos"),
    "narrow band": signal.butter(2, (0.01, 0.02), "bandpass", fs=1, output="sos"),
    "ellip": signal.ellip(6, 1, 60, 0.1, fs=1, output="sos"),
    "notch": signal.tf2sos(*signal.iirnotch(0.05, 30, fs=1)),
    "DC": [[1, -1, 0, 1, -0.995, 0]],
    "identity": [[1, 0, 0, 1, 0, 0]],
    "all-pass": [[0.7, -1.2, 1, 1, -1.2, 0.7]],
    "nearly nothing": [[1, -1.5, 0.5, 1, -1.4999, 0.5]],
}


@pytest.mark.parametrize("name", FILTERS)
def test_sosfilt_q15(name):
    """Half a unit is the rounding of the output; states have 11 bits more, or more, and their noise up to 1.5 units."""
    sos = np.array(FILTERS[name], float)
    quantised = dsp.sos_to_q15(sos)
    n = 6000
    t = np.arange(n)
    for x in (
        RANDOM.integers(-32768, 32768, n),
        np.where(t // 500 % 2, -32768, 32767),
        np.round(32767 * np.sin(0.05 * t)),
        np.where(t < 1000, 30000, 0),
    ):
        samples = x.astype(np.int16)
        expected = np.clip(signal.sosfilt(quantised, samples.astype(float)), -32768, 32767)
        assert np.abs(dsp.sosfilt_q15(sos, samples) - expected).max() < 2
    # 16 bits of the b and of what is left of the a: 2^-16 a section, by 1 / w^2 at the lowest corner.
    _, got = signal.sosfreqz(quantised, 200)
    _, expected = signal.sosfreqz(sos, 200)
    assert np.abs(got - expected).max() < len(sos) * 2.0**-16 / (2 * np.pi * 0.005) ** 2


def test_rows_are_filtered_on_their_own():
    sos = FILTERS["low 4 0.1"]
    x = RANDOM.integers(-9999, 9999, (3, 2, 50)).astype(np.int16)
    for function in (dsp.sosfilt, dsp.sosfilt_q15):
        out = function(sos, x)
        assert out.shape == x.shape
        assert_array_equal(out[2, 1], function(sos, x[2, 1]))
        assert function(sos, x[..., :0]).shape == (3, 2, 0)


@pytest.mark.parametrize(
    "sos, message",
    (
        ([1, 0, 0, 1, 0, 0], "shape"),
        (np.zeros((0, 6)), "shape"),
        ([[1, 0, 0, 2, 0, 0]], "a0 is not 1"),
        ([[np.nan, 0, 0, 1, 0, 0]], "NaN"),
        ([[1e300, 0, 0, 1, 0, 0]], "beyond float32"),
    ),
)
def test_what_is_no_filter(sos, message):
    for function in (dsp.sos_to_q15, lambda sos: dsp.sosfilt(sos, np.zeros(3)), lambda sos: dsp.sosfilt_q15(sos, [1])):
        with pytest.raises(ValueError, match=message):
            function(sos)


@pytest.mark.parametrize(
    "section, message",
    (
        ([1, 0, 0, 1, 0, 1], "unstable"),
        ([1, 0, 0, 1, -2, 1], "unstable"),
        ([1, 0, 0, 1, 0, -1.1], "unstable"),
        ([1, 0, 0, 1, 5, 0], "unstable"),
        ([1, 0, 0, 1, -1.99999, 0.99999], "too near"),
        ([20, 0, 0, 1, 0, 0], "overflows"),
        ([1, 0, 0, 1, -0.99, 0], "overflows"),
        ([1e-8, 0, 0, 1, 0, 0], "come out as 0"),
        ([0, 0, 0, 1, 0, 0], "all b of a section are 0"),
    ),
)
def test_what_int16_cannot_do(section, message):
    for function in (dsp.sos_to_q15, lambda sos: dsp.sosfilt_q15(sos, [1])):
        with pytest.raises(ValueError, match=message):
            function([FILTERS["identity"][0], section])


def test_too_loud_is_clipped():
    assert_array_equal(dsp.sosfilt_q15([[2, 0, 0, 1, 0, 0]], [20000, -20000, 16383]), [32767, -32768, 32766])
