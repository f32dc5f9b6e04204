"""Keras 3 on its NumPy back end without JAX, which has 380 MB.

That back end takes convolutions and pooling from `jax.lax`; here they are sums over the places of a kernel, by the
documentation of XLA's operations, and everything around them is Keras's own.
"""

from __future__ import annotations

import importlib.util
import itertools
import os
import sys
from functools import cache
from unittest.mock import MagicMock

import numpy as np


class _NoJax:
    def find_spec(self, name, path=None, target=None):
        return importlib.util.spec_from_loader(name, self) if name.split(".")[0] == "jax" else None

    def create_module(self, spec):
        module = MagicMock(name=spec.name)
        module.__path__ = []
        return module

    def exec_module(self, module):
        pass


@cache
def load():
    """Import Keras."""
    finder = _NoJax()
    os.environ["KERAS_BACKEND"] = "numpy"
    sys.meta_path.insert(0, finder)
    import keras
    from keras.src.backend.numpy import nn

    sys.meta_path.remove(finder)
    for name in [name for name in sys.modules if name.split(".")[0] == "jax"]:
        del sys.modules[name]
    nn.lax.max, nn.lax.add = np.maximum, np.add
    nn.lax.reduce_window = reduce_window
    nn.jax.lax.conv_general_dilated = conv_general_dilated
    return keras


def _places(size, kernel, stride, padding):
    """For each dimension: zeros before and after, and the number of windows."""
    found = []
    for n, k, s in zip(size, kernel, stride, strict=True):
        if padding.upper() == "VALID":
            found.append((0, 0, (n - k) // s + 1))
        else:
            outputs = -(-n // s)
            total = max((outputs - 1) * s + k - n, 0)
            found.append((total // 2, total - total // 2, outputs))
    return found


def _seen(x, kernel, stride, padding, outside):
    """For each place in the kernel: that place, and what all windows see there."""
    places = _places(x.shape, kernel, stride, padding)
    padded = np.pad(x, [(before, after) for before, after, _ in places], constant_values=outside)
    for offsets in itertools.product(*map(range, kernel)):
        cut = (slice(o, o + s * (n - 1) + 1, s) for o, s, (_, _, n) in zip(offsets, stride, places, strict=True))
        yield offsets, padded[tuple(cut)]


def reduce_window(x, initial, function, kernel, stride, padding):
    found = None
    for _, seen in _seen(np.asarray(x), kernel, stride, padding, initial):
        found = seen if found is None else function(found, seen)
    return found


def conv_general_dilated(
    x, kernel, stride, padding, *, rhs_dilation=None, dimension_numbers=None, feature_group_count=1
):
    """Channels last; kernel: [...][inputs of a group][outputs]."""
    x, kernel = np.asarray(x), np.asarray(kernel)
    if rhs_dilation is not None and max(np.ravel(rhs_dilation)) > 1:
        raise NotImplementedError("dilation")
    stride = (stride,) * (x.ndim - 2) if isinstance(stride, int) else tuple(stride)
    of_group, groups = kernel.shape[-2], feature_group_count
    outputs = kernel.shape[-1] // groups
    found = 0.0
    for (_, *at, _), seen in _seen(x, (1, *kernel.shape[:-2], 1), (1, *stride, 1), padding, 0.0):
        weights = kernel[tuple(at)]
        parts = [
            seen[..., g * of_group : (g + 1) * of_group] @ weights[:, g * outputs : (g + 1) * outputs]
            for g in range(groups)
        ]
        found = found + np.concatenate(parts, axis=-1)
    return found
