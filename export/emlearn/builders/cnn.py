"""From a `cnn.Source` to a `CnnModel`: float32, compared with what it was trained as, or int8 with a certificate."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..cnn_model import CnnModel, Taken, as_rows, as_taken
from ..errors import ConvertError
from ..ir.cnn import Network, Shape, Source
from ..ir.document import Document
from ..passes import cnn as passes
from ..passes.cnn_fold import fold, input_shift, scaled_input, shifted_input

MAX_ROWS = 1000  # of data that ranges are taken from and the certificate is measured on
N_PROBES = 16
TOLERANCE = 1e-5  # of the largest output; of probabilities, as it is


class Options(NamedTuple):
    """What `convert` was asked for.

    Attributes
    ----------
    dtype : str or None
        "float", "int8" or "auto"; None for int8 if there is data.
    data : tuple
        Rows, or None, and true labels, or None.
    max_loss : float
    return_type : str or None
    """

    dtype: str | None
    data: tuple[Any, Any]
    max_loss: float
    return_type: str | None


def build_cnn(source: Source, estimator: Any, options: Options) -> CnnModel:
    """Make the model of a convolutional network.

    Raises
    ------
    ConvertError
        If the network or an option is not supported, or the model does not agree with the estimator.
    """
    X, y = options.data
    shape = None if X is None else np.shape(X)[1:]
    network = source.read(shape)
    task = "classifier" if network.n_classes else "regressor"
    if options.return_type not in (None, task):
        raise ConvertError(f"return_type={options.return_type!r} does not fit: this network is a {task}")
    rows = None if X is None else _rows(X, _taken(network, source))
    dtype = options.dtype or ("float" if rows is None else "int8")
    if dtype not in ("float", "int8", "auto"):
        raise ConvertError(f"dtype={dtype!r} is not for convolutional networks; the nearest is 'int8'")
    if dtype == "int8" and rows is None:
        raise ConvertError("dtype='int8' takes ranges from data: pass rows like those to predict, convert(model, X)")
    if rows is None or dtype == "float":
        model = _float(network, source, estimator, rows)
        return model if rows is None else _certified(model, rows, y)
    model = _certified(_int8(network, source, estimator, rows), rows, y)
    assert model.certificate is not None
    if dtype == "auto" and model.certificate.agreement < 1.0 - options.max_loss:
        return _certified(_float(network, source, estimator, rows), rows, y)
    return model


def _taken(network: Network, source: Source, whole: bool = True, shift: float = 0.0, factor: float = 1.0) -> Taken:
    return Taken(network.input_shape, source.channels_first, source.n_dimensions, whole, shift, factor)


def _rows(X: Any, taken: Taken) -> NDArray[Any]:
    """All rows of the data, channels last, of uint8 or float64."""
    try:
        rows = as_rows(X, taken)
    except ValueError as error:
        raise ConvertError(f"data=: {error}") from error
    if len(rows) == 0:
        raise ConvertError("data= has no rows")
    if not np.all(np.isfinite(rows)):
        raise ConvertError("data= has NaN or infinite values; leave these rows out")
    return rows if rows.dtype == np.uint8 else rows.astype(np.float64)


def _some(n: int) -> NDArray[np.int64]:
    """At most MAX_ROWS of n rows, evenly among them."""
    return np.unique(np.linspace(0, n - 1, min(n, MAX_ROWS)).astype(np.int64))


def _certified(model: CnnModel, rows: NDArray[Any], y: Any) -> CnnModel:
    """With a certificate: `rows` have channels last."""
    some = _some(len(rows))
    labels = None if y is None else np.asarray(y).reshape(-1)
    if labels is not None and len(labels) != len(rows):
        raise ConvertError(f"data= has {len(labels)} labels for {len(rows)} rows")
    model.certify(rows[some], None if labels is None else labels[some])
    return model


def _int8(network: Network, source: Source, estimator: Any, rows: NDArray[Any]) -> CnnModel:
    some = rows[_some(len(rows))]
    folded, scale = fold(network), passes.byte_scale(rows)
    shift = input_shift(folded)
    input_q, shift = passes.input_quantisation(rows, scale, shift)
    if shift:
        folded = shifted_input(folded, shift)
    tables = _tables(passes.to_int8, folded, some.reshape(-1, *network.input_shape) + shift, input_q)
    taken = _taken(network, source, scale is not None, shift)
    return CnnModel(Document(tables), estimator=estimator, taken=taken)


def _float(network: Network, source: Source, estimator: Any, rows: NDArray[Any] | None) -> CnnModel:
    if rows is None:
        whole = _scales_bytes(network)  # numbers from 0 to 255 then, and otherwise what it will be
        unit = 255.0 if whole else 1.0
    else:
        unit = 255.0 if passes.byte_scale(rows) == 1.0 else 1.0
    folded = fold(scaled_input(network, unit) if unit != 1.0 else network)
    tables = _tables(passes.to_float32, folded)
    known = rows is None or passes.byte_scale(rows) is not None
    taken = _taken(network, source, known, 0.0, 1.0 / unit)
    model = CnnModel(Document(tables), estimator=estimator, taken=taken)
    probes = np.random.default_rng(0).uniform(size=(N_PROBES, network.n_features)) * unit
    if rows is not None:
        probes = np.concatenate((probes * max(float(np.max(np.abs(rows))) / unit, 2.0**-60), rows[:N_PROBES]))
    compared = probes.astype(np.float32)
    _check_close(model, source, network.input_shape, compared)
    raw = model._raw(compared)
    model.golden = model.golden_of(raw[-model._most_golden(raw, 4) :])
    return model


def _scales_bytes(network: Network) -> bool:
    """Whether the input is first divided by about 255 or its half."""
    first = network.layers[0]
    return first.is_weighted and first.is_affine and bool(np.all(np.abs(first.parameters[0]) * 127 <= 1.0))


def _tables(make: Any, *arguments: Any) -> Any:
    try:
        return make(*arguments)
    except ConvertError:
        raise
    except ValueError as error:
        raise ConvertError(f"this network does not fit the format: {error}") from error


def _check_close(model: CnnModel, source: Source, shape: Shape, probes: NDArray[np.float32]) -> None:
    """Refuse a model of float32 whose outputs are off."""
    before = source.outputs(as_taken(probes, shape, source))
    after = model._core.run(model._raw(probes))
    before = before.reshape(len(probes), -1)
    if before.shape != after.shape:
        raise ConvertError(f"the network has {before.shape[1]} outputs, the model {after.shape[1]}")
    scale = 1.0 if model.tables.n_classes else float(np.max(np.abs(before), initial=0.0))
    errors = np.max(np.abs(before - after), axis=1)
    if np.any(~(errors <= TOLERANCE * scale)):
        row = int(np.argmax(errors))
        raise ConvertError(
            f"the converted model disagrees with the network on {int(np.sum(errors > TOLERANCE * scale))} of "
            f"{len(probes)} rows, by up to {float(errors[row]):.3g}: a defect of emlearn, please report it"
        )
