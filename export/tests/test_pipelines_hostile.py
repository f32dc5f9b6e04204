"""Damaged files of pipelines: the reader and the core refuse the same ones, or predict something."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from emlearn._core import open_core
from emlearn.ir.document import Document
from emlearn.preprocessing import Quantizer
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder
from support import data

import emlearn


def seal(content):
    content = bytearray(content)
    content[8:12] = struct.pack("<I", len(content))
    content[12:16] = struct.pack("<I", zlib.crc32(content[16:], zlib.crc32(content[:12])))
    return bytes(content)


def small():
    X, y = data("iris")
    X = np.rint(X)
    for steps in ([PCA(2)], [SimpleImputer(missing_values=-1), OrdinalEncoder()], [Quantizer()]):
        tail = NearestCentroid() if isinstance(steps[-1], Quantizer) else RandomForestClassifier(1, max_depth=1)
        yield emlearn.convert(make_pipeline(*steps, tail).fit(X, y))


def test_damaged_files(tmp_path):
    """Each truncation and each damaged byte, with a right CRC: the reader and the core agree about it."""
    for model in small():
        content = emlearn.Model(Document(model.tables)).save(format="eml")
        end = len(content)
        opened = 0
        for damaged in [content[:n] for n in range(0, end, 4)] + [
            content[:i] + bytes([content[i] ^ mask]) + content[i + 1 :]
            for i in range(16, end)
            for mask in (1 << i % 8,)
        ]:
            damaged = seal(damaged) if len(damaged) >= 16 else damaged
            (tmp_path / "model.eml").write_bytes(damaged)
            verdicts = []
            for check in (lambda: emlearn.load(tmp_path / "model.eml"), lambda: open_core("pipeline", damaged)):  # noqa: B023
                try:
                    check()
                    verdicts.append(True)
                except ValueError:
                    verdicts.append(False)
            assert verdicts[0] <= verdicts[1], damaged
            opened += verdicts[0]
        assert 0 < opened < 2 * end


def test_no_pipeline_behind_a_pipeline():
    inner = next(small()).save(format="eml")
    n = struct.unpack_from("<H", inner, 16)[0]
    fill = struct.pack("<I", n << 16) + struct.pack("<II", 0x7FC00000, 0) * n
    head = inner[16:23]
    body = head + bytes([8]) + struct.pack("<IHHII", 24 + len(fill) + len(inner), 1, n, len(fill) // 4, len(inner) // 4)
    content = seal(inner[:16] + body + fill + inner)
    with pytest.raises(ValueError, match="inconsistent"):
        open_core("pipeline", content)
    from emlearn.readers import read

    with pytest.raises(ValueError, match="behind a pipeline"):
        read(content)
    unknown = bytearray(inner)
    unknown[23] = 99
    with pytest.raises(ValueError, match="family"):
        read(seal(unknown))
