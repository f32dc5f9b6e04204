"""Which native modules a model needs: those that MicroPython has loaded after a prediction, and no others."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import keras_numpy
import numpy as np
import pytest
from emlearn._modules import module_bytes, modules_of
from emlearn.reporting.page import on_board
from page_reader import Page
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


def device(folder, code):
    """The words that MicroPython prints."""
    command = [ROOT / "build/unix/micropython", "-c", code]
    environment = {"MICROPYPATH": str(ROOT / "dist/x64_6.3")}
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


FOREST = RandomForestClassifier(3, max_depth=4, random_state=0)
# What is converted how, of digits, whose features are integers.
MODELS = {
    "hard": (FOREST, {"dtype": "int16", "leaf": "hard"}),
    "exact": (FOREST, {"dtype": "int16"}),
    "scaled": (FOREST, {"dtype": "int16", "leaf": "hard", "scale": True}),
    "packed8": (FOREST, {"dtype": "int16", "layout": "packed8"}),
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


def test_what_a_report_says_to_run(tmp_path):
    """On the first row, the class of which is printed."""
    X, y = data("iris")
    report = emlearn.report(RandomForestClassifier(3, random_state=0).fit(X, y), X[50:], y[50:], metric="accuracy")
    report.model.save(tmp_path / report.file)
    assert device(tmp_path, on_board(report)) == [str(report.model.predict(X[50:51])[0])]


def test_what_a_report_on_a_network_says_to_run(tmp_path):
    keras = keras_numpy.load()
    layers = [keras.layers.Conv2D(2, 3), keras.layers.Flatten(), keras.layers.Dense(3, activation="softmax")]
    network = keras.Sequential([keras.layers.Input((6, 6, 1)), *layers])
    images, y = np.random.default_rng(0).integers(0, 256, (30, 6, 6, 1), np.uint8), np.arange(30) % 3
    report = emlearn.report(network, images, y, max_loss=1.0)
    report.model.save(tmp_path / report.file)
    zeros = np.zeros((1, 6, 6, 1), np.uint8)
    said = " ".join(device(tmp_path, on_board(report)))
    found = [float(number) for number in re.findall(r"\d\.\d+(?:e-\d+)?", said)]
    np.testing.assert_allclose(found, report.model.predict_proba(zeros)[0], rtol=1e-5)
    assert report.chosen.name == "int8" and report.model.nbytes < report.exact.nbytes and said.startswith("array('f'")
    assert Page(report.html()).text.count("tinymaix_cnn") >= 2


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
    assert device(tmp_path, ON_DEVICE.format(module=expected[0], code=code, row=row)) == sorted(expected)
    files = [ROOT / f"dist/armv6m_6.3/{each}.mpy" for each in expected]
    assert module_bytes(model.tables)["armv6m"] == sum(file.stat().st_size for file in files)
