"""Tables that say themselves how a file holds them: a new family declares fields, and every writer and reader knows it.

A family is a frozen dataclass derived from `Schema`. Its fields are numbers of the header (`number`) and arrays
(`array`), in the order of the file and of the C struct, whose names they bear.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from .document import Label, Output, check_labels

CODES = {"u1": "B", "i1": "b", "u2": "H", "i2": "h", "u4": "I", "i4": "i", "f4": "f"}
MAX_COUNT = 1 << 25  # elements of an array, which stay below: keeps sizes within 32 bits on a device


class Number(NamedTuple):
    """A number of the header."""

    name: str
    dtype: str


class Array(NamedTuple):
    """An array: each dimension is a number of the header, one more (``"n_features+1"``), or `Schema.derived`."""

    name: str
    dtype: str
    shape: tuple[str, ...]


# How the header of every family but trees begins: eml_head_t. `kind` is the family's own, under a name of its own.
_HEAD = (Number("n_features", "u2"), Number("n_classes", "u2"), Number("n_outputs", "u2"), Number("output", "u1"))
_SIZE = Number("size", "u4")

S = TypeVar("S", bound="Schema")
SCHEMAS: dict[int, type[Schema]] = {}  # by number of the family


def number(dtype: str, **options: Any) -> Any:
    """Declare a number of the header. The first one of a family is its kind, a u1; 4 bytes more make a whole word."""
    return field(metadata={"number": dtype}, **options)


def array(dtype: str, *shape: str) -> Any:
    """Declare an array of such a shape."""
    return field(metadata={"array": (dtype, shape)})


@dataclass(frozen=True, eq=False, kw_only=True)
class Schema:
    """The base of families that declare their fields.

    Raises ValueError when made from numbers and arrays that the device would refuse.

    Attributes
    ----------
    n_features : int
    n_classes : int
        0 for regression.
    labels : tuple of int or str, optional
        Absent when the labels are 0, 1, 2...
    """

    FAMILY: ClassVar[str]
    NUMBER: ClassVar[int]

    n_features: int
    n_classes: int
    labels: tuple[Label, ...] | None = None

    def __init_subclass__(cls) -> None:
        if not hasattr(cls, "NUMBER"):
            return  # what several families share
        if SCHEMAS.setdefault(cls.NUMBER, cls).__qualname__ != cls.__qualname__:
            raise ValueError(f"family {cls.NUMBER} is {SCHEMAS[cls.NUMBER].FAMILY} already")

    def __post_init__(self) -> None:
        for entry in self.numbers():
            value = getattr(self, entry.name)
            limits = np.iinfo(entry.dtype)
            if not limits.min <= value <= limits.max:
                raise ValueError(f"{entry.name} is {value}, not {limits.min}..{limits.max}")
        if self.n_features < 1:
            raise ValueError("there are no features")
        for each in self.arrays():
            content = getattr(self, each.name)
            expected = shape_of(each, lambda name: int(getattr(self, name)))
            if content.shape != expected or content.dtype != np.dtype(each.dtype):
                raise ValueError(f"{each.name} is {content.dtype} of shape {content.shape}, not {expected}")
        check_labels(self.labels, self.n_classes)
        self.validate()

    def validate(self) -> None:
        """Raise ValueError unless the device would accept what the fields hold."""

    @classmethod
    def numbers(cls) -> tuple[Number, ...]:
        """Return the numbers of the header, in its order."""
        own = [Number(f.name, f.metadata["number"]) for f in fields(cls) if "number" in f.metadata]
        return (*_HEAD, own[0], _SIZE, *own[1:])

    @classmethod
    def arrays(cls) -> tuple[Array, ...]:
        """Return the arrays, in the order of the file."""
        return tuple(Array(f.name, *f.metadata["array"]) for f in fields(cls) if "array" in f.metadata)

    @classmethod
    def header(cls) -> struct.Struct:
        """Return the layout of the header."""
        return struct.Struct("<" + "".join(CODES[entry.dtype] for entry in cls.numbers()))

    @property
    def size(self) -> int:
        """Bytes of header and arrays, as in the file."""
        sizes = (getattr(self, each.name).nbytes for each in self.arrays())
        return self.header().size + sum(int(size + -size % 4) for size in sizes)

    @property
    def n_outputs(self) -> int:
        """Number of outputs: classes, unless the family says something else."""
        return self.n_classes or 1

    @property
    def output(self) -> Output:
        """What the outputs are."""
        return Output.PROBABILITIES if self.n_classes else Output.VALUES

    @property
    def typecode(self) -> str:
        """Of the raw features."""
        return "f"

    @property
    def dtype_name(self) -> str:
        """What the model computes with, in words."""
        return "float"

    @property
    def summary(self) -> str:
        """The model in a few words."""
        task = f"{self.n_classes} classes" if self.n_classes else "regression"
        return f"{self.FAMILY} model, {self.n_features} features, {task}, {self.output.name.lower().replace('_', ' ')}"

    def facts(self) -> dict[str, Any]:
        """Return facts about the model that only its family has, by name."""
        return {"output": self.output.name.lower().replace("_", " ")}

    @classmethod
    def derived(cls, numbers: Mapping[str, int]) -> dict[str, int]:
        """Return dimensions that are no numbers of the header but follow from these; the tables have them as well."""
        return {}

    @classmethod
    def from_parts(cls: type[S], numbers: dict[str, int], take: Callable[[Array, int], NDArray[Any]]) -> S:
        """Make the tables from the header's numbers and a function that reads an array of so many elements.

        Raises
        ------
        ValueError
            If something is inconsistent or out of range.
        """
        own = {f.name for f in fields(cls)}
        dimensions = numbers | cls.derived(numbers)
        parts: dict[str, Any] = {name: value for name, value in numbers.items() if name in own}
        for each in cls.arrays():
            shape = shape_of(each, dimensions.__getitem__)
            count = int(np.prod(shape, dtype=object))
            if count >= MAX_COUNT:
                raise ValueError(f"{each.name} has {count} elements")
            parts[each.name] = take(each, count).reshape(shape)
        made = cls(**parts)
        for name, value in numbers.items():
            if getattr(made, name) != value:
                raise ValueError(f"{name} is {value}, but the rest of the model says {getattr(made, name)}")
        return made


def shape_of(each: Array, value: Callable[[str], int]) -> tuple[int, ...]:
    """Return the shape, with `value` telling the header's numbers."""
    dimensions = (text.partition("+") for text in each.shape)
    return tuple(value(name) + int(more or 0) for name, _, more in dimensions)
