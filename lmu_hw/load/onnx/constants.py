# SPDX-License-Identifier: Apache-2.0
"""What nodes compute of constants and lengths of axes: shapes, as exporters write them out."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lmu_hw.load.check import must
from lmu_hw.load.onnx.files import Node

__all__ = ["FOLDED", "axes_of", "folded", "slices_of"]

_MAX_ELEMENTS = 1 << 26
_TYPES = {1: "f4", 6: "i4", 7: "i8", 9: "?", 10: "f2", 11: "f8"}


def axes_of(node: Node, inputs: Sequence[Any], place: int) -> list[int] | None:
    """Return the axes of a node: an attribute, or since opset 13 an input; None: left out."""
    axes = node.attributes.get("axes")
    if axes is None and len(inputs) > place and inputs[place] is not None:
        axes = np.asarray(inputs[place]).ravel().tolist()
    return None if axes is None else [int(axis) for axis in axes]


def folded(node: Node, inputs: Sequence[Any]) -> Any:
    """Return what a node of `FOLDED` computes of arrays, or raise `LoadError`."""
    sizes = [array.size for array in inputs if array is not None]
    if sum(sizes) > _MAX_ELEMENTS:
        rule = f"at most {_MAX_ELEMENTS} elements"
        raise must(node.where, "a constant", rule, sum(sizes))
    try:
        with np.errstate(all="ignore"):
            return np.asarray(FOLDED[node.op](node, inputs))
    except (
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
        ArithmeticError,
        MemoryError,
    ) as error:
        raise must(node.where, "its constants", "such as it can take", str(error)) from error


def _unsqueeze(node: Node, inputs: Sequence[Any]) -> Any:
    axes = axes_of(node, inputs, 1) or []
    return np.expand_dims(inputs[0], tuple(axes))


def _squeeze(node: Node, inputs: Sequence[Any]) -> Any:
    axes = axes_of(node, inputs, 1)
    return np.squeeze(inputs[0], None if axes is None else tuple(axes))


def _filled(node: Node, inputs: Sequence[Any]) -> Any:
    value = node.attributes.get("value", np.zeros(1, np.float32))
    return _spread(value.ravel()[0], inputs[0].tolist())


def _expand(node: Node, inputs: Sequence[Any]) -> Any:
    shape = np.broadcast_shapes(inputs[0].shape, tuple(inputs[1].tolist()))
    return _spread(inputs[0], shape)


def _spread(value: Any, shape: Sequence[int]) -> Any:
    """Return one array of many views of a value: it takes no room."""
    if math.prod(shape) > _MAX_ELEMENTS:
        raise ValueError(f"{shape} has more than {_MAX_ELEMENTS} elements")
    return np.broadcast_to(value, tuple(shape))


def _slice(node: Node, inputs: Sequence[Any]) -> Any:
    starts, ends, axes, steps = slices_of(node, inputs)
    index = [slice(None)] * inputs[0].ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        index[axis] = slice(start, end, step)
    return inputs[0][tuple(index)]


def slices_of(node: Node, inputs: Sequence[Any]) -> tuple[list[int], ...]:
    """Return starts, ends, axes and steps: attributes, or since opset 10 inputs."""
    names = ("starts", "ends", "axes", "steps")
    given = [node.attributes.get(name) for name in names]
    for place, array in enumerate(inputs[1:5]):
        if array is not None:
            given[place] = np.asarray(array).ravel().tolist()
    starts, ends = given[0] or [], given[1] or []
    axes = given[2] if given[2] is not None else list(range(len(starts)))
    return list(starts), list(ends), list(axes), list(given[3] or [1] * len(starts))


def _concat(node: Node, inputs: Sequence[Any]) -> Any:
    return np.concatenate(inputs, axis=node.attributes["axis"])


def _reshape(node: Node, inputs: Sequence[Any]) -> Any:
    shape = [inputs[0].shape[n] if k == 0 else k for n, k in enumerate(inputs[1].tolist())]
    return inputs[0].reshape(shape)


def _divided(first: Any, second: Any) -> Any:
    return first // second if first.dtype.kind in "iu" else first / second


def _both(compute: Callable[[Any, Any], Any]) -> Callable[[Node, Sequence[Any]], Any]:
    """Return a function of two arrays, whose result is bounded."""

    def step(node: Node, inputs: Sequence[Any]) -> Any:
        first, second = inputs
        if math.prod(np.broadcast_shapes(first.shape, second.shape)) > _MAX_ELEMENTS:
            raise ValueError(f"{first.shape} and {second.shape} are too large together")
        return compute(first, second)

    return step


def _gather(node: Node, inputs: Sequence[Any]) -> Any:
    data, numbers = inputs
    axis = node.attributes.get("axis", 0)
    if numbers.size * (data.size // max(data.shape[axis], 1)) > _MAX_ELEMENTS:
        raise ValueError(f"{numbers.shape} of {data.shape} are too many")
    return np.take(data, numbers, axis=axis)


FOLDED: dict[str, Callable[[Node, Sequence[Any]], Any]] = {
    "Add": _both(operator.add),
    "Cast": lambda node, inputs: inputs[0].astype(_TYPES[node.attributes["to"]]),
    "Concat": _concat,
    "ConstantOfShape": _filled,
    "Div": _both(_divided),
    "Expand": _expand,
    "Gather": _gather,
    "Identity": lambda node, inputs: inputs[0],
    "Mul": _both(operator.mul),
    "Neg": lambda node, inputs: -inputs[0],
    "Reshape": _reshape,
    "Slice": _slice,
    "Squeeze": _squeeze,
    "Sub": _both(operator.sub),
    "Transpose": lambda node, inputs: np.transpose(inputs[0], node.attributes.get("perm")),
    "Unsqueeze": _unsqueeze,
}
"""Operators that are computed where all that they read is constant."""
