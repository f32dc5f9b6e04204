"""Trains, converts, and leaves what a board needs in build/activity/board."""

import shutil
from pathlib import Path

import data
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

import emlearn
from emlearn import dsp

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
OUT = ROOT / "build" / "activity"
BOARD = OUT / "board"  # what a board's file system would hold
WINDOW = 250  # samples: 5 seconds. validate.py shows what others do, and why C is 1
BANDS = (0.4, 1.2, 2.0, 3.2, 6.4, 12.8, 25.0)  # edges in hertz; somebody exercises at about half a hertz
N_AXES = len(data.AXES)
# What the file needs, for MicroPython on this machine; on boards `emlearn deploy` knows.
MODULES = ("emlfeatures", "emlfeatures_statistics", "emlfeatures_spectrum", "emllinear", "emlearn_tools")


def features():
    """129 columns of a window of raw samples."""
    time = dsp.Statistics(n_channels=N_AXES, correlation=True)
    bands = dsp.Spectrum(n_channels=N_AXES, bands=BANDS, sr=data.SAMPLES_PER_SECOND, decibels=True)
    return FeatureUnion([("time", time), ("bands", bands)])


def scaled_regression(C):
    return make_pipeline(StandardScaler(), LogisticRegression(C=C, max_iter=1000))


def pipeline():
    return Pipeline([("features", features()), *scaled_regression(1).steps])


def main():
    shutil.rmtree(BOARD, ignore_errors=True)
    (BOARD / "lib").mkdir(parents=True)
    known, unknown = data.split(data.recordings(OUT))
    X, y = data.windows(known, WINDOW)
    X_test, y_test = data.windows(unknown, WINDOW)
    print(f"Training on {len(X)} windows of {len({r.subject for r in known})} people")
    trained = pipeline().fit(X, y)

    model = emlearn.convert(trained)
    print(certificate := model.certify(X_test, y_test))
    (OUT / "certificate.txt").write_text(f"{certificate}\n")
    for name in ("activity.eml", "activity.csv"):
        model.save(file=BOARD / name)

    shutil.copy(HERE / "main.py", BOARD)
    (BOARD / "motion.bin").write_bytes(stream(unknown))
    for name in MODULES:
        for module in (ROOT / "dist").glob(f"x64_*/{name}.mpy"):
            shutil.copy(module, BOARD / "lib")
    for name, predicted in (("scikit-learn", trained.predict(X_test)), ("the C core", model.predict(X_test))):
        print(f"accuracy: {np.sum(predicted == y_test)} of {len(y_test)}, says {name}")


def stream(recordings):
    """A line that names it before each recording's samples, int16, little endian."""
    heads = (f"{r.exercise} {r.subject} {r.arm} {len(r.samples)}\n".encode() for r in recordings)
    return b"".join(head + r.samples.astype("<i2").tobytes() for head, r in zip(heads, recordings, strict=True))


if __name__ == "__main__":
    main()
