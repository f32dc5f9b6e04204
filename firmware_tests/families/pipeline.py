"""Pipelines whose transformers are steps in the file, in emlpipeline."""

from __future__ import annotations

import numpy as np
from emlearn.preprocessing import Quantizer
from sklearn.decomposition import PCA
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OrdinalEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

import emlearn

from ._data import data, holed, plain, whole


def pipeline(name, *steps, rounds=None, missing=None):
    """The rows, and NaN or a number here and there where that is what an imputer takes."""
    X, y = data(name)
    X = X if rounds is None else np.rint(X * rounds)
    X = X if missing is None else holed(X, 0.1, missing)
    return emlearn.convert(make_pipeline(*steps).fit(X[::3].astype(np.float64), y[::3])), np.ascontiguousarray(X[1::5])


CODES = {"handle_unknown": "use_encoded_value", "unknown_value": -1}
MODELS = {
    "pipeline_trees": lambda: pipeline("wine", StandardScaler(), PCA(4), RandomForestClassifier(5, random_state=0)),
    "pipeline_integers": lambda: pipeline(
        "wine", StandardScaler(), PCA(4), HistGradientBoostingClassifier(max_iter=3, random_state=0)
    ),
    "pipeline_sums": lambda: pipeline(
        "iris", OrdinalEncoder(**CODES), GradientBoostingClassifier(n_estimators=4, random_state=0), rounds=2
    ),
    "pipeline_neighbors": lambda: pipeline(
        "wine", SimpleImputer(), MinMaxScaler(clip=True), KNeighborsClassifier(4), missing=np.nan
    ),
    "pipeline_linear": lambda: pipeline(
        "wine", SimpleImputer(missing_values=-1), StandardScaler(), LogisticRegression(), missing=-1
    ),
    "pipeline_dense": lambda: pipeline(
        "diabetes", Quantizer("int8"), MLPRegressor(hidden_layer_sizes=(5,), max_iter=50, random_state=0)
    ),
}
BEHIND = {
    "pipeline_trees": "trees",
    "pipeline_integers": "trees",
    "pipeline_sums": "trees",
    "pipeline_neighbors": "neighbors",
    "pipeline_linear": "linear",
    "pipeline_dense": "net",
    "corrupt_pipeline": "trees",
}
SMALL = ("pipeline_linear", "pipeline_trees")


def corrupt():
    X, y = data("iris")
    X = np.rint(X)
    steps = ([PCA(2)], [SimpleImputer(missing_values=-1), OrdinalEncoder(**CODES)], [Quantizer(), PCA(1)])
    models = [emlearn.convert(make_pipeline(*chain, DecisionTreeClassifier(max_depth=1)).fit(X, y)) for chain in steps]
    yield from plain(models)
    yield whole(models[0])
