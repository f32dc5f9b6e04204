"""Which native modules a model needs: those that MicroPython has loaded after a prediction, and no others."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from emlearn._modules import module_bytes, modules_of
from sklearn.decomposition import PCA
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from support import data

import emlearn
from emlearn import dsp

ROOT = Path(__file__).resolve().parents[2]
ON_DEVICE = """
import sys, array, {module}
model = {module}.load('m.eml')
model.predict(array.array('{code}', {row}))
print(*sorted(name for name in sys.modules if name.startswith('eml')))
"""
FOREST = RandomForestClassifier(3, max_depth=4, random_state=0)
# What is converted how, of digits, whose features are integers.
MODELS = {
    "hard": (FOREST, {"dtype": "int16", "leaf": "hard"}),
    "exact": (FOREST, {"dtype": "int16"}),
    "scaled": (FOREST, {"dtype": "int16", "leaf": "hard", "scale": True}),
    "values": (RandomForestRegressor(2, max_depth=3, random_state=0), {}),
    "sums": (GradientBoostingClassifier(n_estimators=2, max_depth=2, random_state=0), {}),
    "linear": (LogisticRegression(max_iter=50), {}),
    "neighbours int16": (KNeighborsClassifier(3, algorithm="brute"), {"dtype": "int16"}),
    "neighbours float": (KNeighborsClassifier(3, algorithm="brute"), {}),
    "neighbours by distance": (KNeighborsClassifier(3, algorithm="brute", weights="distance"), {"dtype": "int16"}),
    "centroids": (NearestCentroid(), {}),
    "rbf": (SVC(), {}),
    "linear kernel": (SVC(kernel="linear"), {}),
    "bayes": (GaussianNB(), {}),
    "steps": (make_pipeline(PCA(3, random_state=0), FOREST), {}),
    "windows": (make_pipeline(dsp.Statistics(), FOREST), {}),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", MODELS)
def test_modules(name, tmp_path):
    X, y = data("digits")
    estimator, options = MODELS[name]
    rows = X[:200] + (0.25 if name in ("rbf", "linear kernel") else 0.0)
    model = emlearn.convert(estimator.fit(rows, y[:200]), **options)
    model.save(tmp_path / "m.eml")
    expected = modules_of(model.tables)
    code = model.tables.typecode
    row = rows[0].astype(np.int16 if code == "h" else np.float32).tolist()
    device = subprocess.run(
        [ROOT / "build/unix/micropython", "-c", ON_DEVICE.format(module=expected[0], code=code, row=row)],
        env={"MICROPYPATH": str(ROOT / "dist/x64_6.3")},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert device.stdout.split() == sorted(expected), device.stderr
    files = [ROOT / f"dist/armv6m_6.3/{each}.mpy" for each in expected]
    assert module_bytes(model.tables)["armv6m"] == sum(file.stat().st_size for file in files)
