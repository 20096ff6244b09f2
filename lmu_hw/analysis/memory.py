# SPDX-License-Identifier: Apache-2.0
"""The linear memory inside a quantized layer, as an exact matrix recurrence in real numbers.

    m[t] = A m[t-1] + B u[t] + e[t]

A and B are what the codes stand for, exactly; e is what the narrowing drops.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding
from lmu_hw.spec import INPUT, Node, QuantizedLayer, QuantizedNetwork, Term

__all__ = ["QuantizedMemory", "interval", "quantized_memories", "values"]

Array = NDArray[np.float64]

_TO_NEAREST = (Rounding.HALF_UP, Rounding.HALF_EVEN)


@dataclass(frozen=True, kw_only=True, eq=False)
class QuantizedMemory:
    """A memory node of a quantized network.

    Attributes
    ----------
    name : str
        Of the node, ``layer.m``.
    layer : QuantizedLayer
    A, B : (d, d), (d,) float64
        Exact.
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
    def rounding_error(self) -> Fraction:
        """Largest error of a narrowing, in ulp; with feedback, of the residue around its mean."""
        nearest = self.requant.rounding in _TO_NEAREST
        return Fraction(1, 2) if nearest or self.error_feedback else Fraction(1)

    @property
    def open_loop(self) -> bool:
        """True if neither states nor hidden units feed back into u."""
        return not self.E_h and not self.E_m.any()

    @property
    def closed_loop(self) -> Array:
        """``A + B E_m`` over all segments: the recurrence while u does not saturate."""
        blocks = np.kron(np.eye(self.segments), self.A)
        return blocks + np.kron(np.eye(self.segments), self.B[:, None]) @ self.E_m


def quantized_memories(network: QuantizedNetwork) -> tuple[QuantizedMemory, ...]:
    """Return the memories of a network in evaluation order."""
    found = []
    for layer in network.layers:
        nodes = {node.name: node for node in layer.nodes}
        for node in layer.nodes:
            if node.name == f"{layer.name}.m":
                found.append(_memory(layer, node, nodes[f"{layer.name}.u"]))
    return tuple(found)


def values(node: Node, source: str, *, delayed: bool) -> Array | None:
    """Return the real weights by which a node reads a source, (rows, columns), or None."""
    for term in node.terms:
        if (term.source, term.delayed) == (source, delayed):
            return _values(node, term)
    return None


def interval(layer: QuantizedLayer, node: Node) -> int:
    """Return the largest magnitude of a node's narrowed total, in codes, before overflow.

    From the formats of its sources and the actual weights: valid whatever the sources do.
    """
    _, total = layer.sum_bounds(node)
    if node.dropped_bits <= 0:
        return total << -node.dropped_bits
    return (total >> node.dropped_bits) + 1


def _memory(layer: QuantizedLayer, m: Node, u: Node) -> QuantizedMemory:
    A = values(m, m.name, delayed=True)
    B = values(m, u.name, delayed=False)
    E_m = values(u, m.name, delayed=True)
    reached, fmt = interval(layer, u), u.requant.format
    saturates = reached > fmt.max_code or u.requant.overflow is Overflow.WRAP
    limit = fmt.max_magnitude if saturates else reached
    return QuantizedMemory(
        name=m.name,
        layer=layer,
        A=np.zeros((m.rows, m.rows)) if A is None else A,
        B=np.zeros(m.rows) if B is None else B[:, 0],
        segments=m.segments,
        requant=m.requant,
        error_feedback=m.error_feedback,
        u_limit=limit * Fraction(2) ** -fmt.frac_bits,
        u_saturates=saturates,
        E_m=np.zeros((u.rows, m.segments * m.rows)) if E_m is None else E_m,
        E_h=any(t.delayed and t.source not in (INPUT, m.name) for t in u.terms),
    )


def _values(node: Node, term: Term) -> Array:
    shifts = np.zeros(node.rows) if node.row_shifts is None else np.array(node.row_shifts)
    return term.weights.codes * 2.0 ** -(term.weights.format.frac_bits + shifts)[:, None]
