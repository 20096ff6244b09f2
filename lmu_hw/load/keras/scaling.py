# SPDX-License-Identifier: Apache-2.0
"""Keras layers that scale and move features by constants: they fold into their neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import LoadError
from lmu_hw.load.check import must
from lmu_hw.load.keras.graph import LayerNode
from lmu_hw.load.keras.layouts import Variables
from lmu_hw.load.keras.options import IGNORED

__all__ = ["normalization", "rescaling"]

Array = NDArray[np.float64]

_EPSILON = 1e-7  # least standard deviation that Keras divides by
_VARIABLES = ("mean", "variance", "count")


def rescaling(node: LayerNode, *, inputs: int | None) -> tuple[Array, Array]:
    """Return scale and shift, (features,), of ``y = scale x + offset``."""
    options = node.options
    scale = _numbers(node, "scale", options.get("scale"), inputs)
    shift = _numbers(node, "offset", options.get("offset", 0.0), inputs)
    options.finish(ignored=IGNORED, off_is_fine=True)
    return scale, shift


def normalization(
    node: LayerNode, variables: Variables, *, inputs: int | None, axes: int
) -> tuple[Array, Array]:
    """Return scale and shift of ``y = (x - mean) / max(sqrt(variance), 1e-7)``, or its inverse."""
    options, where = node.options, node.where
    axis = options.get("axis", -1)
    if axis not in (-1, [-1], axes - 1, [axes - 1]):
        raise must(where, "axis", f"the last, -1 or {axes - 1}", axis)
    inverse = options.flag("invert")
    given = {name: options.get(name) for name in _VARIABLES[:2]}
    options.finish(ignored=IGNORED, off_is_fine=True)
    if None in given.values():
        arrays = variables.own(dict.fromkeys(given, (inputs,)))
        variables.discard(_VARIABLES, beyond=len(given))
    else:
        arrays = {name: _numbers(node, name, value, inputs) for name, value in given.items()}
    mean, variance = arrays["mean"], arrays["variance"]
    if mean.shape != variance.shape or not np.all(np.isfinite(mean)) or not np.all(variance >= 0):
        raise LoadError(f"{where}: mean and variance must be finite, as many, the latter from 0 up")
    deviation = np.maximum(np.sqrt(variance), _EPSILON)
    return (deviation, mean) if inverse else (1.0 / deviation, -mean / deviation)


def _numbers(node: LayerNode, name: str, value: Any, inputs: int | None) -> Array:
    """Return one number for each feature."""
    if inputs is None:
        raise LoadError(f"{node.where}: the width of the input must be given")
    numbers = value if isinstance(value, list) else [value] * inputs
    while len(numbers) == 1 and isinstance(numbers[0], list):  # axes that are 1 long
        numbers = numbers[0]
    plain = all(isinstance(n, int | float) and not isinstance(n, bool) for n in numbers)
    if not plain or len(numbers) != inputs or not np.all(np.isfinite(numbers)):
        raise must(node.where, name, f"a finite number, or {inputs} of them", value)
    return np.asarray(numbers, np.float64)
