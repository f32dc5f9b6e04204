"""BasicMotions: people who stand, walk, run or play badminton with a smart watch on the wrist.

80 recordings of 10 seconds, 10 samples a second, of a 3-axis accelerometer and a 3-axis gyroscope, divided into as many
for training as for testing. The data set is part of the Python package aeon (BSD licence); only the package's file is
fetched, nothing of it is installed.
"""

import sys
import zipfile
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).resolve().parents[1]))
from packages import wheel  # noqa: E402

PACKAGE = "aeon==1.6.0"
FOLDER = "aeon/datasets/data/BasicMotions"
AXES = ("acc x", "acc y", "acc z", "gyro x", "gyro y", "gyro z")
# Sensors deliver 16-bit integers. The data set has them converted, to numbers below 35: back to integers.
COUNTS_PER_UNIT = 100
WINDOW = 20  # samples: 2 seconds, after each of which the board names a gesture


def windows(part, cache):
    """Windows, int16 [windows][WINDOW][axes], one recording after the other, and their labels."""
    recordings, labels = load(part, cache)
    cut = recordings.reshape(-1, WINDOW, len(AXES))
    return cut, np.repeat(labels, len(cut) // len(labels))


def load(part, cache):
    """Recordings, int16 [recordings][samples][axes], and their labels; part is "TRAIN" or "TEST"."""
    with zipfile.ZipFile(wheel(PACKAGE, cache)) as package:
        lines = package.read(f"{FOLDER}/BasicMotions_{part}.ts").decode().splitlines()
    recordings, labels = [], []
    for line in lines[lines.index("@data") + 1 :]:
        *axes, label = line.split(":")
        recordings.append([[float(sample) for sample in axis.split(",")] for axis in axes])
        labels.append(label)
    counts = np.rint(np.array(recordings) * COUNTS_PER_UNIT)
    return counts.transpose(0, 2, 1).astype(np.int16), np.array(labels)
