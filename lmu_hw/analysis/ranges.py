# SPDX-License-Identifier: Apache-2.0
"""Range certificates: bounds on every node, for all inputs and all time.

The states of a memory are bounded by its gains, ``|m_i| <= u_limit g_i + delta T_i``. Every other
node is bounded by the formats of what it reads and by its actual weights; so is every partial sum,
which sizes the accumulators.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from lmu_hw.analysis.gains import Gains, gains_of, input_gain
from lmu_hw.analysis.memory import QuantizedMemory, interval
from lmu_hw.analysis.rigour import one_blas_thread
from lmu_hw.fixed import Overflow
from lmu_hw.spec import QuantizedNetwork

__all__ = [
    "GAIN_FRAC_BITS",
    "NodeRange",
    "RangeProof",
    "node_ranges",
    "prove_range",
    "published",
    "residual_gain",
]

Array = NDArray[np.float64]

GAIN_FRAC_BITS = 30
_SLACK = 1.0 / 8192.0  # by which published gains exceed the computed bounds, for who checks them
_MAX_BITS = 63


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRange:
    """Bound of one node before overflow is handled.

    Attributes
    ----------
    name : str
    bound, limit : int
        Largest magnitude of the narrowed sum, and of the format's positive end, in codes.
    overflow : Overflow
    by_gain : bool
        Proved by the gains of a memory; otherwise from the formats of its sources.
    accumulator_bits : int
        Width of a signed register that holds every partial sum.
    """

    name: str
    bound: int
    limit: int
    overflow: Overflow
    by_gain: bool
    accumulator_bits: int

    @property
    def proved(self) -> bool:
        """The node cannot leave its format."""
        return self.bound <= self.limit


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RangeProof:
    """Bounds of the states of a memory.

    Attributes
    ----------
    input_gain, rounding_gain : (d,) float64
        Published upper bounds, multiples of ``2**-30``; with error feedback the second is that of
        the residues.
    bound : tuple of int
        Of each state, in codes.
    """

    memory: QuantizedMemory
    input_gain: Array
    rounding_gain: Array
    bound: tuple[int, ...]

    @property
    def proved(self) -> bool:
        """No state can leave its format."""
        return max(self.bound) <= self.memory.format.max_code

    @property
    def value(self) -> float:
        """Largest bound, as a value."""
        return max(self.bound) * self.memory.format.ulp

    @property
    def bits(self) -> int | None:
        """Fewest state bits that are proved with these integer bits; None if no number is."""
        gains = list(zip(self.input_gain.tolist(), self.rounding_gain.tolist(), strict=True))
        delta, fmt = self.memory.rounding_error, self.memory.format
        for bits in range(max(2, fmt.int_bits + 1), _MAX_BITS + 1):
            per_ulp = self.memory.u_limit * Fraction(2) ** (bits - 1 - fmt.int_bits)
            reached = max(per_ulp * Fraction(g) + delta * Fraction(t) for g, t in gains)
            if reached <= (1 << (bits - 1)) - 1:
                return bits
        return None

    @property
    def scale(self) -> float | None:
        """By what u must be scaled down for these state bits to be proved; None if rounding alone
        fills the format."""
        fmt, limit = self.memory.format, float(self.memory.u_limit)
        room = fmt.max_value - float(self.memory.rounding_error) * fmt.ulp * self.rounding_gain
        fitting = float(np.min(room / (self.input_gain * limit), initial=np.inf))
        return min(1.0, fitting) if fitting > 0.0 else None


def prove_range(memory: QuantizedMemory) -> RangeProof:
    """Bound the states of a memory.

    Raises
    ------
    StabilityError
        If the memory is not stable, or not shown to be.
    """
    with one_blas_thread():
        gains = gains_of(memory.A, what=memory.name)
        g = published(input_gain(memory.A, memory.B, gains.lyapunov, gains.rounding))
        T = published(residual_gain(memory, gains))
    per_ulp = memory.u_limit * Fraction(2) ** memory.format.frac_bits
    return RangeProof(
        memory=memory,
        input_gain=g,
        rounding_gain=T,
        bound=tuple(
            -int(-(per_ulp * Fraction(x) + memory.rounding_error * Fraction(y)) // 1)
            for x, y in zip(g.tolist(), T.tolist(), strict=True)
        ),
    )


def published(gains: Array) -> Array:
    """Return gains rounded up to multiples of ``2**-30``, with a little slack for who checks."""
    return np.ceil(gains * (1.0 + _SLACK) * 2.0**GAIN_FRAC_BITS) * 2.0**-GAIN_FRAC_BITS


def residual_gain(memory: QuantizedMemory, gains: Gains, rows: Array | None = None) -> Array:
    """Return the gain from rounding errors to a read-out of the states.

    With error feedback from the residues r instead: ``e[t] = r[t-1] - r[t]`` reaches the rows C as
    ``-C r[t] + sum over k of C A**k (I - A) r[t-1-k]``.

    Parameters
    ----------
    memory : QuantizedMemory
    gains : Gains
        Of its A.
    rows : (n, d) float64, optional
        None: the states themselves.
    """
    if not memory.error_feedback:
        return gains.readout(rows)
    readout = np.eye(len(memory.A)) if rows is None else rows
    return np.abs(readout).sum(axis=1) + gains.readout(readout - readout @ memory.A)


def node_ranges(network: QuantizedNetwork, proved: Mapping[str, int]) -> tuple[NodeRange, ...]:
    """Return the ranges of all nodes; `proved` holds the bounds of the memories in codes."""
    found = []
    for layer in network.layers:
        for node in layer.nodes:
            partial, _ = layer.sum_bounds(node)
            by_format = interval(layer, node)
            bound = min(by_format, proved.get(node.name, by_format))
            found.append(
                NodeRange(
                    name=node.name,
                    bound=bound,
                    limit=node.requant.format.max_code,
                    overflow=node.requant.overflow,
                    by_gain=bound < by_format,
                    accumulator_bits=partial.bit_length() + 1,
                )
            )
    return tuple(found)
