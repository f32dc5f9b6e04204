"""Exercises of the shoulder, recorded by a smart watch: seglearn's watch data set.

10 people did each of 7 exercises 20 times with either arm: 140 recordings of 19 to 52 s, 50 samples a second, of a
3-axis accelerometer and a 3-axis gyroscope. The study is D. Burns et al., arXiv:1802.01489. The data is part of the
Python package seglearn (BSD licence); only the package's file is fetched, nothing of it is installed.
"""

import hashlib
import io
import sys
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.append(str(Path(__file__).resolve().parents[1]))
from packages import wheel  # noqa: E402

PACKAGE = "seglearn==1.2.5"
FILE = "seglearn/data/watch_dataset.npy"
SHA256 = "eb122f23cdf06ef6bd6c6c5312958ec5cf9d038e2e6d457b8081662c75a42537"
EXERCISES = {
    "PEN": "pendulum",
    "ABD": "abduction",
    "FEL": "forward elevation",
    "IR": "internal rotation, with a band",
    "ER": "external rotation, with a band",
    "TRAP": "trapezius extension",
    "ROW": "upright row",
}
AXES = ("ax", "ay", "az", "wx", "wy", "wz")
# A sensor that measures up to 8 g and 32 rad/s gives these 16-bit integers for 1 g and 1 rad/s.
COUNTS = (4096, 4096, 4096, 1024, 1024, 1024)
SAMPLES_PER_SECOND = 50
TEST_SUBJECTS = (8, 9, 10)  # decided before anything was trained; no choice looks at them


class Recording(NamedTuple):
    exercise: str
    subject: int
    arm: str
    samples: np.ndarray  # int16 [samples][axes]


def recordings(cache):
    """All of them, by subject, exercise and arm. The package is kept in the folder `cache`."""
    with zipfile.ZipFile(wheel(PACKAGE, cache)) as package:
        content = package.read(FILE)
    # A pickle runs what is in it.
    if hashlib.sha256(content).hexdigest() != SHA256:
        sys.exit(f"{FILE} of {PACKAGE} is not the file that this example was made for: remove it from {cache}")
    table = np.load(io.BytesIO(content), allow_pickle=True).item()
    found = [
        Recording(table["y_labels"][int(y)], int(subject), "right" if side else "left", as_counts(samples))
        for y, subject, side, samples in zip(table["y"], table["subject"], table["side"], table["X"], strict=True)
    ]
    return sorted(found, key=lambda r: (r.subject, list(EXERCISES).index(r.exercise), r.arm))


def as_counts(samples):
    """int16, from g and rad/s."""
    counts = np.rint(samples * np.array(COUNTS))
    if np.max(np.abs(counts)) > 32767:
        raise ValueError("a sample exceeds 16 bits: reduce COUNTS")
    return counts.astype(np.int16)


def windows(some, size):
    """Windows of `size` samples, half of them those of the window before: [windows][size * axes], and labels."""
    rows = [r.samples[at : at + size].ravel() for r in some for at in starts(r, size)]
    return np.array(rows), np.array([r.exercise for r in some for _ in starts(r, size)])


def starts(recording, size):
    return range(0, len(recording.samples) - size + 1, size // 2)


def split(some):
    """Recordings of those to train with, and of those never seen until the end."""
    return [r for r in some if r.subject not in TEST_SUBJECTS], [r for r in some if r.subject in TEST_SUBJECTS]
