"""Speech, music and noise: windows of a second, 8,000 samples a second, 16 bits.

Speech and music are recordings of the telephone system Asterisk, packages of Debian (CC-BY-SA-3.0). Noise is synthetic.
What is tested with is a voice, a language and artists that are not in what is trained with.
"""

import sys
import wave
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))

import packages  # noqa: E402

OUT = HERE.parents[1] / "build" / "sound"
RATE = 8000
WINDOW = RATE  # samples
CLASSES = ("music", "noise", "speech")
# What is trained with, then what is tested with: languages and voices, and tracks.
SPEECH = (
    (("en", "sounds/en_US_f_Allison"), ("it", "sounds/it_IT_m_Carlo")),
    (("ru", "sounds/ru_RU_f_IvrvoiceRU"),),
)
MUSIC = (
    ("macroform-cold_day", "macroform-robot_dity", "macroform-the_simplicity"),
    ("manolo_camp-morning_coffee", "reno_project-system"),
)
N_NOISE = 800, 400
LEVELS = -40, -6  # dB of full scale, of the largest sample
SNR = 20, 50  # dB: no microphone is silent
QUIET = 100  # root of the mean of the squares, below which a recording is a pause


def sources(part):
    """Name, label and windows of each voice, track and kind of noise; part is 0 for training, 1 for testing."""
    random = np.random.default_rng(part)
    for language, folder in SPEECH[part]:
        files = sorted((_unpacked(f"asterisk-core-sounds-{language}-wav") / folder).rglob("*.wav"))
        yield folder, "speech", _varied([_read(file) for file in files if file.parent.name != "silence"], random)
    for track in MUSIC[part]:
        yield track, "music", _varied([_read(_unpacked("asterisk-moh-opsound-wav") / f"moh/{track}.wav")], random)
    for kind in ("white", "pink", "brown", "hum"):
        yield kind, "noise", _varied([noise(kind, random) for _ in range(N_NOISE[part] // 4)], random)


def noise(kind, random):
    """A second of it: power that goes with frequency to the 0, -1 or -2; or the mains' hum with its harmonics."""
    if kind == "hum":
        mains = random.choice([50, 60]) * np.arange(1, 13)[:, None]
        phases = 2 * np.pi * mains * np.arange(WINDOW) / RATE + random.uniform(0, 2 * np.pi, mains.shape)
        tones = np.sum(random.uniform(0, 1, mains.shape) / mains * np.sin(phases), axis=0)
        return tones / np.std(tones) + random.normal(0, 10 ** (random.uniform(-40, -10) / 20), WINDOW)
    slope = ("white", "pink", "brown").index(kind)
    frequencies = np.maximum(np.arange(WINDOW // 2 + 1), 1)
    spectrum = random.normal(size=(2, len(frequencies))) * frequencies ** (-slope / 2)
    samples = np.fft.irfft(spectrum[0] + 1j * spectrum[1])
    return samples / np.std(samples)


def _unpacked(package):
    return packages.debian(package, OUT.parent / "packages") / "usr/share/asterisk"


def _read(path):
    with wave.open(str(path)) as file:
        if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (RATE, 1, 2):
            raise ValueError(f"{path}: expected one channel of 16 bits at {RATE} Hz")
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64)


def _varied(recordings, random):
    """Whole windows of the recordings but pauses, int16, at random levels and with faint noise."""
    cut = np.concatenate([x[: len(x) // WINDOW * WINDOW].reshape(-1, WINDOW) for x in recordings])
    if np.max(np.abs(cut)) > 100:  # int16, not noise
        cut = cut[np.sqrt(np.mean(cut**2, axis=1)) > QUIET]
    n = (len(cut), 1)
    level = 10 ** (random.uniform(*LEVELS, n) / 20) * 32767
    cut = cut / np.max(np.abs(cut), axis=1, keepdims=True) * level
    faint = np.stack([noise(kind, random) for kind in random.choice(["white", "pink", "brown", "hum"], len(cut))])
    cut += faint * np.std(cut, axis=1, keepdims=True) * 10 ** (-random.uniform(*SNR, n) / 20)
    return np.rint(cut).clip(-32768, 32767).astype(np.int16)
