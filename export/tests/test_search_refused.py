"""What `convert(optimize=...)` refuses, and what it says to do instead."""

from __future__ import annotations

import math

import numpy as np
import pytest
from searched import fitted
from sklearn import linear_model
from sklearn.decomposition import PCA
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier, RandomForestRegressor
from sklearn.pipeline import make_pipeline
from support import data

import emlearn
from emlearn import ConvertError


def regression():
    return RandomForestRegressor(3, random_state=0).fit(*data("diabetes"))


def boosted():
    return GradientBoostingClassifier(n_estimators=3, random_state=0).fit(*data("wine"))


def behind_steps():
    return make_pipeline(PCA(3), RandomForestClassifier(3, random_state=0)).fit(*data("wine"))


@pytest.mark.parametrize(
    "make, options, message",
    [
        (regression, {"data": data("diabetes")}, "for classifiers; for RandomForestRegressor choose dtype='int16'"),
        (boosted, {}, "trees that vote; GradientBoostingClassifier adds them up: choose dtype='int16'"),
        (lambda: linear_model.RidgeClassifier().fit(*data("wine")), {}, "not for RidgeClassifier"),
        (behind_steps, {}, "for forests and trees of classes, not for Pipeline"),
        (fitted, {"optimize": "sice"}, "optimize='sice' is unknown; use 'size' or 'speed'"),
        (fitted, {"data": None}, r"pass data=\(X, y\), rows that were not trained on"),
        (fitted, {"data": data("wine")[0]}, r"pass data=\(X, y\)"),
        (fitted, {"data": (data("wine")[0], data("wine")[1][:9])}, "y has 9 labels for 178 rows"),
        (fitted, {"data": (data("wine")[0][:9], np.zeros(9, int))}, "rows of one class only"),
        (fitted, {"data": (data("wine")[0], data("wine")[1] + 5)}, "label .*5.* in row 0 is no class"),
        (fitted, {"data": (data("wine")[0], ["red"] * 178)}, "is no class of|not of the estimator's kind"),
        (fitted, {"metric": "roc"}, "metric='roc' is unknown; use 'roc_auc', 'accuracy'"),
        (fitted, {"metric": lambda y, p: math.nan}, "is nan for data="),
        (fitted, {"max_loss": -0.1}, "max_loss=-0.1"),
        (fitted, {"dtype": "int4"}, "dtype='int4' is not for trees"),
        (fitted, {"return_type": "regressor"}, "optimize= is for classifiers"),
        (fitted, {"dtype": "int8"}, "dtype='int8' is not for trees"),
        (fitted, {"leaf": "hard", "max_loss": 0.0, "metric": "neg_log_loss"}, "no variant is within"),
    ],
)  # fmt: skip
def test_what_is_refused(make, options, message):
    with pytest.raises(ConvertError, match=message):
        estimator = make()
        if "no variant" in message:  # leaves that are not pure
            estimator = RandomForestClassifier(3, max_depth=2, random_state=0).fit(*data("wine"))
        emlearn.convert(estimator, **{"optimize": "size", "max_loss": 0.1, "data": data("wine"), **options})
