"""What is asked of a search, and what it has found."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .._cost_table import COSTS as BOARDS
from .._size import Size
from .variants import Kind

# Standard errors of the difference to the exact model's score by which a variant must stay within the bound. How often
# models then kept it on data that they had not been chosen by: docs/design.md.
MARGIN = 1.645
N_LISTED = 4  # variants in the short form, which boards have to carry


@dataclass(frozen=True)
class Tried:
    """A variant and how it did.

    Attributes
    ----------
    kind : Kind
    size : Size
    nbytes : int
        Of its `.eml` file without trailers: size.eml.
    score : float
        On the validation data, the greater the better.
    loss : float
        How much less that is than the exact model's.
    error : float
        The standard error of the loss, with a share of how far probabilities moved; NaN where nobody needed to know.
    expected : float
        The loss if the exact model's probabilities were true; NaN as well.
    instructions : dict of str to int
        Estimated for a `predict`, by architecture; empty where nobody has measured such models.
    """

    kind: Kind
    size: Size
    score: float
    loss: float
    error: float
    expected: float
    instructions: dict[str, int] = field(default_factory=dict)

    @property
    def largest_loss(self) -> float:
        """What may be lost on other rows, by MARGIN standard errors.

        What a variant gains may be chance, and is no reserve: labels are few, so that probabilities are asked as well.
        """
        return max(self.loss, 0.0 if math.isnan(self.expected) else self.expected, 0.0) + MARGIN * self.error

    @property
    def nbytes(self) -> int:
        """Bytes of the file."""
        return self.size.eml


@dataclass(frozen=True)
class Search:
    """What a search has found.

    Attributes
    ----------
    purpose : {"size", "speed"}
    metric : str
    max_loss, margin : float
        The bound, and the standard errors that a variant had to stay away from it.
    rows, seed : int
    score : float
        Of the exact model.
    chosen : Tried
    tried : tuple of Tried
    """

    purpose: str
    metric: str
    max_loss: float
    margin: float
    rows: int
    seed: int
    score: float
    chosen: Tried
    tried: tuple[Tried, ...]

    def summary(self) -> dict[str, Any]:
        """Return the short form that files hold: the choice, and the best of what was tried at other sizes."""
        front = pareto_front(self.tried)
        step = max(1, math.ceil(len(front) / N_LISTED))
        return {
            "optimize": self.purpose,
            "metric": self.metric,
            "max_loss": self.max_loss,
            "margin": self.margin,
            "rows": self.rows,
            "seed": self.seed,
            "before": round(self.score, 6),
            "after": round(self.chosen.score, 6),
            "error": round(self.chosen.error, 6),
            "chosen": str(self.chosen.kind),
            "nbytes": self.chosen.nbytes,
            "tried": len(self.tried),
            "front": [[str(each.kind), each.nbytes, round(each.score, 6)] for each in front[::step]],
        }


def pareto_front(tried: Iterable[Tried]) -> list[Tried]:
    """Return those that no smaller one equals, from the smallest on."""
    front: list[Tried] = []
    for each in sorted(tried, key=lambda t: (t.nbytes, -t.score)):
        if not front or each.score > front[-1].score:
            front.append(each)
    return front


def cost_of(each: Tried, purpose: str) -> float:
    """Return what is to be small: bytes, or the geometric mean of the instructions on boards; infinity if unknown."""
    if purpose == "size":
        return float(each.nbytes)
    counts = [each.instructions.get(board, math.inf) for board in BOARDS]
    return math.exp(sum(math.log(max(count, 1)) for count in counts) / len(counts))


@dataclass(frozen=True)
class Wanted:
    """What is asked of a search.

    Attributes
    ----------
    purpose : {"size", "speed"}
    max_loss : float
        The bound.
    metric : str or callable
        See `metrics.find`.
    dtype : {"float", "int16"}, optional
        The only one to try; "auto" is the same as none.
    scale : bool, optional
        For int16: whether features are scaled; None decides by the data.
    leaf : str, optional
        The only one of LEAVES to try.
    layout : {"packed", "packed8"}, optional
        The only one to try.
    seed : int
    progress : bool, optional
        Whether to show it on stderr; None does on a terminal.
    """

    purpose: str = "size"
    max_loss: float = 0.0
    metric: Any = "roc_auc"
    dtype: str | None = None
    scale: bool | None = None
    leaf: str | None = None
    seed: int = 0
    progress: bool | None = None
    layout: str | None = None
