# SPDX-License-Identifier: Apache-2.0
"""The loop of a whole layer, states and hidden units, where nothing enters its functions.

Below a spectral radius of 1 the layer forgets small differences there; above it they grow, so that
no bound of errors can hold for all inputs and all time. Trained networks often are above.
"""

from __future__ import annotations

from typing import NamedTuple, assert_never

import numpy as np
from numpy.typing import NDArray

from lmu_hw.lmu import Role
from lmu_hw.lmu.activations import LINEAR, activation
from lmu_hw.lmu.layers import Layer
from lmu_hw.network import INPUT
from lmu_hw.network.float_nodes import AnyFloatNode, FloatElementwise, FloatNode, float_nodes
from lmu_hw.proofs.stability import spectral_radius

__all__ = ["rest_radius"]

Array = NDArray[np.float64]

_MOST_STATES = 1024
_STEP = 2.0**-20  # beside 0, where slopes are taken: the larger one of a kink


class _Vector(NamedTuple):
    """A node at rest: its values (n,), and how they move with the states of the layer."""

    values: Array
    slopes: Array


def rest_radius(layer: Layer) -> float | None:
    """Return the spectral radius of a step of a layer at rest; None if nothing but memories loops.

    At rest all states are zero, and so is all that enters a function. Also None of a layer of more
    states than are analysed.
    """
    nodes = float_nodes(layer)
    sizes = {node.name: _size(node) for node in nodes}
    states = list(dict.fromkeys(name for node in nodes for name in _delayed(node)))
    total = sum(sizes[name] for name in states)
    fed_back = any(_delayed(node) for node in nodes if node.role is not Role.MEMORY)
    if not fed_back or total > _MOST_STATES:
        return None
    past, start = {}, 0
    for name in states:
        slopes = np.zeros((sizes[name], total))
        slopes[:, start : start + sizes[name]] = np.eye(sizes[name])
        past[name] = _Vector(np.zeros(sizes[name]), slopes)
        start += sizes[name]
    now: dict[str, _Vector] = {}
    for node in nodes:
        now[node.name] = _at_rest(node, now, past, total)
    return spectral_radius(np.concatenate([now[name].slopes for name in states]))


def _size(node: AnyFloatNode) -> int:
    match node:
        case FloatNode():
            return node.segments * len(node.terms[0].matrix)
        case FloatElementwise():
            return node.rows
    assert_never(node)


def _delayed(node: AnyFloatNode) -> list[str]:
    match node:
        case FloatNode():
            return [term.source for term in node.terms if term.delayed]
        case FloatElementwise():
            return [f.source for product in node.products for f in product.factors if f.delayed]
    assert_never(node)


def _at_rest(
    node: AnyFloatNode, now: dict[str, _Vector], past: dict[str, _Vector], total: int
) -> _Vector:
    values, slopes = np.zeros(_size(node)), np.zeros((_size(node), total))
    match node:
        case FloatNode():
            for term in node.terms:
                if term.source != INPUT:
                    source = (past if term.delayed else now)[term.source]
                    slopes += np.kron(np.eye(node.segments), term.matrix) @ source.slopes
        case FloatElementwise():
            for product in node.products:
                value, slope = np.ones(node.rows), np.zeros((node.rows, total))
                for factor in product.factors:
                    source = (past if factor.delayed else now)[factor.source]
                    slope = slope * source.values[:, None] + value[:, None] * source.slopes
                    value = value * source.values
                sign = -1.0 if product.negative else 1.0
                values, slopes = values + sign * value, slopes + sign * slope
        case _:
            assert_never(node)
    if node.activation == LINEAR:
        return _Vector(values, slopes)
    f = activation(node.activation, where=node.name)
    low, rest, high = f(np.array([-_STEP, 0.0, _STEP]))
    slope = max((high - rest) / _STEP, (rest - low) / _STEP, key=abs)
    return _Vector(np.full(len(values), rest), slope * slopes)
