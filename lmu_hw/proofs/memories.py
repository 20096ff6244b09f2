# SPDX-License-Identifier: Apache-2.0
"""The linear memory inside a quantized layer, as a matrix recurrence in real numbers.

    m[t] = A m[t-1] + B u[t] + e[t] + N n[t]

A and B are what the codes stand for: exactly for a dense memory, to float64 for a structured one
(`linear`, which also has N). e is what the narrowing of the states drops, n what narrowings inside
a structured update drop.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from lmu_hw.fixed import FixedFormat, Overflow, Requant
from lmu_hw.network import (
    INPUT,
    AnyMemory,
    AnyNode,
    ElementwiseNode,
    MemoryNode,
    Node,
    QuantizedLayer,
    QuantizedNetwork,
    Rectifier,
    Table,
    Term,
    has_feedback,
)
from lmu_hw.proofs.linear import linear
from lmu_hw.proofs.linear_form import Carried, largest_error, mean_error
from lmu_hw.proofs.loop import closed_loop

__all__ = ["QuantizedMemory", "interval", "quantized_memories", "values"]

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class QuantizedMemory:
    """A memory node of a quantized network.

    Attributes
    ----------
    name : str
        Of the node, ``layer.m``.
    layer : QuantizedLayer
    A, B : (d, d), (d,) float64
    off : Fraction
        What a step in exact coefficients can differ by from one in A and B, in ulp; 0 for a dense
        memory.
    noise : (d, n) float64
        N, in ulp of the states for an error of one ulp of the number that is narrowed; n is 0 for a
        dense memory.
    largest : (n,) float64
        Largest error of each of these narrowings, in its ulp: 1/2 to nearest, 1 by floor.
    carried : tuple of Carried
        What a structured update computes on its way.
    coefficient_bits : int
        Width of the widest coefficient.
    segments : int
        Memories that share A and B.
    requant : Requant
        The narrowing of the states.
    error_feedback : bool
    u_limit : Fraction
        ``|u|`` never exceeds it.
    u_saturates : bool
        The sum that becomes u could leave its format, so that the limit is the format's.
    E_m : (segments, segments * d) float64
        Memory-to-memory encoders, exact; zeros if there are none.
    E_h : bool
        The hidden state feeds back into u.
    """

    name: str
    layer: QuantizedLayer
    A: Array
    B: Array
    off: Fraction
    noise: Array
    largest: Array
    carried: tuple[Carried, ...]
    coefficient_bits: int
    segments: int
    requant: Requant
    error_feedback: bool
    u_limit: Fraction
    u_saturates: bool
    E_m: Array
    E_h: bool

    @property
    def format(self) -> FixedFormat:
        """Format of the states."""
        return self.requant.format

    @property
    def u_format(self) -> FixedFormat:
        """Format of u."""
        return self.layer.encoder.signal.format

    @property
    def rounding_error(self) -> Fraction:
        """Largest error of a step, in ulp; with feedback, of the residue around its mean.

        What is narrowed inside the update comes in addition: see `paths`.
        """
        return self._narrowing + self.off

    @property
    def paths(self) -> Array:
        """N, (d, n), for errors of at most `rounding_error` each."""
        return self.noise * (self.largest / float(self._narrowing))

    @property
    def drift(self) -> Array:
        """Mean error of a step, (d,), in ulp: narrowing by floor drops half an ulp on average."""
        own = mean_error(self.requant.rounding)
        return own - self.noise @ np.where(self.largest == 1.0, 0.5, 0.0)

    @property
    def _narrowing(self) -> Fraction:
        return (
            Fraction(1, 2)
            if self.error_feedback
            else Fraction(largest_error(self.requant.rounding))
        )

    @property
    def open_loop(self) -> bool:
        """True if neither states nor hidden units feed back into u."""
        return not self.E_h and not self.E_m.any()

    @property
    def closed_loop(self) -> Array:
        """``A + B E_m`` over all segments: the recurrence while u does not saturate."""
        return closed_loop(self.A, self.B, self.E_m)


def quantized_memories(network: QuantizedNetwork) -> tuple[QuantizedMemory, ...]:
    """Return the memories of a network in evaluation order."""
    return tuple(
        _memory(layer, memory, layer.encoder)
        for layer in network.layers
        for memory in layer.memories
    )


def values(node: AnyNode, source: str, *, delayed: bool) -> Array | None:
    """Return the real weights by which a node reads a source, (rows, columns), or None.

    Exact for a sum of products; to float64 for a structured memory. An element-wise node has none.
    """
    match node:
        case Node():
            for term in node.terms:
                if (term.source, term.delayed) == (source, delayed):
                    return _values(node, term)
            return None
        case ElementwiseNode():
            return None
        case MemoryNode():
            if (source, delayed) == (node.name, True):
                return linear(node).A
            return linear(node).B[:, None] if (source, delayed) == (node.source, False) else None
    assert_never(node)


def interval(layer: QuantizedLayer, node: AnyNode) -> int:
    """Return the largest magnitude of a node's narrowed total, in codes, before overflow.

    From the formats of its sources and the actual weights: valid whatever the sources do.
    """
    _, total = layer.sum_bounds(node)
    if node.dropped_bits <= 0:
        return total << -node.dropped_bits
    return (total >> node.dropped_bits) + 1


def _memory(layer: QuantizedLayer, m: AnyMemory, u: Node) -> QuantizedMemory:
    A = values(m, m.name, delayed=True)
    B = values(m, u.name, delayed=False)
    E_m = values(u, m.name, delayed=True)
    u_limit, saturates = input_limit(layer, u)
    off, noise, largest, carried = Fraction(0), np.zeros((m.rows, 0)), np.zeros(0), ()
    match m:
        case Node():
            width = max((term.weights.format.width for term in m.terms), default=0)
        case MemoryNode():
            recurrence, states = linear(m), m.requant.format
            reached = states.max_magnitude * states.ulp
            off = Fraction(recurrence.off(reached, float(u_limit), states.ulp))
            noise, largest = recurrence.noise, recurrence.largest
            carried, width = recurrence.carried, recurrence.coefficient_bits
        case _:
            assert_never(m)
    return QuantizedMemory(
        name=m.name,
        layer=layer,
        A=np.zeros((m.rows, m.rows)) if A is None else A,
        B=np.zeros(m.rows) if B is None else B[:, 0],
        off=off,
        noise=noise,
        largest=largest,
        carried=carried,
        coefficient_bits=width,
        segments=m.segments,
        requant=m.requant,
        error_feedback=has_feedback(m),
        u_limit=u_limit,
        u_saturates=saturates,
        E_m=np.zeros((u.rows, m.segments * m.rows)) if E_m is None else E_m,
        E_h=any(t.delayed and t.source not in (INPUT, m.name) for t in u.terms),
    )


def input_limit(layer: QuantizedLayer, u: Node) -> tuple[Fraction, bool]:
    """Return what ``|u|`` never exceeds, and whether its sum could leave its format."""
    reached, fmt = interval(layer, u), u.requant.format
    saturates = reached > fmt.max_code or u.requant.overflow is Overflow.WRAP
    limit = fmt.max_magnitude if saturates else reached
    match u.activation:
        case None:
            pass
        case Table(codes=table):
            fmt = table.format
            limit = int(np.abs(table.codes).max())
        case Rectifier():
            limit = min(limit, fmt.max_code)
        case _:
            assert_never(u.activation)
    return limit * Fraction(2) ** -fmt.frac_bits, saturates


def _values(node: Node, term: Term) -> Array:
    shifts = np.zeros(node.rows) if node.row_shifts is None else np.array(node.row_shifts)
    return term.weights.codes * 2.0 ** -(term.weights.format.frac_bits + shifts)[:, None]
