# SPDX-License-Identifier: Apache-2.0
"""Operators that move features and steps about: shapes, axes, columns, joins."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from lmu_hw.errors import LoadError
from lmu_hw.load.check import must
from lmu_hw.load.onnx.constants import axes_of, slices_of
from lmu_hw.load.onnx.engine import UNKNOWN, Engine
from lmu_hw.load.onnx.files import Node
from lmu_hw.load.onnx.signals import BATCH, TIME, Signal, length_of, regroup, together

__all__ = ["SHAPES"]


def _shape(engine: Engine, node: Node, inputs: Sequence[Any]) -> list[Any]:
    lengths = [length_of(axis, engine.sizes) for axis in inputs[0].axes]
    start, end = node.attributes.get("start", 0), node.attributes.get("end", len(lengths))
    engine.measured.update(node.outputs)
    return [np.asarray(lengths[start:end], np.int64)]


def _transpose(engine: Engine, node: Node, inputs: Sequence[Any]) -> list[Any]:
    order = node.attributes.get("perm", range(len(inputs[0].axes))[::-1])
    if sorted(order) != list(range(len(inputs[0].axes))):
        raise must(node.where, "perm", "an order of its axes", order)
    return [inputs[0].transposed(order)]


def _squeeze(engine: Engine, node: Node, inputs: Sequence[Any]) -> list[Any]:
    x = inputs[0]
    axes = axes_of(node, inputs, 1)
    if axes is None:
        axes = [n for n, axis in enumerate(x.axes) if axis == 1]
    gone = {engine.axis(node, x, axis) for axis in axes}
    for axis in gone:
        if x.axes[axis] not in (1, BATCH) or length_of(x.axes[axis], engine.sizes) != 1:
            engine.refuse(node, f"axis {axis}, of {x.axes[axis]}, must stay")
    return [Signal(x.value, tuple(a for n, a in enumerate(x.axes) if n not in gone))]


def _unsqueeze(engine: Engine, node: Node, inputs: Sequence[Any]) -> list[Any]:
    x, axes = inputs[0], axes_of(node, inputs, 1) or []
    count = len(x.axes) + len(axes)
    places = {axis % count for axis in axes}
    left = iter(x.axes)
    return [Signal(x.value, tuple(1 if n in places else next(left) for n in range(count)))]


def _reshape(engine: Engine, node: Node, inputs: Sequence[Any]) -> list[Any]:
    x = inputs[0]
    if not isinstance(inputs[1], np.ndarray):
        raise LoadError(f"{node.where}: its shape must be a constant")
    lengths = [length_of(axis, engine.sizes) for axis in x.axes]
    target = [int(n) for n in inputs[1].ravel()]
    if not node.attributes.get("allowzero", 0):
        target = [lengths[n] if k == 0 and n < len(lengths) else k for n, k in enumerate(target)]
    return [_regrouped(engine, node, x, target)]


def _flatten(engine: Engine, node: Node, inputs: Sequence[Any]) -> list[Any]:
    lengths = [length_of(axis, engine.sizes) for axis in inputs[0].axes]
    axis = node.attributes.get("axis", 1)
    target = [math.prod(lengths[:axis]), math.prod(lengths[axis:])]
    return [_regrouped(engine, node, inputs[0], target)]


def _regrouped(engine: Engine, node: Node, x: Signal, target: list[int]) -> Signal:
    count = math.prod(length_of(axis, engine.sizes) for axis in x.axes)
    if target.count(-1) == 1:
        rest = -math.prod(target)
        target = [count // rest if n == -1 and rest > 0 else n for n in target]
    axes = regroup(x.axes, engine.sizes, target) if math.prod(target) == count else None
    if axes is None:
        text = f"steps and features {x.axes} must not be mixed, into {target}"
        raise LoadError(f"{node.where}: {text}")
    return Signal(x.value, axes)


def _gather(engine: Engine, node: Node, inputs: Sequence[Any]) -> list[Any]:
    x, numbers = inputs
    if not isinstance(x, Signal) or not isinstance(numbers, np.ndarray) or numbers.ndim > 1:
        engine.refuse(node, "what is taken must be constant places of what layers compute")
    axis = engine.axis(node, x, node.attributes.get("axis", 0))
    length = length_of(x.axes[axis], engine.sizes)
    places = [int(n) % length if -length <= n < length else length for n in numbers.ravel()]
    if any(place >= length for place in places):
        raise must(node.where, "the places", f"within {length}", numbers.tolist())
    if x.axes[axis] == TIME:
        signal = _last(engine, node, x, axis, places)
    elif isinstance(x.axes[axis], int):
        signal = x.selected(axis, places)
    else:
        engine.refuse(node, f"axis {axis} must be of steps or features, not {x.axes[axis]}")
    return [signal if numbers.ndim else _without(signal, axis)]


def _slice(engine: Engine, node: Node, inputs: Sequence[Any]) -> list[Any]:
    x = inputs[0]
    if any(array is not None and not isinstance(array, np.ndarray) for array in inputs[1:]):
        raise LoadError(f"{node.where}: its bounds must be constants")
    for start, end, axis, step in zip(*slices_of(node, inputs), strict=True):
        place = engine.axis(node, x, axis)
        length = length_of(x.axes[place], engine.sizes)
        numbers = list(range(length))[slice(start, end, step)]
        if numbers == list(range(length)):
            continue
        if x.axes[place] == TIME:
            x = _last(engine, node, x, place, numbers)
        elif isinstance(x.axes[place], int) and numbers:
            x = x.selected(place, numbers)
        else:
            engine.refuse(node, f"axis {place} must be whole: it is of {x.axes[place]}")
    return [x]


def _last(engine: Engine, node: Node, x: Signal, axis: int, places: list[int]) -> Signal:
    """Return the last step, which is the only one that may be taken."""
    if places != [engine.sizes[TIME] - 1]:
        several = "their loop over the steps was written out by the exporter; "
        one = len(places) == 1
        engine.refuse(
            node,
            f"of the steps all or the last must be taken, not {places[:4]}; "
            f"{several if one else ''}{UNKNOWN}",
        )
    return x.with_axis(axis, 1, replace(x.value, once=True))


def _split(engine: Engine, node: Node, inputs: Sequence[Any]) -> list[Any]:
    x = inputs[0]
    axis = engine.axis(node, x, node.attributes.get("axis", 0))
    if not isinstance(x.axes[axis], int):
        engine.refuse(node, f"axis {axis} must be of features, not {x.axes[axis]}")
    sizes = node.attributes.get("split")
    if len(inputs) > 1 and isinstance(inputs[1], np.ndarray):
        sizes = inputs[1].ravel().tolist()
    count = len(node.outputs)
    whole = -(-x.axes[axis] // count)
    sizes = sizes or [min(whole, x.axes[axis] - n * whole) for n in range(count)]
    if sum(sizes) != x.axes[axis] or len(sizes) != count or min(sizes) < 1:
        raise must(node.where, "its parts", f"{count}, {x.axes[axis]} together", sizes)
    ends = np.cumsum([0, *sizes])
    return [x.selected(axis, range(a, b)) for a, b in pairwise(ends)]


def _concat(engine: Engine, node: Node, inputs: Sequence[Any]) -> list[Any]:
    if not all(isinstance(x, Signal) for x in inputs):
        engine.refuse(node, "what is joined must be what layers compute, not constants")
    axis = engine.axis(node, inputs[0], node.attributes["axis"])
    rests = {(*x.axes[:axis], *x.axes[axis + 1 :]) for x in inputs}
    if len(rests) > 1 or not all(isinstance(x.axes[axis], int) for x in inputs):
        axes = [x.axes for x in inputs]
        engine.refuse(node, f"features must be joined, of tensors alike, not {axes}")
    if len({x.value.once for x in inputs}) > 1:
        engine.refuse(node, "sequences must be joined with sequences")
    return [together(inputs, axis)]


def _expand(engine: Engine, node: Node, inputs: Sequence[Any]) -> list[Any]:
    x, shape = inputs
    if not isinstance(shape, np.ndarray):
        raise LoadError(f"{node.where}: its shape must be a constant")
    lengths = [length_of(axis, engine.sizes) for axis in x.axes]
    if list(np.broadcast_shapes(tuple(lengths), tuple(shape.tolist()))) != lengths:
        engine.refuse(node, f"{lengths} must stay as it is, not become {shape.tolist()}")
    return [x]


def _same(engine: Engine, node: Node, inputs: Sequence[Any]) -> list[Any]:
    if node.op == "Dropout" and len(inputs) > 2 and np.any(inputs[2]):
        engine.refuse(node, "it must be of inference, not of training")
    kind = node.attributes.get("to", 1)
    if node.op == "Cast" and kind not in (1, 10, 11, 16):
        raise must(node.where, "the type", "one of floats", kind)
    return [inputs[0]]


def _without(x: Signal, axis: int) -> Signal:
    return Signal(x.value, (*x.axes[:axis], *x.axes[axis + 1 :]))


SHAPES: Mapping[str, Callable[[Engine, Node, Sequence[Any]], list[Any]]] = {
    "Shape": _shape,
    "Transpose": _transpose,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Gather": _gather,
    "Slice": _slice,
    "Split": _split,
    "Concat": _concat,
    "Expand": _expand,
    **dict.fromkeys(("Identity", "Dropout", "Cast"), _same),
}
"""What reads a node, by its operator."""
