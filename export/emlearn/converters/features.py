"""Transformers of windows, `emlearn.dsp.Statistics` and the others, alone or first in a Pipeline -> blocks."""

from __future__ import annotations

from typing import Any

from .._registry import converts
from ..errors import ConvertError
from ..ir.features import Featured
from .common import check_fitted

__all__ = ["featured", "is_features"]


def is_features(step: Any) -> bool:
    """Tell whether a step takes windows: a transformer of `emlearn.dsp`, or a FeatureUnion that holds one."""
    if hasattr(step, "transformer_list"):
        return any(is_features(part) for _, part in step.transformer_list)
    return hasattr(step, "eml_words")


def featured(steps: list[Any], rest: Any) -> Featured:
    """Return the blocks of the first step, and the model behind it.

    Parameters
    ----------
    steps : list
        All steps of a Pipeline.
    rest : object or None
        A Pipeline of the others.

    Raises
    ------
    ConvertError
        If a transformer is not supported, or not fitted.
    """
    from .pipeline import convert_pipeline

    parts = _parts(steps[0])
    if not parts:
        raise ConvertError("this FeatureUnion drops all of its transformers")
    first = parts[0]
    source = None if rest is None else convert_pipeline(rest)
    return Featured(
        n_features=int(first.n_features_in_),
        blocks=[part.eml_words() for part in parts],
        typecode="h" if all(part.typecode_ == "h" for part in parts) else "f",
        source=source,
        front=steps[:1],
        behind=steps[1:],
        windows=first.windows_,
    )


def _parts(step: Any) -> list[Any]:
    if not hasattr(step, "transformer_list"):
        if not hasattr(step, "eml_words"):
            name = step if isinstance(step, str) else type(step).__name__
            raise ConvertError(
                f"{name} beside transformers of windows is not supported in a FeatureUnion; supported: Statistics, "
                "Spectrum, MelSpectrogram, MFCC of emlearn.dsp"
            )
        check_fitted(step, "windows_")
        return [step]
    if step.transformer_weights is not None:
        raise ConvertError("FeatureUnion(transformer_weights=...) is not supported; put a scaler after it")
    found = list[Any]()
    for _, part in step.transformer_list:
        found += [] if isinstance(part, str) and part == "drop" else _parts(part)
    return found


@converts("emlearn.dsp.Statistics", "emlearn.dsp.Spectrum", "emlearn.dsp.MelSpectrogram", "emlearn.dsp.MFCC")
@converts("sklearn.pipeline.FeatureUnion")
def convert_features(transformer: Any) -> Featured:
    """Convert transformers of windows without a model: the outputs are their columns."""
    return featured([transformer], None)
