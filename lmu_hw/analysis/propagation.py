# SPDX-License-Identifier: Apache-2.0
"""Statistical propagation of errors through whole networks, nonlinear layers included.

No worst case survives a nonlinear recurrence: bounds grow until they say nothing. What can be said
is first-order and statistical. Errors are followed along a trace of the float network, through the
network linearised at every step:

    du  = E' [dh, dm, dx] + (E' - E) [h, m, x]          + rounding
    dm' = A' dm + B' du   + (A' - A) m + (B' - B) u     + rounding
    dz  = W' [dm', dx, dh] + (W' - W) [m', x, h]        + rounding
    dh' = f'(z) dz + error of the table at z

with primes for rounded weights, and rounding as white noise, uniform over one ulp of each
narrowing, drawn with a fixed seed; a structured memory narrows inside its update too.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lmu_hw.analysis.linear import Linear, linear
from lmu_hw.analysis.memory import values
from lmu_hw.fixed import FixedFormat, Rounding
from lmu_hw.lmu import LmuLayer, Network
from lmu_hw.lmu.activations import activation
from lmu_hw.lmu.layers import DenseLayer
from lmu_hw.spec import INPUT, AnyNode, MemoryNode, Node, QuantizedLayer, QuantizedNetwork, Table

__all__ = ["predict_errors"]

Array = NDArray[np.float64]
Trace = Mapping[str, Array]

_SLOPE_STEP = 2.0**-12


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
        As values; pre-activations as ``layer.z``.
    """
    random = np.random.default_rng(0)
    x, fmt = trace[INPUT], network.input.format
    off = np.zeros_like(x)
    if fmt.frac_bits != 0 or network.input_scale == 1:  # otherwise the inputs are codes
        off = _rounding(random, fmt, x.shape)
    found: dict[str, list[Array]] = {}
    for layer, float_layer in zip(network.layers, reference.layers, strict=True):
        if isinstance(float_layer, DenseLayer):
            x, off = _Dense(layer, float_layer, trace, random).run(x, off, found)
        else:
            x, off = _Lmu(layer, float_layer, trace, random).run(x, off, found)
    return {
        name: np.sqrt(np.mean([np.square(step).mean(axis=0) for step in steps], axis=0))
        for name, steps in found.items()
    }


def _rounding(random: np.random.Generator, fmt: FixedFormat, shape: tuple[int, ...]) -> Array:
    return random.uniform(-fmt.ulp / 2, fmt.ulp / 2, shape)


class _Product:
    """A product of a node: its rounded weights, and what rounding changed; of all segments."""

    def __init__(
        self, node: AnyNode, source: str, ideal: Array | None, *, delayed: bool = False
    ) -> None:
        self.used = ideal is not None
        if ideal is not None:
            rounded = values(node, source, delayed=delayed)
            blocks = np.eye(node.segments)
            self.rounded = np.kron(blocks, np.zeros_like(ideal) if rounded is None else rounded)
            self.change = self.rounded - np.kron(blocks, ideal)

    def error(self, signal: Array, off: Array) -> Array | float:
        """Return the error of the product, (sequences, rows), or 0 if there is no product."""
        return signal @ self.change.T + off @ self.rounded.T if self.used else 0.0


class _Node:
    """The narrowing and activation of a node along a trace of what enters the activation."""

    def __init__(self, node: Node, function: str, z: Array, random: np.random.Generator) -> None:
        self.node, self.random = node, random
        f, fmt = activation(function, where=node.name), node.requant.format
        self.slope = (f(z + _SLOPE_STEP) - f(z - _SLOPE_STEP)) / (2 * _SLOPE_STEP)
        self.table = np.zeros((1, z.shape[1], 1))
        if isinstance(node.activation, Table):
            table = node.activation.codes
            codes = np.clip(np.rint(z / fmt.ulp), fmt.min_code, fmt.max_code)
            self.table = table.codes[codes.astype(np.int64)] * table.format.ulp
            self.table = self.table - f(codes * fmt.ulp)

    def apply(self, step: int, off: Array, found: dict[str, list[Array]]) -> Array:
        """Return the error of the node's output at a step, given that of its sum."""
        off = off + _rounding(self.random, self.node.requant.format, off.shape)
        if self.node.activation is not None:
            found.setdefault(self.node.pre_activation, []).append(off)
            off = self.slope[:, step] * off + self.table[:, step]
        found.setdefault(self.node.name, []).append(off)
        return off


class _Dense:
    """Errors of a dense layer."""

    def __init__(
        self, layer: QuantizedLayer, dense: DenseLayer, trace: Trace, random: np.random.Generator
    ) -> None:
        (node,) = layer.sums
        self.W = _Product(node, INPUT, dense.W)
        self.output = trace[f"{dense.name}.y"]
        self.y = _Node(node, dense.activation, trace[f"{dense.name}.z"], random)

    def run(self, x: Array, off: Array, found: dict[str, list[Array]]) -> tuple[Array, Array]:
        """Return the layer's float output and its error, both (sequences, steps, outputs)."""
        steps = range(x.shape[1])
        answers = [self.y.apply(t, self._product(x[:, t], off[:, t]), found) for t in steps]
        return self.output, np.stack(answers, axis=1)

    def _product(self, x: Array, off: Array) -> Array:
        return np.asarray(self.W.error(x, off))


class _Lmu:
    """Errors of an LMU layer: memory and hidden cell, with all feedback."""

    def __init__(
        self, layer: QuantizedLayer, lmu: LmuLayer, trace: Trace, random: np.random.Generator
    ) -> None:
        self.lmu, self.trace, self.random = lmu, trace, random
        nodes = {node.name.rpartition(".")[2]: node for node in layer.sums}
        memory = next(node for node in layer.nodes if node.name == f"{lmu.name}.m")
        self.memory, self.u_format = memory, nodes["u"].requant.format
        self.inside = linear(memory) if isinstance(memory, MemoryNode) else None
        u, m, h = (f"{lmu.name}.{kind}" for kind in "umh")
        self.E_x = _Product(nodes["u"], INPUT, lmu.E_x)
        self.E_h = _Product(nodes["u"], h, lmu.E_h, delayed=True)
        self.E_m = _Product(nodes["u"], m, lmu.E_m, delayed=True)
        self.A = _Product(memory, m, lmu.memory.A, delayed=True)
        self.B = _Product(memory, u, lmu.memory.B[:, None])
        cell = lmu.hidden
        if cell is not None:
            self.W_m = _Product(nodes["h"], m, cell.W_m)
            self.W_x = _Product(nodes["h"], INPUT, cell.W_x)
            self.W_h = _Product(nodes["h"], h, cell.W_h, delayed=True)
            self.h = _Node(nodes["h"], cell.activation, trace[f"{lmu.name}.z"], random)

    def run(self, x: Array, off: Array, found: dict[str, list[Array]]) -> tuple[Array, Array]:
        """Return the layer's float output and its error, both (sequences, steps, outputs)."""
        lmu, cell = self.lmu, self.lmu.hidden
        u, m = self.trace[f"{lmu.name}.u"], self.trace[f"{lmu.name}.m"]
        h = self.trace.get(f"{lmu.name}.h", np.zeros((len(x), x.shape[1], 0)))
        skipped = x.shape[1] - h.shape[1]  # steps at which a hidden cell is not computed
        dm, m_was = np.zeros_like(m[:, 0]), np.zeros_like(m[:, 0])
        dh, h_was = np.zeros_like(h[:, 0]), np.zeros_like(h[:, 0])
        kept = np.zeros_like(dm)
        answers = []
        for t in range(x.shape[1]):
            du = self.E_x.error(x[:, t], off[:, t]) + self.E_m.error(m_was, dm)
            du = du + self.E_h.error(h_was, dh)
            du = du + _rounding(self.random, self.u_format, u[:, t].shape)
            dm = self.A.error(m_was, dm) + self.B.error(u[:, t], du)
            dm, kept = self._narrowed(np.asarray(dm), kept)
            m_was = m[:, t]
            found.setdefault(f"{lmu.name}.u", []).append(np.asarray(du))
            found.setdefault(f"{lmu.name}.m", []).append(dm)
            if cell is not None and t >= skipped:
                dz = self.W_m.error(m_was, dm) + self.W_x.error(x[:, t], off[:, t])
                dz = dz + self.W_h.error(h_was, dh)
                dh = self.h.apply(t - skipped, np.asarray(dz), found)
                h_was = h[:, t - skipped]
            answers.append(self._answer(dm, dh, off[:, t], found))
        floats = np.stack(
            [self._answer(m[:, t], h[:, t - skipped], x[:, t], None) for t in range(x.shape[1])],
            axis=1,
        )
        shown = slice(None) if lmu.return_sequences else slice(-1, None)
        return floats[:, shown], np.stack(answers, axis=1)[:, shown]

    def _narrowed(self, dm: Array, kept: Array) -> tuple[Array, Array]:
        """Add what the narrowing of the states drops; with feedback, what it dropped before."""
        node = self.memory
        dropped = _rounding(self.random, node.requant.format, dm.shape)
        if node.error_feedback:
            return dm + kept - dropped, dropped
        if node.requant.rounding is Rounding.FLOOR:
            dropped = dropped - node.requant.format.ulp / 2
        if self.inside is not None:
            dropped = dropped + self._dropped_inside(self.inside, len(dm))
        return dm + dropped, kept

    def _dropped_inside(self, inside: Linear, sequences: int) -> Array:
        """Return what the narrowings inside a structured memory do to the states."""
        ulp, count = self.memory.requant.format.ulp, inside.noise.shape[1]
        drawn = self.random.uniform(-0.5, 0.5, (sequences, self.memory.segments, count))
        drawn -= np.where(inside.largest == 1.0, 0.5, 0.0)  # the mean of floor
        return (drawn @ inside.noise.T).reshape(sequences, -1) * ulp

    def _answer(self, m: Array, h: Array, x: Array, found: dict[str, list[Array]] | None) -> Array:
        if self.lmu.hidden is not None:
            return h
        if not self.lmu.input_to_hidden:
            return m
        if found is not None:
            found.setdefault(f"{self.lmu.name}.p", []).append(x)
        return np.concatenate([m, x], axis=1)
