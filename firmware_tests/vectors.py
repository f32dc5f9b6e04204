"""Files for the boards in build/vectors/: the models of families/, rows, and what the PC computes for them.

A file NAME.vec is a line `typecode rows features outputs`, then for each row its features, a u16 class (for exact
models the one that scikit-learn gives) and the float32 outputs of the host's core. NAME.cases has damaged models.
"""

from __future__ import annotations

import os
import struct
import zlib
from functools import cache
from pathlib import Path

import numpy as np
from emlearn._core import open_core
from families import FAMILIES, FAMILY_OF, MODELS

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "build" / "vectors"


def write(name, content):
    """In one step, for those who run at the same time."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    temporary = FOLDER / f".{name}.{os.getpid()}"
    temporary.write_bytes(content)
    os.replace(temporary, FOLDER / name)


@cache
def files(name):
    """Names of the files of a model, after making them."""
    family = FAMILIES[FAMILY_OF[name]]
    if name not in MODELS:
        write(f"{name}.cases", b"".join(damaged_files(FAMILY_OF[name], family.corrupt())))
        return (f"{name}.cases",)
    model, X = MODELS[name]()
    expected = model.predictions(X)
    if hasattr(family, "agrees"):
        family.agrees(model, X, expected)
    numbers = np.zeros(len(X), np.int64)
    if model.is_classifier:
        numbers = np.searchsorted(model.classes_, expected.labels)
    write(f"{name}.eml", model.save(format="eml"))
    write(f"{name}.csv", model.save(format="csv").encode())
    sizes = f"{len(X)} {model.tables.n_features} {model.tables.n_outputs}"
    head = f"{'h' if X.dtype == np.int16 else 'f'} {sizes}\n".encode()
    rows = zip(X, numbers.astype("<u2"), expected.outputs.astype("<f4"), strict=True)
    write(f"{name}.vec", head + b"".join(x.tobytes() + number.tobytes() + out.tobytes() for x, number, out in rows))
    return tuple(f"{name}.{suffix}" for suffix in ("eml", "csv", "vec"))


def part(name, rows=None, damaged=None):
    """The content of a file, with at most so many of its rows or damaged models, from all over it."""
    content = (FOLDER / name).read_bytes()
    if rows and name.endswith(".vec"):
        head, body = content.split(b"\n", 1)
        code, n, *sizes = head.decode().split()
        kept = spread([body[i : i + len(body) // int(n)] for i in range(0, len(body), len(body) // int(n))], rows)
        return " ".join((code, str(len(kept)), *sizes)).encode() + b"\n" + b"".join(kept)
    if damaged and name.endswith(".cases"):
        models = []
        while content:
            size = 4 + int.from_bytes(content[:2], "little")
            models.append(content[:size])
            content = content[size:]
        return b"".join(spread(models, damaged))
    return content


def spread(items, most):
    return [items[i] for i in np.unique(np.linspace(0, len(items) - 1, most).astype(int))]


def damaged_files(family, contents):
    """For corrupt.py on the device: u16 size, u16 verdict, file; sizes are even, so that all stay aligned there."""
    for content, known in contents:
        yield struct.pack("<HH", len(content), 1) + content
        for i in range(len(content)):
            for mask in (1, 0xFF):
                damaged = bytearray(content)
                damaged[i] ^= mask
                if i % 8 == 0:  # the CRC tells
                    yield struct.pack("<HH", len(content), 0) + damaged
                damaged[12:16] = struct.pack("<I", zlib.crc32(damaged[16:], zlib.crc32(damaged[:12])))
                yield struct.pack("<HH", len(content), verdict(family, bytes(damaged)) if known else 2) + damaged


def verdict(family, content):
    try:
        open_core(family, content)
    except ValueError:
        return 0
    return 1
