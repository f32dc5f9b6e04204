"""Models of windows of raw samples, in emlfeatures: motion of several axes, and sound."""

from __future__ import annotations

import numpy as np
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

import emlearn
from emlearn import dsp

from ._data import LABELS, plain, whole

N = 48
Y = np.arange(N) % 3


def motion(samples, channels, seed=0):
    """Windows of an IMU, int16: gravity, and swings that are faster and stronger in each of three classes."""
    random = np.random.default_rng(seed)
    t = np.arange(samples)[:, None]
    swing = [np.sin(t * (0.2 + 0.25 * y) + random.uniform(0, 6, channels)) * (300 + 900 * y) for y in Y]
    X = np.array(swing) + 800 * np.arange(channels) + random.normal(0, 60, (N, samples, channels))
    X[0] = 0
    X[1] = -32768
    return np.rint(X).clip(-32768, 32767).astype(np.int16).reshape(N, -1)


def sound(samples, seed=0):
    """Windows of sound, int16: noise of three colours, from full scale to nearly silence."""
    random = np.random.default_rng(seed)
    X = random.normal(0, 1, (N, samples + 8))
    X = np.stack([np.convolve(x, np.ones(1 + 3 * y), "same")[:samples] for x, y in zip(X, Y, strict=True)])
    X *= 32767 / np.max(np.abs(X), axis=1, keepdims=True) * 2.0 ** -random.integers(0, 9, (N, 1))
    X[0] = 0
    X[1] = -32768
    return np.rint(X).astype(np.int16)


def model(X, *steps, y=Y):
    """The model, and every third window."""
    return emlearn.convert(make_pipeline(*steps).fit(X, y)), np.ascontiguousarray(X[::3])


def floats(X):
    return (X / np.float32(4096)).astype(np.float32)


def forest(n):
    return RandomForestClassifier(n, max_depth=5, random_state=0)


def both():
    return FeatureUnion([("time", dsp.Statistics(3)), ("bands", dsp.Spectrum(3, bands=4, sr=50.0))])


def columns():
    time, bands = dsp.Statistics(2, which=("median", "iqr")), dsp.Spectrum(2, bands=3, decibels=True)
    union = FeatureUnion([("time", time), ("bands", bands)])
    X = floats(motion(20, 2))
    return emlearn.convert(union.fit(X)), np.ascontiguousarray(X[::4])


SOUND = {"sr": 8000, "n_fft": 64, "n_mels": 12}
MODELS = {
    "features_statistics": lambda: model(motion(32, 6), dsp.Statistics(6, correlation=True), forest(5), y=LABELS[Y]),
    "features_mel": lambda: model(
        sound(300), dsp.MelSpectrogram(**SOUND, hop_length=64, over=("mean", "std", "max"), q15=True), forest(3)
    ),
    "features_bands": lambda: model(floats(motion(64, 3)), both(), StandardScaler(), LogisticRegression(max_iter=200)),
    "features_mfcc": lambda: model(
        floats(sound(200)),
        dsp.MFCC(**SOUND, n_mfcc=5, hop_length=32),
        StandardScaler(),
        PCA(4),
        KNeighborsClassifier(3),
    ),
    "features_frames": lambda: model(
        sound(200), dsp.MelSpectrogram(**SOUND, hop_length=40, fmin=100.0, decibels=False), StandardScaler(), Ridge()
    ),
    "features_cepstra": lambda: model(
        sound(200), dsp.MFCC(**SOUND, n_mfcc=7, hop_length=50, over=("min", "mean"), q15=True), forest(2)
    ),
    "features_columns": columns,
}
BEHIND = {
    "features_statistics": "trees",
    "features_mel": "trees",
    "features_bands": "linear",
    "features_mfcc": ("pipeline", "neighbors"),
    "features_frames": "linear",
    "features_cepstra": "trees",
    "corrupt_features": "trees",
}
SMALL = ("features_statistics", "features_mel")


def agrees(model, X, expected):
    if model.is_classifier:
        np.testing.assert_array_equal(expected.labels, model.estimator.predict(X))


def corrupt():
    X = motion(8, 2)
    tiny = {"sr": 8000, "n_fft": 8, "hop_length": 4, "n_mels": 2, "norm": None}
    blocks = (
        dsp.Statistics(2, which=("mean", "iqr"), correlation=True),
        dsp.Spectrum(2, bands=2, which="peak"),
        dsp.MelSpectrogram(**tiny, over="max", q15=True),
        dsp.MFCC(**tiny, n_mfcc=1, over="mean"),
    )
    stump = DecisionTreeClassifier(max_depth=1)
    models = [emlearn.convert(make_pipeline(block, stump).fit(X, Y > 0)) for block in blocks]
    yield from plain([*models, emlearn.convert(blocks[0])])
    yield whole(models[0])
