# SPDX-License-Identifier: Apache-2.0
"""Operators and functions of tensors in a graph: sums, joins, scales, and activations.

Keras 3 writes each as a class of its own, Keras 2 as a function of TensorFlow in ``TFOpLambda``;
both are read by the name that Keras 3 has for them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lmu_hw.errors import LoadError
from lmu_hw.load.assembly import Assembly
from lmu_hw.load.check import located, must
from lmu_hw.load.keras.calls import Call, Constant
from lmu_hw.load.keras.graph import LayerNode
from lmu_hw.load.keras.options import IGNORED, advice_on
from lmu_hw.load.tensors import Array
from lmu_hw.load.value import Origin, Value

__all__ = ["operate"]


def operate(
    assembly: Assembly, node: LayerNode, call: Call, sources: Sequence[Value], *, shared: bool
) -> Value:
    """Return what a node of `MERGES` computes.

    Parameters
    ----------
    assembly : Assembly
    node : LayerNode
    call : Call
        What it is called with.
    sources : sequence of Value
        What the tensors among it are.
    shared : bool
        More than one layer reads it.

    Raises
    ------
    LoadError
        If it is a product of what layers compute, or constants do not fit.
    """
    axis = node.options.get("axis", call.keywords.get("axis", -1))
    node.options.finish(ignored=IGNORED, off_is_fine=True)
    values = iter(sources)
    operands = [
        _numbers(node, operand) if isinstance(operand, Constant) else next(values)
        for operand in call.operands
    ]
    match node.kind:
        case "Concatenate":
            return _join(assembly, node, call, sources, axis)
        case "Multiply" | "TrueDivide" | "Negative":
            return _scaled(assembly, node, operands)
        case _:
            return _sum(assembly, node, operands, shared=shared)


def _numbers(node: LayerNode, operand: Constant) -> Array:
    array = operand.array()
    if array is None:
        raise must(node.where, "what it is called with", "tensors and numbers", operand.value)
    return array


def _join(
    assembly: Assembly, node: LayerNode, call: Call, sources: Sequence[Value], axis: object
) -> Value:
    _require_several(node, sources)
    if len(sources) < len(call.operands):
        raise LoadError(f"{node.where}: the layer's input must be tensors, not constants")
    axes = 2 if sources[0].once else 3
    if axis not in (-1, axes - 1):
        raise must(node.where, "axis", f"the last, -1 or {axes - 1}", axis)
    return assembly.join(node, sources) if _known(sources) else assembly.unknown()


def _sum(
    assembly: Assembly, node: LayerNode, operands: Sequence[Value | Array], *, shared: bool
) -> Value:
    """Return a sum of tensors, which a constant may be part of."""
    _require_several(node, operands)
    if node.kind == "Subtract" and len(operands) != 2:
        raise must(node.where, "the layer's input", "two tensors", len(operands))
    signs = [-1.0 if n and node.kind == "Subtract" else 1.0 for n in range(len(operands))]
    factors = [sign / len(operands) if node.kind == "Average" else sign for sign in signs]
    terms = [(v, f) for v, f in zip(operands, factors, strict=True) if isinstance(v, Value)]
    constants = [
        (array, f)
        for array, f in zip(operands, factors, strict=True)
        if not isinstance(array, Value)
    ]
    values = [value for value, _ in terms]
    if not _known(values) or not values:
        return assembly.unknown()
    if len(terms) > 1:
        value = assembly.total(node, values, [factor for _, factor in terms], shared=shared)
        factor = 1.0
    else:
        value, factor = terms[0]
    if not constants and factor == 1.0:
        return value
    width = _width(assembly, node, value)
    shift = np.zeros(width)
    for array, sign in constants:
        shift = shift + sign * _spread(node, array, value, width)
    return _scale(assembly, node, np.full(width, factor), shift, value)


def _scaled(assembly: Assembly, node: LayerNode, operands: Sequence[Value | Array]) -> Value:
    """Return a tensor by a constant."""
    values = [value for value in operands if isinstance(value, Value)]
    arrays = [array for array in operands if not isinstance(array, Value)]
    constants = 0 if node.kind == "Negative" else 1
    inverse = node.kind == "TrueDivide" and not isinstance(operands[0], Value)
    if len(values) != 1 or len(arrays) != constants or inverse:
        raise LoadError(f"{node.where}: one factor must be a constant; {advice_on('Multiply')}")
    if not _known(values):
        return assembly.unknown()
    width = _width(assembly, node, values[0])
    factor = _spread(node, arrays[0], values[0], width) if arrays else np.full(width, -1.0)
    if node.kind == "TrueDivide":
        if not np.all(factor):
            raise must(node.where, "the divisor", "nonzero", arrays[0].tolist())
        factor = 1.0 / factor
    return _scale(assembly, node, factor, np.zeros(width), values[0])


def _scale(assembly: Assembly, node: Origin, scale: Array, shift: Array, source: Value) -> Value:
    with located(node.where):
        return assembly.scale(node, scale, shift, source)


def _width(assembly: Assembly, node: Origin, value: Value) -> int:
    width = assembly.resolved(value).width
    if width is None:
        raise LoadError(f"{node.where}: the width of the input must be given")
    return width


def _spread(node: Origin, array: Array, value: Value, width: int) -> Array:
    """Return a constant as one number for each feature."""
    lengths = [length for length in array.shape if length != 1]
    last = array.shape[-1] if array.shape else 1
    axes = 2 if value.once else 3
    fits = last in (1, width) and not (lengths and last == 1) and array.ndim <= axes
    if len(lengths) > 1 or not fits:
        raise must(node.where, "the shape of a constant", f"() or ({width},)", array.shape)
    return np.broadcast_to(array.reshape(-1), (width,)).astype(np.float64)


def _known(values: Sequence[Value]) -> bool:
    """Say whether none of the values is of a refused layer."""
    return all(value.parts for value in values)


def _require_several(node: LayerNode, operands: Sequence[object]) -> None:
    if len(operands) < 2:
        raise must(node.where, "the layer's input", "two tensors or more", len(operands))
