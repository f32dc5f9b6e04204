"""Leaves what a board needs in build/digits_cnn/board: the network, some images, and main.py."""

import shutil

import data
import numpy as np

import emlearn

BOARD = data.OUT / "board"  # what a board's file system would hold
# What the file needs, for MicroPython on this machine; on boards `emlearn deploy` knows.
MODULES = ("tinymaix_cnn",)
SHOWN = 3  # that are read wrongly


def main():
    _, (X, y) = data.digits()
    predicted = emlearn.load(data.HERE / "digits.tmdl").predict(X[..., None])
    shutil.rmtree(BOARD, ignore_errors=True)
    (BOARD / "lib").mkdir(parents=True)
    for name in ("main.py", "digits.tmdl"):
        shutil.copy(data.HERE / name, BOARD)
    chosen = shown(y, predicted)
    (BOARD / "digits.bin").write_bytes(images(X[chosen], y[chosen], predicted[chosen]))
    for name in MODULES:
        for module in (data.ROOT / "dist").glob(f"x64_*/{name}.mpy"):
            shutil.copy(module, BOARD / "lib")
    print(f"{len(chosen)} images of {len(y):,}, of which {np.sum(predicted == y)} are read rightly: {BOARD}")


def shown(y, predicted):
    """The first of each digit, and the first that are read wrongly."""
    return [*np.unique(y, return_index=True)[1], *np.flatnonzero(y != predicted)[:SHOWN]]


def images(X, y, predicted):
    """What main.py reads: of each image what was written, what the PC reads, and the image."""
    rows = zip(X, y, predicted, strict=True)
    return b"".join(bytes([written, read]) + image.tobytes() for image, written, read in rows)


if __name__ == "__main__":
    main()
