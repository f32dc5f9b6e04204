"""A converted model: predicts as the device will, measures itself against its estimator, and saves itself."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import certificate as cert
from . import writers
from ._core import open_core
from ._cost import estimate
from ._features import as_core_input, as_raw, rows_on_thresholds
from .certificate import Certificate, Predictions
from .ir.document import Document, Golden, Tables
from .ir.features import MAX_GOLDEN_BYTES
from .scores import Scores
from .search import Search
from .writers import eml

MAX_CERTIFIED_GOLDEN = 8
N_FIRST_GOLDEN = 3
METHODS = ("loadable", "inline")


class Model(Scores):
    """A model that `convert` or `load` made.

    Predictions run in the C core that devices run, on the very bytes of the `.eml` file.

    Attributes
    ----------
    tables : Tables
        The model's arrays; of a tree ensemble also called `trees`.
    classes_ : ndarray, shape (n_classes,)
        Class labels, of the type they had in training. Classifiers only.
    n_features_in_ : int
    estimator : object or None
        What the model was converted from; `certify` compares with it. None after `load`.
    certificate : Certificate or None
        What `certify` measured last, or what the file said.
    search : Search or None
        What `convert(optimize=...)` has tried and chosen. None otherwise, and after `load`.
    golden : Golden or None
        Rows that `save` writes for the device's `selftest`.
    """

    def __init__(
        self,
        document: Document,
        *,
        classes: NDArray[Any] | None = None,
        estimator: Any = None,
        method: str = "loadable",
    ) -> None:
        self.tables: Any = document.tables
        self.golden: Golden | None = document.golden
        self.certificate = None if document.certificate is None else Certificate.from_json(document.certificate)
        self.search: Search | None = None
        self.estimator = estimator
        self.method = method
        self.n_features_in_ = self.tables.n_features
        if self.is_classifier:
            self.classes_ = _classes(self.tables) if classes is None else classes
        self.nbytes: int
        self.nbytes, self._core = self._open()

    def __repr__(self) -> str:
        return f"<emlearn.Model: {self.tables.summary}, {self.nbytes:,} bytes>"

    @property
    def is_classifier(self) -> bool:
        """Whether the model predicts classes, not values."""
        return bool(self.tables.n_classes > 0)

    @property
    def trees(self) -> Any:
        """The tables of a tree ensemble."""
        return self.tables

    @property
    def dtype(self) -> str:
        """What the model computes with: "float", "int16" or "int16 scaled"."""
        return str(self.tables.dtype_name)

    @property
    def leaf(self) -> str:
        """What leaves of trees hold: "hard", "counts", "weighted", "uint8", "value" or "sum"; "" without trees."""
        return str(self.tables.facts().get("leaf", ""))

    def predict(self, X: Any) -> NDArray[Any]:
        """Predict class labels, or values.

        Parameters
        ----------
        X : array-like, shape (n_rows, n_features)
            Raw features, as for the estimator; also for a model with scales.

        Returns
        -------
        ndarray, shape (n_rows,)
            Labels out of `classes_`, or float32 values; of several values a row, shape (n_rows, n_outputs).

        Raises
        ------
        ValueError
            If X has another shape, is not numeric, or has values that the model does not take.
        """
        core_input = self._input(X)
        if self.is_classifier:
            return np.asarray(self.classes_[self._core.classes(core_input)])
        return _values(self._core.outputs(core_input))

    def predict_proba(self, X: Any) -> NDArray[np.float32]:
        """Predict probabilities, of a mixture's components those of having made the row.

        Parameters
        ----------
        X : array-like, shape (n_rows, n_features)
            As for `predict`.

        Returns
        -------
        ndarray of float32, shape (n_rows, n_classes)
            In the order of `classes_`.

        Raises
        ------
        ValueError
            As `predict`; and for a model without probabilities.
        """
        self._check_probabilities()
        return np.asarray(self._core.outputs(self._input(X))[:, : self.tables.n_classes])

    def apply_steps(self, X: Any) -> NDArray[np.float32]:
        """Return what the model behind steps or blocks is asked about, for raw features or windows.

        Behind a PCA fitted in float64, boosted trees may be asked about integers, as the bits of these numbers: see
        docs/formats.md#pipeline.

        Parameters
        ----------
        X : array-like, shape (n_rows, n_features)
            As for `predict`.

        Returns
        -------
        ndarray of float32, shape (n_rows, n_columns)

        Raises
        ------
        ValueError
            As `predict`; and for a model without steps.
        """
        if self.tables.FAMILY not in ("features", "pipeline"):
            raise ValueError("this model has no steps: it takes the features as they are")
        return np.asarray(self._core.apply(self._input(X)))

    def certify(self, X: Any, y: Any = None, *, estimator: Any = None) -> Certificate:
        """Compare with the estimator on every row, and keep the result and some of the rows for `save`.

        The rows kept are the first, the worst, and some that have a feature exactly on a threshold: at most 8.

        Parameters
        ----------
        X : array-like, shape (n_rows, n_features)
        y : array-like, shape (n_rows,), optional
            True labels or values, for accuracy and AUC, or R2.
        estimator : object, optional
            The fitted estimator; needed after `load`, since files do not hold it.

        Raises
        ------
        ValueError
            If there is no estimator, or if X or y do not fit.
        """
        estimator = self.estimator if estimator is None else estimator
        if estimator is None:
            raise ValueError("a loaded model does not know its estimator; pass certify(X, y, estimator=...)")
        raw = self._raw(X)
        if len(raw) == 0:
            raise ValueError("X has no rows to compare on")
        before = {} if self.certificate is None else self.certificate.search
        self.certificate = cert.certify(
            self._reference(estimator),
            self._for_estimator(raw),
            None if y is None else np.asarray(y).reshape(-1),
            self.predictions(raw),
            classifier=self.is_classifier,
            dtype=self.dtype,
            leaf=self.leaf,
            nbytes=self.nbytes,
            instructions=self._estimated(raw),
        )
        searched = before if self.search is None else self.search.summary()
        self.certificate = replace(self.certificate, search=searched)
        chosen = [*range(min(N_FIRST_GOLDEN, len(raw))), self.certificate.worst_row]
        chosen += np.flatnonzero(rows_on_thresholds(raw, self.tables)).tolist()
        most = self._most_golden(raw, MAX_CERTIFIED_GOLDEN)
        self.golden = self.golden_of(raw[list(dict.fromkeys(chosen))[:most]])
        return self.certificate

    def predictions(self, raw: NDArray[Any]) -> Predictions:
        """Predict labels and outputs for raw features of the model's own dtype."""
        core_input = as_core_input(raw, self.tables)
        outputs = self._core.outputs(core_input)
        labels = self.classes_[self._core.classes(core_input)] if self.is_classifier else _values(outputs)
        return Predictions(labels, outputs)

    def golden_of(self, raw: NDArray[Any]) -> Golden:
        """Return these rows with their predictions, for the device to replay."""
        core_input = as_core_input(raw, self.tables)
        classes = self._core.classes(core_input) if self.is_classifier else np.zeros(len(raw), np.int32)
        return Golden(raw, classes.astype(np.uint32), self._core.outputs(core_input))

    def save(
        self,
        file: str | os.PathLike[str] | None = None,
        format: str | None = None,
        name: str | None = None,
        method: str | None = None,
    ) -> str | bytes:
        """Write the model to a file, and return what was written.

        Parameters
        ----------
        file : path, optional
            Nothing is written without it. An existing file is replaced in one step.
        format : {"csv", "eml", "c", "py"}, optional
            By default what the file's suffix says.
        name : str, optional
            Name of the model in C; by default that of the file without suffix, or "model".
        method : {"loadable", "inline"}, optional
            For C: data for the core, or code. By default what `convert` was told.

        Returns
        -------
        str or bytes
            Bytes for "eml".

        Raises
        ------
        ValueError
            If the format is unknown or missing, or the name is no C identifier.
        FileNotFoundError
            If the file's folder does not exist.
        """
        path = None if file is None else Path(file)
        if format is not None:
            chosen = writers.find(format)
        elif path is not None:
            chosen = writers.find_by_suffix(path.suffix)
        else:
            raise ValueError("pass file= or format=; without both there is nothing to do")
        self.check_format(chosen.name)
        method = self.method if method is None else method
        if method not in METHODS:
            raise ValueError(f"method={method!r} is unknown; use one of {', '.join(METHODS)}")
        if name is None:
            name = "model" if path is None else path.stem
        content = chosen.write(self.document(), name, method)
        if path is not None:
            write_file(path, content.encode() if isinstance(content, str) else content)
        return content

    def document(self) -> Document:
        """Return everything that a file of this model holds."""
        certificate = None if self.certificate is None else self.certificate.to_json()
        return Document(self.tables, self.golden, certificate)

    def info(self) -> dict[str, Any]:
        """Return facts about the model, by name: sizes in bytes, counts, labels."""
        tables = self.tables
        sections = {"header": eml.CONTAINER.size + len(eml.pack_header(tables))}
        sections |= {name: array.nbytes + -array.nbytes % 4 for name, array in eml.pack_arrays(tables).items()}
        whole = len(eml.write(self.document()))
        sections["trailers"] = whole - sum(sections.values())
        return {
            "family": tables.FAMILY,
            "task": "classification" if self.is_classifier else "regression",
            "dtype": self.dtype,
            **tables.facts(),
            "n_features": tables.n_features,
            "n_classes": tables.n_classes,
            "n_golden": 0 if self.golden is None else len(self.golden.features),
            "labels": self.classes_.tolist() if self.is_classifier else [],
            "bytes": sections,
            "nbytes": whole,
            "instructions": self._instructions(),
            "certificate": self.certificate,
        }

    def _instructions(self) -> dict[str, int]:
        """What the certificate says, else estimated for the golden rows: see `Certificate.instructions`."""
        if self.certificate is not None:
            return self.certificate.instructions
        if self.golden is None:
            return {}
        return self._estimated(self.golden.features)

    def check_format(self, name: str) -> None:
        """Raise ValueError unless the format holds such models; `writers` refuse what they cannot write themselves."""

    # What families of other files and inputs do in another way.

    def _open(self) -> tuple[int, Any]:
        """The size of the file without trailers, and its core."""
        file = eml.write(Document(replace(self.tables, labels=None)))
        return len(file), open_core(self.tables.FAMILY, file)

    def _raw(self, X: Any) -> NDArray[Any]:
        return as_raw(X, self.tables)

    def _for_estimator(self, raw: NDArray[Any]) -> NDArray[np.float32]:
        return raw.astype(np.float32)

    def _reference(self, estimator: Any) -> Any:
        """What has scikit-learn's methods, for what `_for_estimator` returns."""
        return estimator

    def _estimated(self, raw: NDArray[Any]) -> dict[str, int]:
        return estimate(self.tables, self._core, as_core_input(raw, self.tables))

    def _most_golden(self, raw: NDArray[Any], most: int) -> int:
        return min(most, max(1, MAX_GOLDEN_BYTES // raw[0].nbytes)) if self.tables.FAMILY == "features" else most


def _values(outputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Without the second dimension, as scikit-learn returns a single column."""
    return outputs[:, 0] if outputs.shape[1] == 1 else outputs


def _classes(tables: Tables) -> NDArray[Any]:
    """Labels of a loaded file: of integers, of text, or of objects where it has both."""
    labels = tuple(range(tables.n_classes)) if tables.labels is None else tables.labels
    if len({type(label) for label in labels}) == 1:
        return np.array(labels)
    classes = np.empty(len(labels), object)
    classes[:] = labels
    return classes


def write_file(path: Path, content: bytes) -> None:
    """Replace the file in one step, so that nobody ever reads half a model."""
    if not path.parent.is_dir():
        raise FileNotFoundError(f"the folder {path.parent} does not exist; create it first")
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
