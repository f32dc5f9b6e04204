"""Models of windows of raw samples: transformers, conversion, each format, generated code and the twin, to the bit."""

from __future__ import annotations

import subprocess
import sys
from array import array
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from emlearn._core import open_core
from emlearn.certificate import reference_predictions
from emlearn.device.deploy import checked
from emlearn.ir.document import Document, Output
from emlearn.writers.c import FUNCTIONS
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import check_estimator
from test_families import COMPILE
from test_pipelines_hostile import seal

import emlearn
from emlearn import dsp

sys.path.append(str(Path(__file__).resolve().parents[2] / "firmware_tests"))

from families import features as windows  # noqa: E402

NAMES = list(windows.MODELS)
made = cache(lambda name: windows.MODELS[name]())


def transformer_of(estimator):
    return estimator[0] if hasattr(estimator, "named_steps") else estimator


# ---- Conversion and formats


@pytest.mark.parametrize("name", NAMES)
def test_all_rows(name, tmp_path):
    model, X = made(name)
    assert model.tables.FAMILY == "features" and model.tables.typecode == X.dtype.char
    found = model.predictions(X)
    assert np.array_equal(model.apply_steps(X), transformer_of(model.estimator).transform(X))
    if model.tables.inner is None:
        assert np.array_equal(found.outputs, model.apply_steps(X))
    else:
        expected = reference_predictions(model.estimator, X)
        largest = 1.0 if model.tables.output == Output.PROBABILITIES else np.max(np.abs(expected.outputs))
        assert np.max(np.abs(found.outputs - expected.outputs)) <= 1e-5 * largest
        if model.is_classifier:
            assert np.array_equal(found.labels, expected.labels)
    for format in ("eml", "csv"):
        model.save(tmp_path / f"model.{format}")
        loaded = emlearn.load(tmp_path / f"model.{format}")
        assert loaded.save(format="eml") == model.save(format="eml")
        assert np.array_equal(loaded.predictions(X).outputs, found.outputs)
    packages = checked(tmp_path / "model.eml")[1]
    assert packages[-1] == "emlfeatures" and len(packages) == len({*packages})
    info = model.info()
    assert info["windows"] == X.dtype and info["blocks"] and info["family"] == "features"


MAIN = """
#include <stdio.h>
#include "golden.h"
int main(void) {{
    {T} x[{n}];
    float out[{n_out}];
    while (fread(x, sizeof x, 1, stdin) == 1) {{
        {body}
        fwrite(out, sizeof out, 1, stdout);
    }}
    return 0;
}}
"""


@pytest.mark.parametrize("name, method", [*((name, "loadable") for name in NAMES), ("features_statistics", "inline")])
def test_c(name, method, tmp_path):
    model, X = made(name)
    (tmp_path / "golden.h").write_text(model.save(format="c", name="golden", method=method))
    n, n_out = X.shape[1], model.tables.n_outputs
    body = f"if (golden_{FUNCTIONS[model.tables.output]}(x, {n}, out, {n_out})) {{ return 1; }}\n"
    if model.is_classifier:
        body += f' printf("%c", (char)golden_predict(x, {n}));'
        body += f" if (golden_predict(x, {n - 1}) >= 0) {{ return 2; }}"
    elif n_out == 1:
        body = f"out[0] = golden_predict(x, {n});"
    ctype = "int16_t" if X.dtype == np.int16 else "float"
    (tmp_path / "main.c").write_text(MAIN.format(T=ctype, n=n, n_out=n_out, body=body))
    subprocess.run([*COMPILE, f"-I{emlearn.includedir}", "-o", tmp_path / "main", tmp_path / "main.c"], check=True)
    said = subprocess.run([tmp_path / "main"], input=X.tobytes(), capture_output=True, check=True).stdout
    rows = np.frombuffer(said, np.dtype([("class", "u1", int(model.is_classifier)), ("out", "<f4", n_out)]))
    assert np.array_equal(rows["out"], model.predictions(X).outputs)
    if model.is_classifier:
        assert np.array_equal(model.classes_[rows["class"][:, 0]], model.predict(X))


@pytest.mark.parametrize("name", NAMES)
def test_python(name):
    model, X = made(name)
    scope = {}
    exec(compile(model.save(format="py"), "model.py", "exec"), scope)
    twin, expected = scope["model"], model.predictions(X)
    streams = all(kind == "mel" for kind, _ in model.tables.outline)
    for x, label, outputs in list(zip(X, expected.labels, expected.outputs, strict=True))[:8]:
        values, out = array(X.dtype.char, x.tobytes()), array("f", bytes(4 * len(outputs)))
        twin.predict(values, out)
        assert out.tobytes() == outputs.tobytes()
        if model.is_classifier:
            assert scope["predict"](values) == label
        if streams:
            out[0] = np.nan
            assert twin.push(values[:77], out) is False and twin.push(values[77:], out) is True
            assert out.tobytes() == outputs.tobytes()
    assert twin.selftest() == (len(model.golden.features),) * 2
    assert twin.info()["family"] == "features"


def test_damaged_files(tmp_path):
    """Each truncation and each damaged byte, with a right CRC: what the reader takes, the core takes."""
    for content, _ in list(windows.corrupt())[:5]:
        opened = 0
        cuts = [content[:n] for n in range(16, len(content), 4)]
        flips = [content[:i] + bytes([content[i] ^ 1 << i % 8]) + content[i + 1 :] for i in range(16, len(content))]
        for damaged in map(seal, cuts + flips):
            (tmp_path / "model.eml").write_bytes(damaged)
            verdicts = []
            for check in (lambda: emlearn.load(tmp_path / "model.eml"), lambda: open_core("features", damaged)):  # noqa: B023
                try:
                    check()
                    verdicts.append(True)
                except ValueError:
                    verdicts.append(False)
            assert verdicts[0] <= verdicts[1], damaged
            opened += verdicts[0]
        assert 0 < opened < len(content)


def test_what_is_behind():
    """Options are those of the model; scores too."""
    X = windows.motion(32, 6)
    pipeline = make_pipeline(dsp.Statistics(6), StandardScaler(), RandomForestClassifier(5, random_state=0))
    pipeline.fit(X, windows.Y)
    model = emlearn.convert(pipeline, dtype="int16", data=X)
    assert model.dtype == "int16 scaled" and model.tables.typecode == "h"
    assert np.mean(model.predict(X) == pipeline.predict(X)) >= 0.95
    assert np.array_equal(model.golden.features[0], X[0])
    net = make_pipeline(dsp.Statistics(6), StandardScaler(), MLPClassifier((5,), max_iter=50, random_state=0))
    with pytest.warns(UserWarning, match="converge"):
        net.fit(X, windows.Y)
    small = emlearn.convert(net, dtype="int8")
    assert small.nbytes < emlearn.convert(net).nbytes
    linear = make_pipeline(dsp.Statistics(6), StandardScaler(), LogisticRegression(max_iter=300)).fit(X, windows.Y)
    found = emlearn.convert(linear)
    decision = linear.decision_function(X)
    assert np.max(np.abs(found.decision_function(X) - decision)) <= 1e-5 * np.max(np.abs(decision))
    certificate = found.certify(X, windows.Y)
    assert certificate.agreement == 1.0 and certificate.estimator == "Pipeline"
    union, floats = made("features_columns")
    assert union.certify(floats).agreement == 1.0 and union.tables.n_classes == 0
    assert union.predict(floats).shape == (len(floats), union.tables.n_columns)
    with pytest.raises(ValueError, match="no probabilities"):
        union.predict_proba(floats)


def test_golden_rows_are_few_where_windows_are_long():
    X = np.tile(windows.sound(500), 16)
    mel = dsp.MelSpectrogram(8000, 256, 256, 32, over=("mean", "std", "max"), q15=True)
    model = emlearn.convert(make_pipeline(mel, RandomForestClassifier(100, random_state=0)).fit(X, windows.Y))
    assert model.golden.features.shape == (1, 8000)
    model.certify(X, windows.Y)
    assert model.certificate.rows == len(X) and model.golden.features.shape == (1, 8000)
    # The budget of a sound classifier in RAM: with 800 of them, a window of 8 kHz; docs/signal.md.
    assert model._core.scratch_size < 2500


# ---- Transformers

TRANSFORMERS = {
    "statistics": lambda: dsp.Statistics(2, correlation=True),
    "some": lambda: dsp.Statistics(2, which="rms"),
    "spectrum": lambda: dsp.Spectrum(2, bands=3, sr=50.0),
    "edges": lambda: dsp.Spectrum(2, bands=(0.0, 5.0, 25.0), which=(), sr=50.0, n_fft=16, decibels=True),
    "mel": lambda: dsp.MelSpectrogram(8000, 16, 8, 4, norm=None),
    "over": lambda: dsp.MelSpectrogram(8000, 16, 8, 4, over=("max", "mean")),
    "mfcc": lambda: dsp.MFCC(8000, 3, 16, 8, 4),
    "q15": lambda: dsp.MFCC(8000, 3, 16, 8, 4, over="std", q15=True),
}


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_transformers(name):
    X = windows.motion(32, 2)
    transformer = TRANSFORMERS[name]()
    found = transformer.fit_transform(X)
    assert found.dtype == np.float32 and len(found) == len(X)
    names = transformer.get_feature_names_out()
    assert len({*names}) == found.shape[1] == transformer.n_columns_
    again = clone(transformer)
    assert again.get_params() == transformer.get_params() and not hasattr(again, "words_")
    assert np.array_equal(again.fit(X.astype(np.int64)).transform(X.astype(np.float64)), found)
    with pytest.raises(ValueError, match="32767"):
        transformer.transform(X + 0.5)
    with pytest.raises(ValueError, match="features"):
        transformer.transform(X[:, 1:])
    union = FeatureUnion([("a", clone(transformer)), ("b", "drop"), ("c", dsp.Statistics(4))]).fit(X)
    columns = union.transform(X)
    assert columns.shape[1] == len(union.get_feature_names_out()) == found.shape[1] + 40
    assert np.array_equal(emlearn.convert(union).predict(X), columns)
    if name == "q15":
        with pytest.raises(ValueError, match="int16"):
            transformer.fit(X / 2.0)
    else:
        floats = X / 4096.0
        assert np.array_equal(transformer.fit(floats).transform(floats), transformer.transform(floats.astype("f4")))


def test_columns_have_their_names():
    X = windows.motion(32, 2)
    transformer = dsp.Statistics(2, which=("max", "mean"), correlation=True).fit(X)
    columns = dict(zip(transformer.get_feature_names_out(), transformer.transform(X).T, strict=True))
    assert np.array_equal(columns["max_1"], X[:, 1::2].max(axis=1))
    assert np.allclose(columns["mean_0"], X[:, ::2].mean(axis=1), rtol=1e-6)
    assert np.allclose(columns["correlation_0_1"][2], np.corrcoef(X[2, ::2], X[2, 1::2])[0, 1], atol=1e-6)
    mel = dsp.MelSpectrogram(8000, 16, 8, 4, over=("max", "mean")).fit(X)
    assert mel.get_feature_names_out().tolist() == [f"mel{i}_{over}" for over in ("mean", "max") for i in range(4)]


def test_statistics_is_a_transformer():
    check_estimator(dsp.Statistics())


@pytest.mark.parametrize(
    "steps, message",
    [
        ([StandardScaler(), dsp.Statistics(2), DecisionTreeClassifier()], "put them first"),
        ([FeatureUnion([("a", dsp.Statistics(2)), ("b", StandardScaler())])], "StandardScaler beside"),
        ([FeatureUnion([("a", dsp.Statistics(2)), ("b", "passthrough")])], "FunctionTransformer beside"),
        ([FeatureUnion([("a", dsp.Statistics(2))], transformer_weights={"a": 2})], "weights"),
        ([dsp.Statistics(2), StandardScaler()], "does not end"),
    ],
)
def test_refused(steps, message):
    X = windows.motion(32, 2)
    pipeline = make_pipeline(*steps).fit(X, windows.Y)
    with pytest.raises(emlearn.ConvertError, match=message):
        emlearn.convert(pipeline)


def test_refused_options():
    X = windows.motion(32, 2)
    with pytest.raises(emlearn.ConvertError, match="not fitted"):
        emlearn.convert(dsp.Statistics(2))
    with pytest.raises(emlearn.ConvertError, match="for models"):
        emlearn.convert(dsp.Statistics(2).fit(X), dtype="int16")
    with pytest.raises(emlearn.ConvertError, match="features"):
        emlearn.convert(dsp.Statistics(2).fit(X), data=X[:, 1:])
    for wrong, text in (
        (dsp.Statistics(3), "n_channels"),
        (dsp.Statistics(2, which=()), "empty"),
        (dsp.Spectrum(2, n_fft=64), "64"),
        (dsp.MelSpectrogram(8000, 16, 8, 4, decibels=False, q15=True), "decibels"),
        (dsp.MelSpectrogram(8000, 128, 8, 4), "128"),
    ):
        with pytest.raises(ValueError, match=text):
            wrong.fit(X)
    model = emlearn.convert(dsp.Statistics(2).fit(X / 3.0))
    bad = X.astype(np.float32)
    bad[0, 0] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        model.predict(bad)
    assert Document(model.tables).golden is None
