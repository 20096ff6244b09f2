# SPDX-License-Identifier: Apache-2.0
"""Operators that compute: products with constants, sums, scales and activations."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lmu_hw.load.check import must
from lmu_hw.load.onnx.engine import Engine
from lmu_hw.load.onnx.files import Node
from lmu_hw.load.onnx.signals import Axis, Signal, require_few, taken
from lmu_hw.load.tensors import Array
from lmu_hw.load.value import Value

__all__ = ["SUMS"]

_ACTIVATIONS = {
    "Relu": "relu",
    "Tanh": "tanh",
    "Sigmoid": "sigmoid",
    "Softsign": "softsign",
    "Softplus": "softplus",
    "Exp": "exponential",
    "Elu": "elu",
    "Selu": "selu",
    "Gelu": "gelu",
    "Swish": "silu",
    "Softmax": "softmax",
    "HardSigmoid": "hard_sigmoid",
}
_HARD = {(0.2, 0.5): "hard_sigmoid_keras2", (1 / 6, 0.5): "hard_sigmoid"}
_CLIPPED = {(0.0, 6.0): "relu6", (-1.0, 1.0): "hard_tanh", (0.0, math.inf): "relu"}
_DEFAULTS = {
    "Elu": {"alpha": 1.0},
    "Swish": {"alpha": 1.0},
    "Gelu": {"approximate": "none"},
    "Selu": {"alpha": 1.6732632, "gamma": 1.0507010},
}


def _matmul(engine: Engine, node: Node, inputs: Sequence[Any]) -> list[Any]:
    x, W = inputs
    if isinstance(x, Signal) and isinstance(W, np.ndarray):
        matrix = engine.matrix(node, W).T
        axis = len(x.axes) - 1
    elif isinstance(W, Signal) and isinstance(x, np.ndarray):
        matrix, x = engine.matrix(node, x), W
        axis = len(x.axes) - 2
    else:
        engine.refuse(node, "one factor must be a constant matrix")
    return [_linear(engine, node, x, axis, matrix, None, engine.label(node, 1))]


def _gemm(engine: Engine, node: Node, inputs: Sequence[Any]) -> list[Any]:
    x, W, *rest = inputs
    attributes = node.attributes
    if not isinstance(x, Signal) or not isinstance(W, np.ndarray) or len(x.axes) != 2:
        engine.refuse(node, "its first factor must be what a layer computes, the other constant")
    x = x.transposed([1, 0]) if attributes.get("transA", 0) else x
    matrix = engine.matrix(node, W)
    matrix = (matrix if attributes.get("transB", 0) else matrix.T) * attributes.get("alpha", 1.0)
    bias = rest[0] if rest else None
    b = None
    if bias is not None:
        b = engine.vector(node, bias, len(matrix)) * attributes.get("beta", 1.0)
    return [_linear(engine, node, x, 1, matrix, b, engine.label(node, 1))]


def _linear(
    engine: Engine, node: Node, x: Signal, axis: int, matrix: Array, b: Array | None, name: str
) -> Signal:
    """Return a product along an axis, with what the next node adds, if that is constant."""
    if axis < 0 or x.axes[axis] != matrix.shape[1]:
        rule = f"of {matrix.shape[1]} features, those of the matrix"
        raise must(node.where, f"axis {axis}", rule, x.axes)
    result = x.with_axis(axis, len(matrix), x.value)
    if b is None and axis == len(x.axes) - 1:
        b = _added(engine, node, len(matrix))
    spread = b
    if b is not None:
        spread = np.broadcast_to(b, result.features).ravel()
    whole = x.along(axis, matrix)
    return replace(result, value=engine.layers.linear(node, whole, spread, x.value, name))


def _added(engine: Engine, node: Node, width: int) -> Array | None:
    """Return a bias that the only reader of a node adds; its output is then the sum."""
    (output,) = node.outputs
    readers = [n for n in engine.graph.nodes if output in n.inputs]
    if len(readers) != 1 or engine.uses[output] != 1 or readers[0].op != "Add":
        return None
    (other,) = [name for name in readers[0].inputs if name != output]
    bias = engine.tensors.get(other)
    if not isinstance(bias, np.ndarray) or bias.size not in (1, width) or bias.ndim > 1:
        return None
    engine.biased.add(id(readers[0]))
    return engine.vector(readers[0], bias, width)


def _arithmetic(engine: Engine, node: Node, inputs: Sequence[Any]) -> list[Any]:
    if id(node) in engine.biased:
        return [next(x for x in inputs if isinstance(x, Signal))]
    signals = [x for x in inputs if isinstance(x, Signal)]
    rank = max(len(x.axes) if isinstance(x, Signal) else x.ndim for x in inputs)
    axes = _broadcast(engine, node, inputs, rank)
    features = tuple(axis for axis in axes if isinstance(axis, int))
    values = [_spread(engine, node, x, axes) for x in signals]
    arrays = [_constant(engine, node, x, axes) for x in inputs if not isinstance(x, Signal)]
    require_few(math.prod(features))
    ones, zeros = np.ones(math.prod(features)), np.zeros(math.prod(features))
    match node.op:
        case "Neg":
            value = engine.layers.scale(node, -ones, zeros, values[0])
        case "Mul" | "Div" if len(values) == 1 and (node.op == "Mul" or inputs[0] is signals[0]):
            factor = arrays[0] if node.op == "Mul" else 1.0 / arrays[0]
            value = engine.layers.scale(node, factor, zeros, values[0])
        case "Mul" if len(values) == 2:
            value = engine.layers.product(node, values[0], values[1])
        case "Add" | "Sub" | "Sum":
            value = _sum(engine, node, inputs, values, arrays)
        case _:
            engine.refuse(node, "the divisor must be constant, and not zero")
    return [Signal(value, axes)]


def _sum(
    engine: Engine, node: Node, inputs: Sequence[Any], values: list[Value], arrays: list[Array]
) -> Value:
    signs = [-1.0 if n and node.op == "Sub" else 1.0 for n in range(len(inputs))]
    own = [sign for sign, x in zip(signs, inputs, strict=True) if isinstance(x, Signal)]
    other = [sign for sign, x in zip(signs, inputs, strict=True) if not isinstance(x, Signal)]
    value, factor = values[0], own[0]
    if len(values) > 1:
        if len({v.once for v in values}) > 1:
            engine.refuse(node, "sequences must be added to sequences; take the last step first")
        value, factor = engine.layers.total(node, values, own), 1.0
    if not arrays and factor == 1.0:
        return value
    shift = sum((s * a for s, a in zip(other, arrays, strict=True)), np.zeros(value.width or 0))
    return engine.layers.scale(node, np.full(len(shift), factor), shift, value)


def _broadcast(engine: Engine, node: Node, inputs: Sequence[Any], rank: int) -> tuple[Axis, ...]:
    """Return the axes of what is computed element by element."""
    listed = [(1,) * (rank - len(x.axes)) + x.axes for x in inputs if isinstance(x, Signal)]
    shapes = [(1,) * (rank - x.ndim) + x.shape for x in inputs if not isinstance(x, Signal)]
    axes: list[Axis] = []
    for place in range(rank):
        kinds = {axes_[place] for axes_ in listed} - {1}
        lengths = {shape[place] for shape in shapes} - {1}
        named = {kind for kind in kinds if isinstance(kind, str)}
        if len(kinds) > 1 or (named and lengths):
            shown = [*listed, *shapes]
            engine.refuse(node, f"axes {shown} must fit each other")
        if not kinds and lengths and len(lengths) == 1:
            kinds = lengths
        elif kinds and lengths and kinds != lengths:
            engine.refuse(node, f"axes {[*listed, *shapes]} must fit each other")
        axes.append(next(iter(kinds)) if kinds else 1)
    return tuple(axes)


def _spread(engine: Engine, node: Node, x: Signal, axes: tuple[Axis, ...]) -> Value:
    """Return a signal's features repeated along axes that it has not."""
    own = (1,) * (len(axes) - len(x.axes)) + x.axes
    if any(isinstance(a, str) and a != b for a, b in zip(axes, own, strict=True)):
        engine.refuse(node, f"axes {own} and {axes} must fit each other")
    lengths = [a for a in own if isinstance(a, int)]
    wanted = [a for a in axes if isinstance(a, int)]
    require_few(math.prod(wanted))
    numbers = np.arange(math.prod(lengths)).reshape(lengths)
    return taken(x.value, np.broadcast_to(numbers, wanted).ravel())


def _constant(engine: Engine, node: Node, array: Any, axes: tuple[Axis, ...]) -> Array:
    """Return a constant as one number for each feature."""
    values = engine.weights(node, array)
    shape = (1,) * (len(axes) - values.ndim) + values.shape
    kept = [n for n, axis in zip(shape, axes, strict=True) if isinstance(axis, int)]
    wanted = [axis for axis in axes if isinstance(axis, int)]
    require_few(math.prod(wanted))
    return np.broadcast_to(values.reshape(kept), wanted).ravel()


def _normalized(engine: Engine, node: Node, inputs: Sequence[Any]) -> list[Any]:
    x = inputs[0]
    if node.attributes.get("training_mode", 0) or len(x.axes) < 2:
        engine.refuse(node, "it must be of inference, on axis 1")
    if not isinstance(x.axes[1], int):
        engine.refuse(node, f"axis 1 must be of features, not {x.axes[1]}")
    scale, shift, mean, variance = (engine.vector(node, array, x.axes[1]) for array in inputs[1:5])
    spread = variance + node.attributes.get("epsilon", 1e-5)
    if not np.all(spread > 0):
        raise must(node.where, "variance + epsilon", "positive", float(np.min(spread)))
    factor = scale / np.sqrt(spread)
    shape = [x.axes[1] if n == x.place(1) else 1 for n in range(len(x.features))]
    factor, shift = (
        np.broadcast_to(v.reshape(shape), x.features).ravel()
        for v in (factor, shift - mean * factor)
    )
    return [replace(x, value=engine.layers.scale(node, factor, shift, x.value))]


def _activated(engine: Engine, node: Node, inputs: Sequence[Any]) -> list[Any]:
    x, name, attributes = inputs[0], _ACTIVATIONS[node.op], node.attributes
    for key, default in _DEFAULTS.get(node.op, {}).items():
        given = attributes.get(key, default)
        same = given == default or (not isinstance(given, str) and abs(given - default) < 1e-5)
        if not same:
            raise must(node.where, key, str(default), given)
    if node.op == "HardSigmoid":
        slope = (attributes.get("alpha", 0.2), attributes.get("beta", 0.5))
        near = [n for n in _HARD if np.allclose(n, slope, rtol=1e-6)]
        if not near:
            raise must(node.where, "alpha and beta", "0.2 or 1/6, and 0.5", slope)
        name = _HARD[near[0]]
    if node.op == "Softmax":
        axis = engine.axis(node, x, attributes.get("axis", -1 if engine.graph.opset > 12 else 1))
        if x.features != (x.axes[axis],):
            raise must(node.where, "axis", "that of the features", axis)
    return [replace(x, value=engine.layers.activate(node, name, x.value))]


def _clip(engine: Engine, node: Node, inputs: Sequence[Any]) -> list[Any]:
    given = [node.attributes.get("min"), node.attributes.get("max")]
    for place, array in enumerate(inputs[1:3]):
        given[place] = None if array is None else float(engine.weights(node, array).ravel()[0])
    low, high = -math.inf if given[0] is None else given[0], given[1]
    high = math.inf if high is None or high > 1e38 else high
    if (low, high) not in _CLIPPED:
        raise must(node.where, "its bounds", "0 and 6, or -1 and 1, or 0 alone", (low, high))
    name = _CLIPPED[low, high]
    return [replace(inputs[0], value=engine.layers.activate(node, name, inputs[0].value))]


SUMS: Mapping[str, Callable[[Engine, Node, Sequence[Any]], list[Any]]] = {
    "MatMul": _matmul,
    "Gemm": _gemm,
    "BatchNormalization": _normalized,
    "Clip": _clip,
    **dict.fromkeys(("Add", "Sub", "Sum", "Mul", "Div", "Neg"), _arithmetic),
    **dict.fromkeys(_ACTIVATIONS, _activated),
}
"""What reads a node, by its operator."""
