"""A recording to measure: a voice of the telephone system Asterisk, 8,000 samples a second, 16 bits (CC-BY-SA-3.0)."""

import sys
import wave
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))

import packages  # noqa: E402

OUT = HERE.parents[1] / "build" / "sound_level"
PACKAGE = "asterisk-core-sounds-en-wav"
FILE = "usr/share/asterisk/sounds/en_US_f_Allison/demo-congrats.wav"
RATE = 8000
SECONDS = 20


def recording():
    """The samples, int16."""
    with wave.open(str(packages.debian(PACKAGE, OUT.parent / "packages") / FILE)) as file:
        return np.frombuffer(file.readframes(SECONDS * RATE), "<i2")


def write(samples, path):
    """A WAV file of them."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.astype("<i2").tobytes())
