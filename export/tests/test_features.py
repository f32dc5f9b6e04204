"""Features of emlearn.dsp beside NumPy, SciPy and librosa."""

from __future__ import annotations

import warnings
from array import array
from pathlib import Path

import librosa
import numpy as np
import pytest
from emlearn._eml_dsp import ffi, lib
from emlearn.dsp import _blocks
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import signal

from emlearn import dsp

ROOT = Path(__file__).resolve().parents[2]
RANDOM = np.random.default_rng(0)
HALF = 2.0**-24 * 1.02  # half a unit of float32, and what 32 bits drop before

SOUND = {"sr": 8000, "n_fft": 256, "hop_length": 256, "n_mels": 32}
SPEECH = {
    **{"sr": 16000, "n_fft": 512, "hop_length": 160, "n_mels": 40},
    **{"htk": True, "norm": None, "fmin": 100, "fmax": 7000},
}
MELS = [SOUND, SPEECH, {"sr": 22050, "n_fft": 2048, "hop_length": 512, "n_mels": 128}]


# ---- Statistics


def statistics(x):
    """Of float64, shape (n, channels): one row a channel."""
    rms = np.sqrt((x**2).mean(0))
    largest = np.abs(x).max(0)
    low, high = np.percentile(x, [25, 75], axis=0)
    crossings = (np.diff((x < 0).astype(int), axis=0) != 0).sum(0)
    crest = np.divide(largest, rms, out=np.zeros_like(rms), where=rms > 0)
    order = (x.mean(0), x.std(0), rms, x.min(0), x.max(0), np.median(x, 0), high - low, crossings, crest, rms**2)
    return np.stack(order, -1)


def pairs(x):
    n = x.shape[1]
    return np.array([np.corrcoef(x[:, i], x[:, j])[0, 1] for i in range(n) for j in range(i + 1, n)])


@pytest.mark.parametrize("n", (1, 2, 3, 4, 7, 128, 1001))
@pytest.mark.parametrize("largest", (1, 30, 32768))
def test_statistics_of_int16(n, largest):
    """Exact but for the last rounding."""
    x = RANDOM.integers(-largest, largest, (n, 3)).astype(np.int16)
    got = dsp.statistics(x.ravel(), 3)
    assert_allclose(got.reshape(3, 10), statistics(x.astype(float)), rtol=HALF, atol=0)


@pytest.mark.parametrize("n", (1, 2, 3, 128, 1001))
@pytest.mark.parametrize("offset", (0, 1, 1000))
@pytest.mark.parametrize("scale", (1e-30, 1e-3, 1, 1e15))
def test_statistics_of_float32(n, offset, scale):
    """Samples are off by 2^-24 of the largest at most, which moves none of these by more; the IQR by twice that."""
    x = ((RANDOM.normal(size=(n, 2)) + offset) * scale).astype(np.float32)
    got, expected = dsp.statistics(x.ravel(), 2).reshape(2, 10), statistics(x.astype(float))
    sample = 2.0**-24 * np.abs(x).max(0, keepdims=True).astype(float).T
    rms = expected[:, 2:3]
    bounds = np.repeat(sample, 10, axis=1)
    bounds[:, [3, 4, 7]] = 0
    bounds[:, [6]] *= 2
    bounds[:, [8]] *= expected[:, [8]] / rms
    bounds[:, [9]] *= 2.01 * rms
    least = 2.0**-149  # squares of the smallest are subnormal
    assert (np.abs(got - expected) <= bounds + HALF * np.abs(expected) + least).all()


def test_correlation():
    """Perturbations of 2^-24 of the largest, which is at most 8 standard deviations here, on either side."""
    for offset in (0, 3):
        x = RANDOM.normal(size=(200, 4)) + offset
        x[:, 1] += x[:, 0]
        x[:, 2] -= x[:, 0] * 5
        for samples, bound in ((x.astype(np.float32), 2 * 8 * 2.0**-24), (np.round(x * 4000).astype(np.int16), 0)):
            got = dsp.statistics(samples.ravel(), 4, which=[], correlation=True)
            assert_allclose(got, pairs(samples.astype(float)), rtol=HALF, atol=bound)
    t = np.arange(100)
    constant = np.stack([t, -3 * t, t * 0 + 7, 2 * t + 5], -1)
    for dtype in (np.int16, np.float32):
        got = dsp.statistics(constant.astype(dtype).ravel(), 4, which=[], correlation=True)
        assert_array_equal(got, [-1, 0, 1, 0, -1, 0])


@pytest.mark.parametrize("dtype", (np.int16, np.float32))
def test_statistics_at_the_ends(dtype):
    for value in (0, 1, -7, 32767, -32768):
        magnitude = abs(value)
        expected = [value, 0, magnitude, value, value, value, 0, 0, value != 0, value * value]
        assert_array_equal(dsp.statistics(np.full(99, value, dtype)), np.array(expected, np.float32))
    square = np.where(np.arange(32767) % 2, 32767, -32768).astype(dtype)
    assert_allclose(dsp.statistics(square), statistics(square.astype(float)[:, None])[0], rtol=HALF, atol=2.0**-9)


def test_statistics_of_zeros_of_either_sign():
    x = np.array([-0.0, 0.0, -0.0, 1e-45, -1e-45, 0.0], np.float32)
    got = dsp.statistics(x, which=["min", "max", "zero_crossings"])
    assert_array_equal(got, np.array([-1e-45, 1e-45, 2], np.float32))
    assert not np.signbit(dsp.statistics(np.array([-0.0, -0.0], np.float32))).any()


def test_statistics_at_the_largest_floats():
    x = np.array([3.4e38, -3.4e38, 1e38], np.float32)
    got = dsp.statistics(x, which=["mean", "std", "max", "energy"])
    assert_allclose(got[:3], [x.astype(float).mean(), x.astype(float).std(), x[0]], rtol=1e-6)
    assert got[3] == np.inf


def test_which_statistics():
    x = RANDOM.integers(-99, 99, (5, 20)).astype(np.int16)
    every = dsp.statistics(x, 2).reshape(5, 2, 10)
    got = dsp.statistics(x, 2, which=("crest", "mean"), correlation=True)
    assert got.shape == (5, 5) and got.dtype == np.float32
    assert_array_equal(got[:, :4].reshape(5, 2, 2), every[..., [0, 8]])
    assert dsp.statistics(x[:0], 2).shape == (0, 20)


@pytest.mark.parametrize(
    "parameters, message",
    (
        ({"n_channels": 3}, "samples of each of 3 channels, interleaved, got 20 values"),
        ({"n_channels": 0}, "n_channels from 1 to 255, got 0"),
        ({"which": ["mode"]}, "which has 'mode'; expected some of mean, std"),
        ({"which": []}, "which is empty"),
        ({"which": [], "correlation": True}, "which is empty"),
    ),
)
def test_what_are_no_statistics(parameters, message):
    with pytest.raises(ValueError, match=message):
        dsp.statistics(np.zeros(20), **parameters)


def test_no_samples():
    for function in (dsp.statistics, dsp.spectral, lambda x: dsp.melspectrogram(x, **SOUND)):
        with pytest.raises(ValueError, match="expected windows of .* samples"):
            function([])
        with pytest.raises(ValueError, match="expected .*samples"):
            function(7)


@pytest.mark.parametrize("bad", (np.nan, np.inf, -np.inf, 1e300))
def test_samples_that_are_no_numbers(bad):
    x = np.zeros(256)
    x[77] = bad
    for function in (dsp.statistics, dsp.spectral, lambda x: dsp.melspectrogram(x, **SOUND)):
        with pytest.raises(ValueError, match="a sample is NaN or infinite"):
            function(x)


# ---- Spectra


def spectrum(x, n, sr):
    """P of the first n rows of float64, and frequencies."""
    x = x[:n] - x[:n].mean(0)
    return np.abs(np.fft.rfft(x * signal.get_window("hann", n)[:, None], axis=0)) ** 2, np.fft.rfftfreq(n, 1 / sr)


@pytest.mark.parametrize("samples", (8, 100, 128, 4096))
@pytest.mark.parametrize("offset", (0, 50))
def test_spectral(samples, offset):
    """The transform is off by 5e-7 of its rms, sums by some 2^-24 of each term; p log2(p) is steeper than p by 12."""
    sr = 50
    x = (RANDOM.normal(size=(samples, 3)) + np.sin(np.arange(samples))[:, None] + offset) * 500
    for window in (x.astype(np.float32), np.round(x / 4).astype(np.int16)):
        edges = [0, 7, 13, 25] if samples > 8 else [0, 12.5, 25]
        got = dsp.spectral(window.ravel(), 3, sr=sr, bands=edges).reshape(3, -1)
        n = 1 << samples.bit_length() - 1
        power, f = spectrum(window.astype(float), n, sr)
        p = power / power.sum(0)
        assert_allclose(got[:, 0], (f[:, None] * p).sum(0), rtol=3e-6)
        assert_allclose(got[:, 1], -(p * np.log2(np.maximum(p, 1e-300))).sum(0), atol=3e-5)
        assert_allclose(got[:, 2], f[power.argmax(0)], rtol=HALF)
        for b, (low, high) in enumerate(zip(edges, edges[1:], strict=False)):
            inside = (f >= low) & (f < high) | (f == sr / 2) & (high == sr / 2)
            assert_allclose(got[:, 3 + b], power[inside].sum(0), rtol=3e-6, atol=3e-6 * power.sum(0).max())
        decibels = dsp.spectral(window.ravel(), 3, sr=sr, bands=edges, which=[], decibels=True).reshape(3, -1)
        assert_array_equal(decibels, dsp.power_to_db(got[:, 3:]))


def test_spectral_of_silence_and_waves():
    for constant in (0, 5, -32768):
        got = dsp.spectral(np.full(128, constant, np.int16), bands=4, decibels=True)
        assert_array_equal(got, [0, 0, 0, -100, -100, -100, -100])
    t = np.arange(256)
    got = dsp.spectral(np.sin(2 * np.pi * t * 20 / 256), sr=256, bands=2)
    assert got[2] == 20 and abs(got[0] - 20) < 1e-4
    assert abs(got[1] - 1.2516) < 1e-4  # 1/6, 2/3, 1/6 is what the window makes of one bin
    assert got[3] > 1e12 * got[4] or got[4] < 1e-9 * got[3]


@pytest.mark.parametrize(
    "parameters, message",
    (
        ({"n_fft": 100}, "power of two from 8 to 4096, got 100"),
        ({"n_fft": 256}, "expected windows of 256 or more samples of each of 1 channels"),
        ({"which": ["phase"]}, "which has 'phase'"),
        ({"which": []}, "there are no bands"),
        ({"bands": 66}, "bands from 0 to 65, got 66"),
        ({"bands": [0, 0.9]}, "from 0 to sr / 2"),
        ({"bands": [0.1, 0.1001]}, "a band has no bin"),
        ({"sr": 0}, "sampling rate"),
        ({"sr": np.nan}, "sampling rate"),
        ({"n_channels": 20}, "windows of 8 samples of each channel or more"),
    ),
)
def test_what_is_no_spectrum(parameters, message):
    with pytest.raises(ValueError, match=message):
        dsp.spectral(np.zeros(128), **parameters)


# ---- Mel


def sounds(sr, n):
    t = np.arange(n) / sr
    yield "noise", RANDOM.uniform(-1, 1, n)
    yield "chirp", signal.chirp(t, 50, t[-1], sr / 2.2) * np.minimum(1, t * 20)
    voice = sum(np.sin(2 * np.pi * 140 * k * t + k * k) / k for k in range(1, 25)) / 3
    yield "voice", voice + RANDOM.normal(size=n) * 1e-3
    yield "click", np.where(np.arange(n) % 1500 < 3, 0.9, RANDOM.normal(size=n) * 1e-3)


@pytest.mark.parametrize("parameters", MELS, ids=lambda p: str(p["n_mels"]))
def test_mel_beside_librosa(parameters):
    sr = parameters["sr"]
    for name, y in sounds(sr, 8000):
        y = y.astype(np.float32)
        got = dsp.melspectrogram(y, **parameters)
        expected = librosa.feature.melspectrogram(y=y, center=False, **parameters)
        assert got.shape == expected.shape
        largest = expected.max(0, keepdims=True)
        assert (np.abs(got - expected) <= 1e-4 * largest).all(), name
        # d(10 log10 S) = 4.34 dS / S, of the larger of the bands' own and 1e-10
        floor = np.maximum(np.minimum(expected, got), 1e-10)
        bound = 10 / np.log(10) * np.log1p(1e-4 * largest / floor) + 1e-4
        decibels = librosa.power_to_db(expected, top_db=None)
        assert (np.abs(dsp.power_to_db(got) - decibels) <= bound).all(), name
        # Bands more than 60 dB below the loudest are noise of float32 in librosa as well, which the logarithm shows.
        if name != "chirp":
            coefficients = librosa.feature.mfcc(S=decibels, n_mfcc=13)
            error = np.abs(dsp.mfcc(y, n_mfcc=13, **parameters) - coefficients).max()
            assert error <= 1e-4 * np.abs(coefficients).max(), name


@pytest.mark.parametrize("htk", (False, True))
def test_mel_scale(htk):
    f = np.concatenate([np.linspace(0, 999, 50), [1000], np.linspace(1001, 20000, 50)])
    assert_allclose(_blocks.hz_to_mel(f, htk), librosa.hz_to_mel(f, htk=htk), rtol=1e-12)
    assert_allclose(_blocks.mel_to_hz(_blocks.hz_to_mel(f, htk), htk), f, rtol=1e-12)


def test_power_to_db():
    power = np.concatenate([[0, 1e-38, 1e-11, 1e-10, 1, 10, 1e38], 10.0 ** RANDOM.uniform(-12, 12, 500)])
    expected = librosa.power_to_db(power.astype(np.float32).astype(float), top_db=None)
    assert_allclose(dsp.power_to_db(power), expected, rtol=2.0**-21, atol=1e-6)
    assert dsp.power_to_db(100).shape == () and dsp.power_to_db(100) == 20
    for bad in (-1, np.nan, np.inf):
        with pytest.raises(ValueError, match="expected power"):
            dsp.power_to_db([1, bad])


def test_int16_is_a_fraction():
    y = RANDOM.integers(-32768, 32767, 2000).astype(np.int16)
    assert_array_equal(dsp.melspectrogram(y, **SOUND), dsp.melspectrogram(y / 32768, **SOUND))


@pytest.mark.parametrize("level", (0, -40))
@pytest.mark.parametrize("parameters", MELS, ids=lambda p: str(p["n_mels"]))
def test_q15_beside_float32(parameters, level):
    """Noise of the transform is 67 dB below the frame at n = 256, and 3 dB more each doubling; that of the window,
    whose cosine is rounded to 2^-15, 2^-17 of each sample at most. It is the same in each bin, and adds to the
    amplitude of a band, four standard deviations at most."""
    words = _blocks.mel_words(**parameters, decibels=False)
    n, n_mels, sr = parameters["n_fft"], parameters["n_mels"], parameters["sr"]
    weight = librosa.filters.mel(**{k: v for k, v in parameters.items() if k != "hop_length"}).sum(1)
    assert len(words) > n_mels
    bins = n // 2 + 1
    for name, y in sounds(sr, 8000):
        samples = np.round(np.clip(y, -1, 1) * 32767 * 10 ** (level / 20)).astype(np.int16)
        power = dsp.melspectrogram(samples, **parameters).astype(float)
        frames = dsp.frame(samples / 32768, n, parameters["hop_length"])
        spectra = np.fft.rfft(frames * signal.get_window("hann", n)[:, None], axis=0)
        transform = (np.abs(spectra) ** 2).sum(0) / bins * 10 ** (-6.7 + 0.3 * np.log2(n / 256))
        noise = np.outer(weight, transform + (frames**2).sum(0) * 2.0**-34)
        ratio = np.sqrt(noise / np.maximum(power, 1e-30))
        bound = 20 * np.log10(1 + 4 * ratio) + 1 / 256
        got, expected = dsp.logmel_q15(samples, **parameters), dsp.power_to_db(power)
        above = power > 16 * noise  # below, there is nothing but noise: then it is at most that
        assert (np.abs(got - expected) <= bound)[above].all(), name
        assert (got <= np.maximum(10 * np.log10(np.maximum(power, 1e-30)) + bound, -100) + 1e-3).all(), name
        assert_array_equal(got * 256, np.round(got * 256))
        # An orthonormal transform: the length of what differs stays. Cosines are of 2^-15.
        if above.all():
            difference = dsp.mfcc_q15(samples, n_mfcc=13, **parameters) - dsp.mfcc(samples, n_mfcc=13, **parameters)
            rounding = np.sqrt(2 * n_mels) * 100 * 2.0**-15 + 1 / 256
            assert (np.abs(difference) <= np.linalg.norm(got - expected, axis=0) + rounding).all(), name


@pytest.mark.parametrize("extreme", (-32768, 32767))
@pytest.mark.parametrize("n_fft", (8, 64, 4096))
def test_q15_at_the_ends(n_fft, extreme):
    mel = {"sr": 8000, "n_fft": n_fft, "hop_length": n_fft, "n_mels": 2, "norm": None}
    n = np.arange(2 * n_fft)
    impulse = np.where(n % n_fft == n_fft // 2, extreme, 0)
    for y in (np.full(2 * n_fft, extreme), np.where(n % 2, extreme, -1 - extreme), impulse):
        y = y.astype(np.int16)
        got, expected = dsp.logmel_q15(y, **mel), dsp.power_to_db(dsp.melspectrogram(y, **mel))
        loud = expected > expected.max() - 40
        # A band 40 dB below noise of -60 dB or less moves by 1 dB; of a constant and a sign that alternates, none does.
        assert np.abs(got - expected)[loud].max() < 1
    assert (dsp.logmel_q15(np.zeros(2 * n_fft, np.int16), **mel) == -100).all()


def test_logarithm():
    """Impulses in the middle of a frame have the same power in each bin: 10 log10(sum of weights x^2)."""
    for x in (*range(1, 40), 1000, 9999, 32767):
        y = np.zeros(64, np.int16)
        y[32] = x
        got = dsp.logmel_q15(y, sr=64, n_fft=64, hop_length=64, n_mels=1, norm=None)
        # The triangle of one band over 32 bins sums to 16; weights are rounded to 2^-17, samples shifted to full scale.
        assert abs(got[0, 0] - (10 * np.log10(16) + 20 * np.log10(x / 32768))) < 1.5 / 256, x


@pytest.mark.parametrize("q15", (False, True))
@pytest.mark.parametrize("n_mfcc", (0, 5))
def test_over_frames(q15, n_mfcc):
    """Sums of float32 over 20 frames round 20 times; integers once, at the end."""
    y = RANDOM.integers(-9999, 9999, 2000).astype(np.int16)
    own = {"sr": 8000, "n_fft": 128, "hop_length": 96, "n_mels": 12, "n_mfcc": n_mfcc, "q15": q15}
    frames = _blocks.run(_blocks.mel_words(**own), y).reshape(20, -1).astype(float)
    every = np.stack([frames.mean(0), frames.std(0), frames.min(0), frames.max(0)])
    rtol = HALF if q15 else 40 * 2.0**-24
    for mask in range(1, 16):
        wanted = [i for i in range(4) if mask >> i & 1]
        words = _blocks.mel_words(**own, over=[_blocks.OVER_FRAMES[i] for i in wanted])
        got = _blocks.run(words, y).reshape(len(wanted), -1)
        assert_allclose(got, every[wanted], rtol=rtol, atol=0 if q15 else 40 * 2.0**-24 * np.abs(frames).max())


def stream(words, y, cuts, n_values):
    """What pushes of y, cut there, make."""
    address = ffi.cast("uint32_t *", ffi.from_buffer(words))
    memory = np.full(lib.dsp_block_size(address, n_values) // 8, -1, np.int64)
    place = ffi.cast("void *", ffi.from_buffer(memory))
    lib.dsp_block_init(place, address, n_values)
    out = np.empty((2, _blocks.columns(words, n_values)), np.float32)
    code = y.dtype.char.encode()
    for row in out:
        lib.dsp_mel_reset(address, place)
        for part in np.split(y, sorted(cuts)):
            part = np.ascontiguousarray(part)
            assert lib.dsp_mel_push(address, place, ffi.cast("void *", ffi.from_buffer(part)), code, len(part)) == 0
        lib.dsp_mel_finish(address, place, ffi.cast("float *", ffi.from_buffer(row)))
    assert_array_equal(out[0], out[1])
    n_fft, hop = int(words[0]) >> 16, int(words[1]) & 0xFFFF
    assert lib.dsp_mel_frames(place) == 1 + (n_values - n_fft) // hop
    return out[0]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_however_a_stream_is_cut(data):
    n_fft = data.draw(st.sampled_from((8, 16, 64)))
    hop, more = data.draw(st.integers(1, 2 * n_fft)), data.draw(st.integers(0, 150))
    q15, n_mfcc = data.draw(st.booleans()), data.draw(st.sampled_from((0, 3)))
    over = data.draw(st.lists(st.sampled_from(_blocks.OVER_FRAMES), unique=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        words = _blocks.mel_words(
            sr=100, n_fft=n_fft, hop_length=hop, n_mels=4, n_mfcc=n_mfcc, over=over, q15=q15, norm=None
        )
    y = np.random.default_rng(more).integers(-9000, 9000, n_fft + more).astype(np.int16)
    if not q15 and data.draw(st.booleans()):
        y = y.astype(np.float32) / np.float32(7)
    cuts = data.draw(st.lists(st.integers(0, len(y)), max_size=8))
    assert_array_equal(stream(words, y, cuts, len(y)), _blocks.run(words, y))


@pytest.mark.parametrize(
    "parameters, message",
    (
        ({"n_fft": 250}, "power of two from 8 to 4096, got 250"),
        ({"n_mels": 129}, "n_mels from 1 to 128"),
        ({"hop_length": 0}, "hop_length from 1 to 65535, got 0"),
        ({"fmax": 5000}, "fmin < fmax <= sr / 2"),
        ({"fmin": 4000}, "fmin < fmax"),
        ({"norm": 2}, "norm 'slaney' or None"),
        ({"sr": 4, "n_mels": 20}, "narrower than a quarter of a hertz"),
        ({"n_fft": 512}, "windows of n_fft = 512 samples or more"),
    ),
)
@pytest.mark.filterwarnings("ignore:band")
def test_what_is_no_mel_spectrogram(parameters, message):
    with pytest.raises(ValueError, match=message):
        dsp.melspectrogram(np.zeros(300), **{**SOUND, **parameters})


def test_more_that_is_none():
    with pytest.raises(ValueError, match="n_mfcc from 0 to 32"):
        dsp.mfcc(np.zeros(300), n_mfcc=33, **SOUND)
    with pytest.raises(ValueError, match="n_mfcc from 1"):
        dsp.mfcc(np.zeros(300), n_mfcc=0, **SOUND)
    with pytest.raises(ValueError, match="expected int16 samples, got float64"):
        dsp.logmel_q15(np.zeros(300), **SOUND)
    with pytest.raises(ValueError, match="decibels=True"):
        _blocks.mel_words(**SOUND, decibels=False, n_mfcc=3)
    with pytest.raises(ValueError, match="1023 frames at most"):
        dsp.melspectrogram(np.zeros(3000), **{**SOUND, "hop_length": 1})
    with pytest.warns(UserWarning, match="band .* of 60 has no bin"):
        narrow = dsp.melspectrogram(RANDOM.normal(size=300), **{**SOUND, "n_mels": 60}, fmax=500)
    assert (narrow == 0).any()


@pytest.mark.parametrize(
    "q15, over, memory, description",
    ((True, 3, 2072, 464), (True, 0, 3544, 464), (False, 3, 3736, 720), (False, 0, 7192, 720)),
)
def test_memory(q15, over, memory, description):
    """As docs/signal.md has it."""
    words = _blocks.mel_words(**SOUND, over=["mean", "std", "max"][:over], q15=q15)
    assert words.nbytes == description
    assert lib.dsp_block_size(ffi.cast("uint32_t *", ffi.from_buffer(words)), 8000) == memory


# ---- The twin


@pytest.fixture(scope="module")
def block_of():
    names = [f"src/emlfeatures/twin/{name}.py" for name in ("statistics", "spectrum", "mel")]
    parts = ["src/emlfft/twin/emlfft.py", "src/common/py/numbers.py", *names]
    scope = {}
    exec(compile("".join((ROOT / name).read_text() for name in parts), "twin.py", "exec"), scope)
    return lambda words, n_values: scope["block_of"](array("I", words.tolist()), n_values)


def every_block():
    yield _blocks.statistics_words(3, correlation=True)
    yield _blocks.statistics_words(1, ["crest"])
    yield _blocks.spectrum_words(32, 2, bands=5, sr=50)
    yield _blocks.spectrum_words(8, 3, bands=[0.1, 0.2, 0.5], which=["entropy"], decibels=True)
    mel = {"sr": 8000, "n_fft": 32, "hop_length": 20, "n_mels": 5, "norm": None}
    yield _blocks.mel_words(**mel, decibels=False)
    for q15 in (False, True):
        for n_mfcc in (0, 4):
            for over in ([], ["mean", "std"], ["std", "max"], ["min"]):
                yield _blocks.mel_words(**mel, n_mfcc=n_mfcc, over=over, q15=q15)


def windows():
    """Of 120 values."""
    yield RANDOM.integers(-32768, 32768, 120).astype(np.int16)
    yield RANDOM.integers(-3, 4, 120).astype(np.int16)
    yield np.zeros(120, np.int16)
    yield np.full(120, -32768, np.int16)
    yield (RANDOM.normal(size=120) + 9).astype(np.float32)
    yield (RANDOM.normal(size=120) * 10.0 ** RANDOM.integers(-30, 4, 120)).astype(np.float32)
    yield (RANDOM.normal(size=120) * 1e-42).astype(np.float32)


@pytest.mark.parametrize("words", list(every_block()), ids=lambda words: "-".join(f"{word:x}" for word in words[:3]))
def test_the_twin_has_the_same_bits(words, block_of):
    block = block_of(np.append(words, 1), 120)  # the next block's words after it
    assert block.words == len(words)
    for x in windows():
        code = x.dtype.char
        if code == "f" and words[0] & 0x1FF == 0x102:  # integers
            with pytest.raises(ValueError, match="expected samples"):
                block.run(array(code, x.tolist()), code)
            continue
        got = np.array(block.run(array(code, x.tolist()), code), np.float32)
        expected = _blocks.run(words, x)
        assert block.columns == len(expected)
        assert_array_equal(got.view(np.uint32), expected.view(np.uint32))


def test_the_twin_refuses_what_the_core_refuses(block_of):
    for words in every_block():
        for _ in range(150):
            damaged = words.copy()
            at = RANDOM.integers(len(words))
            damaged[at] = RANDOM.choice([damaged[at] ^ (1 << RANDOM.integers(32)), RANDOM.integers(1 << 32)])
            damaged = damaged[: RANDOM.choice([len(words), RANDOM.integers(1, len(words) + 1)])]
            kind = damaged[0] & 0xFF
            n_values = int(RANDOM.choice([120, RANDOM.integers(200)]))
            address = ffi.cast("uint32_t *", ffi.from_buffer(damaged))
            accepted = lib.dsp_block_check(address, len(damaged), n_values) if kind < 3 else 0
            try:
                assert block_of(damaged, n_values).words == accepted
            except ValueError as error:
                assert str(error) == "inconsistent model" and accepted == 0


# ---- Frames


def test_frame():
    x = np.arange(20).reshape(2, 10)
    assert_array_equal(dsp.frame(x, 4, 3), librosa.util.frame(x, frame_length=4, hop_length=3))
    y = np.arange(20).reshape(10, 2)
    assert_array_equal(dsp.frame(y, 4, 3, axis=0), librosa.util.frame(y, frame_length=4, hop_length=3, axis=0))
    windows = dsp.frame(y, 4, 3, axis=0).reshape(3, -1)
    assert_array_equal(windows[1], np.arange(6, 14))
    for bad in ((x, 11, 1), (x, 0, 1), (x, 3, 0)):
        with pytest.raises(ValueError, match="expected frame_length from 1"):
            dsp.frame(*bad)
    with pytest.raises(ValueError, match="first or the last axis"):
        dsp.frame(np.zeros((3, 3, 3)), 2, 1, axis=1)
