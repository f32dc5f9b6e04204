"""From a fitted estimator to a `Model`, and from a file to one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from . import converters, readers
from ._convert_file import convert_file
from ._features import as_table
from ._registry import find
from .builders import Options, build, cnn
from .cnn_model import CnnModel
from .errors import ConvertError
from .ir.cnn import Source
from .ir.features import Featured
from .ir.pipeline import Staged
from .ir.trees import Ensemble
from .model import METHODS, Model
from .search import Wanted

__all__ = ["convert", "converters", "load"]

DTYPES = {None: "float", "float": "float", "float32": "float", "int16": "int16", "int16_t": "int16", "auto": "auto"}
DTYPES |= {"int8": "int8", "int8_t": "int8"}
LEAVES = ("exact", "uint8", "byte", "hard")
LAYOUTS = (None, "packed", "packed8")
LEAF_BITS = {0: "hard", 8: "uint8"}


def convert(
    estimator: Any,
    kind: Any = None,
    method: str | None = "loadable",
    dtype: str | None = None,
    return_type: str | None = None,
    *,
    leaf: str = "exact",
    leaf_bits: int | None = None,
    data: Any = None,
    max_loss: float = 0.0,
    scale: bool | None = None,
    optimize: str | None = None,
    metric: Any = "roc_auc",
    seed: int = 0,
    progress: bool | None = None,
    layout: str | None = None,
) -> Model:
    """Convert a fitted estimator into a model for the device.

    By default the conversion is exact: the same class for every row of float32 features, probabilities within 1e-6,
    regression within 1e-6 of the largest value; where trees are summed, within 1e-5. It checks itself on rows that lie
    on and beside the model's own thresholds.

    Parameters
    ----------
    estimator : object, or path
        Path of a .tflite file of TensorFlow Lite, quantised to int8; or fitted:
        a decision tree, random forest, extra trees, bagged trees, gradient boosting, histogram gradient
        boosting, AdaBoost, isolation forest, linear model, support vector machine, nearest neighbours, multi-layer
        perceptron, Gaussian naive Bayes, quadratic discriminant analysis, Gaussian mixture or elliptic envelope of
        scikit-learn, a model of XGBoost or LightGBM, a chain of dense layers of Keras 3 or PyTorch, or a Pipeline of
        scalers, PCA, feature selection, SimpleImputer, OrdinalEncoder and `preprocessing.Quantizer` before one of
        them: the model takes raw features. In front of all of these may be transformers of windows, such as
        `dsp.Statistics`, or a FeatureUnion of them; without a model, their columns are what the file predicts. The
        model keeps a reference to it, for `Model.certify`.
    kind : str or array-like, optional
        Name of the supported class to treat it as, for classes that only look like one. Anything else is `data`.
    method : {"loadable", "inline"}
        What `Model.save` writes for C: data for the core, or code.
    dtype : {"float", "int16", "int8", "auto"}, optional
        What features are compared as. "float" (default) is exact. "int16" is smaller and faster: exact and without
        scales for features that are integers, which the data or else the thresholds tell; otherwise each feature
        gets a scale by a power of two, and `data` settle what it makes equal to a threshold: with them many times
        fewer rows change their side. Of networks, what weights are: "int16" and "int8" take a half and a quarter of
        the memory and round. "auto" takes the smallest that loses no more than `max_loss` on `data`, and float
        without data. "int16_t", "int8_t" and "float32" are other names. Of convolutional networks "int8", the default
        if there is data, or "float".
    return_type : {"classifier", "regressor"}, optional
        What the estimator is; anything else is refused.
    leaf : {"exact", "uint8", "byte", "hard"}
        What leaves hold, for classifiers. "uint8" rounds proportions to 1/255. "byte" takes half the memory for up to
        32 classes: a proportion is one of 8 (of 2 classes 128) squares, which are denser near 0. "hard" keeps the most
        frequent class only.
    leaf_bits : {0, 8}, optional
        emlearn's name for `leaf`: 0 is "hard", 8 is "uint8".
    data : array-like or (X, y), optional
        Rows like those to predict. Of convolutional networks, images of the shape that the network takes, of uint8 or
        floats: ranges of int8 come from them, and the certificate, both from at most 1,000 evenly among them.
    max_loss : float
        For "auto": the part of the rows of `data` that may get another prediction. For `optimize`: how much of the
        metric may be lost.
    scale : bool, optional
        For "int16": False takes features as they are, integers; True scales them. Decided as said above by default.
    optimize : {"size", "speed"}, optional
        For trees that vote (decision trees, forests, extra trees, bagging): the smallest model, or the one of the
        fewest estimated instructions, whose `metric` on `data`, which then is (X, y) of rows that were not trained on,
        is at most `max_loss` below the exact model's, by a margin for chance. It prunes, shares leaves, and rounds
        thresholds; `dtype` and `leaf`, if given, are kept to. `Model.search` has everything that was tried.
    metric : str or callable
        Of `optimize`: "roc_auc" (of several classes the mean of one against the rest), "accuracy", "neg_log_loss", the
        name of a scorer of scikit-learn, or a function of (y, probabilities). The greater the better.
    seed : int
        Of `optimize`: the same for the same model.
    progress : bool, optional
        Of `optimize`: whether to show it on stderr; by default on a terminal.
    layout : {"packed", "packed8"}, optional
        Of trees that are not summed: nodes of 6 or 8 bytes ("packed", the default), or of 4 bytes, whose thresholds
        lie in tables ("packed8"). That loses nothing, is smaller where thresholds repeat, and takes more instructions;
        the module `emltrees_packed8` runs it. `optimize` tries both.

    Returns
    -------
    Model

    Raises
    ------
    ConvertError
        If the estimator is not supported or not fitted, or an option means nothing for it. The message says what to
        do.

    Notes
    -----
    scikit-learn refuses infinite features when it predicts; the device orders them. A forest with `n_jobs` above 1
    sums votes in the order in which its threads end, so that its own exact ties vary from call to call: the model is
    equal to it with one job.
    """
    if kind is not None and not isinstance(kind, str):
        if data is not None:
            raise ConvertError("rows were passed both as the second argument and as data=; pass them once")
        kind, data = None, kind
    if isinstance(estimator, (str, os.PathLike)):
        return convert_file(Path(estimator), dtype, data)
    source = find(estimator, kind)(estimator)
    method = METHODS[0] if method is None else method
    if method not in METHODS:
        raise ConvertError(f"method={method!r} is unknown; use one of {', '.join(METHODS)}")
    if layout not in LAYOUTS:
        raise ConvertError(f"layout={layout!r} is unknown; use 'packed' or 'packed8'")
    if optimize is not None:
        given = None if dtype is None else DTYPES.get(dtype, dtype)
        chosen = None if leaf == "exact" and leaf_bits is None else _leaf(leaf, leaf_bits, True)
        wanted = Wanted(optimize, max_loss, metric, given, scale, chosen, seed, progress, layout)
        return _smaller(source, estimator, method, wanted, data, return_type)
    if dtype not in DTYPES:
        raise ConvertError(f"dtype={dtype!r} is unknown; use 'float', 'int16', 'int8' or 'auto'")
    if not 0.0 <= max_loss <= 1.0:
        raise ConvertError(f"max_loss={max_loss!r} is not a part of the rows, from 0.0 to 1.0")
    if isinstance(source, Source):
        if (leaf, leaf_bits, scale, method, layout) != ("exact", None, None, METHODS[0], None):
            raise ConvertError(
                "leaf=, leaf_bits=, scale=, layout= and method= mean nothing for networks; leave them out"
            )
        rows = data if isinstance(data, tuple) and len(data) == 2 else (data, None)
        return cnn.build_cnn(source, estimator, cnn.Options(dtype and DTYPES[dtype], rows, max_loss, return_type))
    task = "classifier" if source.n_classes else "regressor"
    if return_type not in (None, task):
        raise ConvertError(f"return_type={return_type!r} does not fit: {type(estimator).__name__} is a {task}")
    trees = source
    while isinstance(trees, (Featured, Staged)):
        trees = trees.source
    if layout is not None and not isinstance(trees, Ensemble):
        raise ConvertError(f"layout= is for trees, not for {type(estimator).__name__}; leave it out")
    summed = isinstance(trees, Ensemble) and trees.link is not None
    options = Options(
        method=method,
        dtype=DTYPES[dtype],
        leaf=_leaf(leaf, leaf_bits, bool(source.n_classes) and not summed),
        scale=scale,
        table=_table(data, source.n_features),
        max_loss=max_loss,
        layout=layout,
    )
    if options.dtype == "float" and scale is not None:
        raise ConvertError("scale= goes with dtype='int16' or 'auto'; for dtype='float' leave it out")
    return build(source, estimator, options)


def load(file: str | os.PathLike[str]) -> Model:
    """Load a model from an `.eml`, `.tmdl` or CSV file, or from a CSV file of emlearn.

    Raises
    ------
    ValueError
        If the file is no model or is damaged; the message says where.
    """
    document = readers.read(Path(file).read_bytes())
    return CnnModel(document) if document.tables.FAMILY == "cnn" else Model(document)


def _smaller(source: Any, estimator: Any, method: str, wanted: Wanted, data: Any, return_type: str | None) -> Model:
    from .builders.smaller import build_smaller

    if return_type not in (None, "classifier"):
        raise ConvertError(f"return_type={return_type!r} does not fit: optimize= is for classifiers")
    rows = _table(data, source.n_features) if isinstance(source, Ensemble) else None
    y = data[1] if isinstance(data, tuple) and len(data) == 2 else None
    return build_smaller(source, estimator, method, wanted, rows, y)


def _table(data: Any, n_features: int) -> NDArray[Any] | None:
    if data is None:
        return None
    X = data[0] if isinstance(data, tuple) and len(data) == 2 else data
    try:
        table = as_table(X, n_features)
    except ValueError as error:
        raise ConvertError(f"data=: {error}") from error
    if len(table) == 0:
        raise ConvertError("data= has no rows")
    return table


def _leaf(leaf: str, leaf_bits: int | None, classifier: bool) -> str:
    if leaf not in LEAVES:
        raise ConvertError(f"leaf={leaf!r} is unknown; use one of {', '.join(LEAVES)}")
    if leaf_bits is not None and not (leaf_bits == 32 and not classifier):
        if leaf_bits not in LEAF_BITS:
            nearest = min(LEAF_BITS, key=lambda bits: abs(bits - leaf_bits))
            raise ConvertError(
                f"leaf_bits={leaf_bits!r} is unknown; the nearest is {nearest} (leaf={LEAF_BITS[nearest]!r})"
            )
        if leaf not in ("exact", LEAF_BITS[leaf_bits]):
            raise ConvertError(f"leaf={leaf!r} and leaf_bits={leaf_bits} contradict each other; pass one of them")
        leaf = LEAF_BITS[leaf_bits]
    if not classifier and leaf != "exact":
        raise ConvertError(f"leaf={leaf!r} is for votes of classes; this model's leaves are values: leave it out")
    return leaf
