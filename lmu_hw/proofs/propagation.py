# SPDX-License-Identifier: Apache-2.0
"""Statistical propagation of errors through whole networks, nonlinear layers included.

No worst case survives a nonlinear recurrence: bounds grow until they say nothing. What can be said
is first-order and statistical. Errors are followed along a trace of the float network, through the
network linearised at every step:

    d(sum)  = W' [dx, dm, dh] + (W' - W) [x, m, h]      + rounding
    d(a b)  = da b + a db                               + rounding
    d(f(z)) = f'(z) dz + error of the table at z

with primes for rounded weights, and rounding as white noise, uniform over one ulp of each
narrowing, drawn with a fixed seed; a structured memory narrows inside its update too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from lmu_hw.fixed import FixedFormat
from lmu_hw.lmu import Network
from lmu_hw.lmu.activations import activation
from lmu_hw.lmu.layers import Layer
from lmu_hw.network import (
    INPUT,
    AnyMemory,
    AnyNode,
    ElementwiseNode,
    MemoryNode,
    Node,
    Product,
    QuantizedLayer,
    QuantizedNetwork,
    Table,
    activation_of,
    has_feedback,
)
from lmu_hw.network.float_nodes import AnyFloatNode, FloatElementwise, FloatNode, float_nodes
from lmu_hw.proofs.linear import linear
from lmu_hw.proofs.linear_form import mean_error
from lmu_hw.proofs.memories import values

__all__ = ["predict_errors"]

Array = NDArray[np.float64]
Trace = Mapping[str, Array]
Vectors = Mapping[str, Array]
"""The vectors of a layer at one step by name, (sequences, elements) each."""

_SLOPE_STEP = 2.0**-12
_SEED = 0x5EED_0F_4015E  # not 0: data made with the same seed would be proportional to the noise


def predict_errors(network: QuantizedNetwork, reference: Network, trace: Trace) -> dict[str, Array]:
    """Predict the RMS error of every node.

    Parameters
    ----------
    network : QuantizedNetwork
    reference : Network
        The float network it stands for.
    trace : mapping of node name to (sequences, steps, width) float64
        Of the float network, as `Network.trace` returns it: what the weights act on.

    Returns
    -------
    dict of node name to (width,) float64
        As values; pre-activations by their own names.
    """
    random = np.random.default_rng(_SEED)
    x, fmt = trace[INPUT], network.input.format
    off = np.zeros_like(x)
    if fmt.frac_bits != 0 or network.input_scale == 1:  # otherwise the inputs are codes
        off = _rounding(random, fmt, x.shape)
    found: dict[str, list[Array]] = {}
    for layer, float_layer in zip(network.layers, reference.layers, strict=True):
        x, off = _Layer(layer, float_layer, trace, random).run(x, off, found)
    return {
        name: np.sqrt(np.mean([np.square(step).mean(axis=0) for step in steps], axis=0))
        for name, steps in found.items()
    }


def _rounding(random: np.random.Generator, fmt: FixedFormat, shape: tuple[int, ...]) -> Array:
    return random.uniform(-fmt.ulp / 2, fmt.ulp / 2, shape)


class _Layer:
    """Errors of a layer: its nodes one after the other, with all feedback."""

    def __init__(
        self, layer: QuantizedLayer, float_layer: Layer, trace: Trace, random: np.random.Generator
    ) -> None:
        self.layer, self.trace = layer, trace
        floats = {node.name: node for node in float_nodes(float_layer)}
        self.nodes = [
            (
                node,
                _sum_of(node, floats[node.name]),
                _Narrowing(node, floats[node.name], trace, random),
            )
            for node in layer.nodes
        ]

    def run(self, x: Array, off: Array, found: dict[str, list[Array]]) -> tuple[Array, Array]:
        """Return the layer's float output and its error, both (sequences, steps, outputs)."""
        steps = x.shape[1]
        past, past_off = self._zeros(len(x)), self._zeros(len(x))
        floats, answers = [], []
        for t in range(steps):
            now, now_off = {INPUT: x[:, t]}, {INPUT: off[:, t]}
            for node, total, narrowing in self.nodes:
                if node.last_only and t < steps - 1:
                    continue
                place = -1 if node.last_only else t  # the float trace may have all steps
                error = total(now, now_off, past, past_off)
                now_off[node.name] = narrowing.apply(place, error, found)
                # A node that copies the input has no place in the trace of the float network.
                known = self.trace.get(node.name)
                now[node.name] = x[:, t] if known is None else known[:, place]
            if t == steps - 1 or not self.layer.last_only:
                floats.append(np.concatenate([now[name] for name in self.layer.outputs], axis=1))
                answers.append(
                    np.concatenate([now_off[name] for name in self.layer.outputs], axis=1)
                )
            past, past_off = now, now_off
        return np.stack(floats, axis=1), np.stack(answers, axis=1)

    def _zeros(self, sequences: int) -> dict[str, Array]:
        return {
            name: np.zeros((sequences, signal.size)) for name, signal in self.layer.signals.items()
        }


Total = Callable[[Vectors, Vectors, Vectors, Vectors], Array]
"""Returns the error of a node's sum, given the vectors of this step and their errors, and those of
the step before."""


def _sum_of(node: AnyNode, ideal: AnyFloatNode) -> Total:
    match node, ideal:
        case ElementwiseNode(), FloatElementwise():
            return lambda *vectors: _elementwise_error(node, *vectors)
        case ((Node() | MemoryNode()), FloatNode()):
            return _matrix_error(node, ideal)
        case _:
            kinds = f"{type(node).__name__} for {type(ideal).__name__}"
            raise TypeError(f"{node.name}: a node must be of the kind it stands for, not {kinds}")


def _matrix_error(node: AnyMemory, ideal: FloatNode) -> Total:
    products = [
        _Product(node, term.source, term.matrix, delayed=term.delayed) for term in ideal.terms
    ]

    def total(now: Vectors, now_off: Vectors, past: Vectors, past_off: Vectors) -> Array:
        error = np.zeros((len(now[INPUT]), node.signal.size))
        for product in products:
            signal, off = (past, past_off) if product.delayed else (now, now_off)
            error += product.error(signal[product.source], off[product.source])
        return error

    return total


def _elementwise_error(
    node: ElementwiseNode, now: Vectors, now_off: Vectors, past: Vectors, past_off: Vectors
) -> Array:
    def error(product: Product) -> Array:
        vectors = [(past if f.delayed else now)[f.source] for f in product.factors]
        errors = [(past_off if f.delayed else now_off)[f.source] for f in product.factors]
        change = errors[0]
        if len(vectors) == 2:
            change = errors[0] * vectors[1] + vectors[0] * errors[1]
        return -change if product.negative else change

    return np.sum([error(product) for product in node.products], axis=0)


class _Product:
    """A product of a node: its rounded weights, and what rounding changed; of all segments."""

    def __init__(self, node: AnyNode, source: str, ideal: Array, *, delayed: bool) -> None:
        self.source, self.delayed = source, delayed
        rounded = values(node, source, delayed=delayed)
        blocks = np.eye(node.segments)
        self.rounded = np.kron(blocks, np.zeros_like(ideal) if rounded is None else rounded)
        self.change = self.rounded - np.kron(blocks, ideal)

    def error(self, signal: Array, off: Array) -> Array:
        """Return the error of the product, (sequences, rows)."""
        return signal @ self.change.T + off @ self.rounded.T


class _Narrowing:
    """The narrowing and activation of a node along a trace of what enters the activation."""

    def __init__(
        self, node: AnyNode, ideal: AnyFloatNode, trace: Trace, random: np.random.Generator
    ) -> None:
        self.node, self.random = node, random
        self.inside = linear(node) if isinstance(node, MemoryNode) else None
        self.kept: Array | None = None
        function = activation_of(node)
        if function is None:
            return
        z, fmt = trace[ideal.pre_activation], node.requant.format
        f = activation(ideal.activation, where=node.name)
        self.slope = (f(z + _SLOPE_STEP) - f(z - _SLOPE_STEP)) / (2 * _SLOPE_STEP)
        self.table = np.zeros((1, z.shape[1], 1))
        if isinstance(function, Table):  # a rectifier is exact
            table = function.codes
            codes = np.clip(np.rint(z / fmt.ulp), fmt.min_code, fmt.max_code)
            self.table = table.codes[codes.astype(np.int64)] * table.format.ulp
            self.table = self.table - f(codes * fmt.ulp)

    def apply(self, step: int, off: Array, found: dict[str, list[Array]]) -> Array:
        """Return the error of the node's output at a step, given that of its sum."""
        off = self._narrowed(off)
        if self.node.pre_activation is not None:
            found.setdefault(self.node.pre_activation, []).append(off)
            off = self.slope[:, step] * off + self.table[:, step]
        found.setdefault(self.node.name, []).append(off)
        return off

    def _narrowed(self, off: Array) -> Array:
        """Add what the narrowing drops, if it does; with feedback, what it dropped before."""
        node = self.node
        if node.dropped_bits <= 0 and self.inside is None:
            return off
        dropped = _rounding(self.random, node.requant.format, off.shape)
        if has_feedback(node):
            kept, self.kept = self.kept, dropped
            return off - dropped if kept is None else off + kept - dropped
        dropped = dropped + mean_error(node.requant.rounding) * node.requant.format.ulp
        if self.inside is not None:
            count = self.inside.noise.shape[1]
            drawn = self.random.uniform(-0.5, 0.5, (len(off), node.segments, count))
            drawn -= np.where(self.inside.largest == 1.0, 0.5, 0.0)  # the mean of floor
            inside = (drawn @ self.inside.noise.T).reshape(len(off), -1)
            dropped = dropped + inside * node.requant.format.ulp
        return off + dropped
