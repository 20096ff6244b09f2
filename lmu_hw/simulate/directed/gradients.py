# SPDX-License-Identifier: Apache-2.0
"""In which direction every input moves a sum: derivatives, propagated backwards through time.

They only say where a search tries next, so they are floats, and false on purpose in two places: a
table has the slope of its surroundings, and what is limited or rectified keeps a little slope, as
nothing could be followed back through it otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from lmu_hw.fixed.ops import dequantize
from lmu_hw.golden import Trace
from lmu_hw.network import (
    INPUT,
    AnyNode,
    ElementwiseNode,
    MemoryNode,
    Node,
    QuantizedLayer,
    QuantizedNetwork,
    Rectifier,
    Table,
    activation_of,
)
from lmu_hw.proofs import values
from lmu_hw.simulate.directed.goals import with_inputs

__all__ = ["Gradients"]

Array = NDArray[np.float64]
Vectors = dict[str, Array]
"""By node: of one step, (sequences, elements)."""

_LEAK = 0.05  # slope of what is limited or rectified
_FLAT = 1e-3  # least slope of a table
_SURROUNDINGS = 64  # a table's slope is taken over this part of it, to both sides


class Gradients:
    """Derivatives of the sums of a network with respect to its input.

    Parameters
    ----------
    network : QuantizedNetwork
    """

    def __init__(self, network: QuantizedNetwork) -> None:
        self.network = network
        self._layers = {layer.name: _LayerGradients(layer) for layer in network.layers}

    def gradient(self, trace: Trace, weights: Mapping[str, Array]) -> Array:
        """Return how each input moves sums of the last step, (sequences, steps, inputs).

        Parameters
        ----------
        trace : Trace
            Of the golden model: where the derivatives are taken.
        weights : mapping of node name to (sequences, elements) float64
            Of each rounded sum in what is to grow; nodes that are missing have none.
        """
        *before, (layer, x) = with_inputs(self.network, trace)
        gradient = self._layers[layer.name].gradient(trace, x.shape, weights, None)
        for layer, x in reversed(before):
            gradient = self._layers[layer.name].gradient(trace, x.shape, weights, gradient)
        return gradient


class _LayerGradients:
    """The same of one layer."""

    def __init__(self, layer: QuantizedLayer) -> None:
        self.layer, self.signals = layer, layer.signals
        self.nodes = [(node, _slope(node), _sources(node)) for node in reversed(layer.nodes)]

    def gradient(
        self,
        trace: Trace,
        shape: tuple[int, ...],
        weights: Mapping[str, Array],
        output: Array | None,
    ) -> Array:
        """Return the gradient of the layer's input from that of its output."""
        sequences, steps, _ = shape
        gradient = np.zeros(shape)
        now = self._zeros(sequences)
        for step in reversed(range(steps)):
            last, past = step == steps - 1, self._zeros(sequences)
            now[INPUT] = gradient[:, step]
            if output is not None and (last or not self.layer.last_only):
                self._add_output(now, output[:, 0 if self.layer.last_only else step])
            for node, slope, sources in self.nodes:
                if last or not node.last_only:
                    place = 0 if node.last_only else step
                    code = trace.codes[_before_activation(node)][:, place]
                    total = now[node.name] * slope(code)
                    if last and node.name in weights:
                        total = total + weights[node.name]
                    sources(total, now, past, self._values(trace, step))
            now = past
        return gradient

    def _zeros(self, sequences: int) -> Vectors:
        return {node.name: np.zeros((sequences, node.signal.size)) for node in self.layer.nodes}

    def _add_output(self, now: Vectors, output: Array) -> None:
        begin = 0
        for name in self.layer.outputs:
            end = begin + self.signals[name].size
            now[name] += output[:, begin:end]
            begin = end

    def _values(self, trace: Trace, step: int) -> Callable[[str, bool], Array]:
        """Return what gives the real values of a node, of this step or of the one before."""

        def value(name: str, delayed: bool) -> Array:
            codes = trace.codes[name]
            if delayed and step == 0:
                return np.zeros((len(codes), codes.shape[2]))
            place = min(step - delayed, codes.shape[1] - 1)
            return dequantize(codes[:, place], self.signals[name].format)

        return value


def _before_activation(node: AnyNode) -> str:
    """Return the trace name of a node's limited sum."""
    return node.name if node.pre_activation is None else node.pre_activation


def _slope(node: AnyNode) -> Callable[[NDArray[np.int64]], Array]:
    """Return the derivative of a node with respect to its sum, at the limited sum."""
    fmt = node.requant.format

    def limited(codes: NDArray[np.int64]) -> Array:
        return np.where((codes == fmt.min_code) | (codes == fmt.max_code), _LEAK, 1.0)

    function = activation_of(node)
    match function:
        case None:
            return limited
        case Rectifier():
            return lambda codes: limited(codes) * np.where(codes > 0, 1.0, _LEAK)
        case Table() as table:
            slopes = _table_slopes(table, fmt.min_code, fmt.ulp)
            return lambda codes: limited(codes) * slopes[codes - fmt.min_code]
        case _:
            assert_never(function)


def _table_slopes(table: Table, min_code: int, ulp: float) -> Array:
    """Return the slope around each entry, from that of the smallest code on."""
    y = np.roll(table.codes.codes, -min_code) * table.format.ulp
    entry, reach = np.arange(len(y)), max(1, len(y) // _SURROUNDINGS)
    low, high = np.maximum(entry - reach, 0), np.minimum(entry + reach, len(y) - 1)
    slopes = (y[high] - y[low]) / (np.maximum(high - low, 1) * ulp)
    least = _FLAT if y[-1] >= y[0] else -_FLAT
    return np.where(np.abs(slopes) < _FLAT, least, slopes)


_Sources = Callable[[Array, Vectors, Vectors, Callable[[str, bool], Array]], None]
"""Adds the gradient of a sum to that of what it reads, of this step and of the one before."""


def _sources(node: AnyNode) -> _Sources:
    match node:
        case ElementwiseNode():
            return _multiplied(node)
        case MemoryNode():
            return _weighted(node, [(node.name, True), (node.source, False)])
        case Node():
            return _weighted(node, [(term.source, term.delayed) for term in node.terms])
        case _:
            assert_never(node)


def _weighted(node: Node | MemoryNode, sources: list[tuple[str, bool]]) -> _Sources:
    matrices = [
        (source, delayed, matrix)
        for source, delayed in sources
        if (matrix := values(node, source, delayed=delayed)) is not None
    ]

    def add(total: Array, now: Vectors, past: Vectors, _: Callable[[str, bool], Array]) -> None:
        rows = total.reshape(-1, node.rows)  # one for each sequence and segment
        for source, delayed, matrix in matrices:
            (past if delayed else now)[source] += (rows @ matrix).reshape(len(total), -1)

    return add


def _multiplied(node: ElementwiseNode) -> _Sources:
    def add(total: Array, now: Vectors, past: Vectors, value: Callable[[str, bool], Array]) -> None:
        for product in node.products:
            for factor in product.factors:
                part = -total if product.negative else total
                for sibling in product.factors:
                    if sibling is not factor:
                        part = part * value(sibling.source, sibling.delayed)
                (past if factor.delayed else now)[factor.source] += part

    return add
