# SPDX-License-Identifier: Apache-2.0
"""Range certificates: bounds on every node, for all inputs and all time.

The states of a memory are bounded by its gains, ``|m_i| <= u_limit g_i + delta T_i``, and so is
what a structured update computes on its way (`chains`). Every other node is bounded by the formats
of what it reads and by its actual weights; so is every partial sum, which sizes the accumulators.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from lmu_hw.fixed import Overflow
from lmu_hw.network import MemoryNode, QuantizedLayer, QuantizedNetwork
from lmu_hw.proofs.float_bounds import one_blas_thread
from lmu_hw.proofs.gains import Gains, gains_of, input_gain
from lmu_hw.proofs.gramian import Gramian, gramian
from lmu_hw.proofs.inner_ranges import chain_bounds, chain_interval, least_int_bits
from lmu_hw.proofs.linear import linear
from lmu_hw.proofs.linear_form import Carried
from lmu_hw.proofs.memories import QuantizedMemory, interval, quantized_memories

__all__ = [
    "GAIN_FRAC_BITS",
    "NodeRange",
    "RangeProof",
    "node_ranges",
    "prove_range",
    "prove_ranges",
    "proved_range",
    "proved_recursions",
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
    proved : bool
        The node cannot leave its format.
    by_gain : bool
        Proved by the gains of a memory; otherwise from the formats of its sources.
    accumulator_bits : int
        Width of a signed register that holds every partial sum.
    """

    name: str
    bound: int
    limit: int
    overflow: Overflow
    proved: bool
    by_gain: bool
    accumulator_bits: int


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
    carried : mapping of name to int
        Bounds of what a structured update carries, in codes.
    gramian : Gramian or None
        What shows them, if the gains do; None for a dense memory.
    """

    memory: QuantizedMemory
    input_gain: Array
    rounding_gain: Array
    bound: tuple[int, ...]
    carried: Mapping[str, int]
    gramian: Gramian | None

    @property
    def proved(self) -> bool:
        """No state can leave its format."""
        return max(self.bound) <= self.memory.format.max_code

    @property
    def value(self) -> float:
        """Largest bound, as a value."""
        return max(self.bound) * self.memory.format.ulp

    def holds_for(self, memory: QuantizedMemory) -> bool:
        """Say whether another memory is the same in all that the proof was made from.

        The integer bits of what is carried are not: they are chosen by the proof.
        """
        own = self.memory
        arrays = ((own.A, memory.A), (own.B, memory.B), (own.paths, memory.paths))
        return (
            _numbers(own) == _numbers(memory)
            and all(np.array_equal(*pair) for pair in arrays)
            and len(own.carried) == len(memory.carried)
            and all(map(Carried.same_sums, own.carried, memory.carried))
        )

    @property
    def bits(self) -> int | None:
        """Fewest state bits that are proved with these integer bits; None if no number is."""
        fmt, limit, delta = self.memory.format, self.memory.u_limit, self.memory.rounding_error
        gains, roundings = (
            np.array([int(x) for x in np.rint(published * 2.0**GAIN_FRAC_BITS)], object)
            for published in (self.input_gain, self.rounding_gain)
        )
        # All in units of `unit`: integers are many times faster than fractions.
        common = math.lcm(limit.denominator, delta.denominator)
        unit, dropped = common << GAIN_FRAC_BITS, int(delta * common) * roundings
        for bits in range(max(2, fmt.int_bits + 1), _MAX_BITS + 1):
            per_ulp = int(limit * common) << bits - 1 - fmt.int_bits
            if (per_ulp * gains + dropped).max() <= ((1 << bits - 1) - 1) * unit:
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
        gains = gains_of(memory.A, memory.paths, what=memory.name)
        g = published(input_gain(memory.A, memory.B, gains.lyapunov, gains.rounding))
        T = published(residual_gain(memory, gains))
        gram = gramian(memory.A, memory.paths) if memory.carried else None
        by_gain = {} if gram is None else chain_bounds(memory, gains, gram)
    per_ulp = memory.u_limit * Fraction(2) ** memory.format.frac_bits
    bound = tuple(
        -int(-(per_ulp * Fraction(x) + memory.rounding_error * Fraction(y)) // 1)
        for x, y in zip(g.tolist(), T.tolist(), strict=True)
    )
    carried = {
        one.name: chain_interval(one, memory.format, memory.u_format) for one in memory.carried
    }
    if max(bound) <= memory.format.max_code:
        carried = {name: min(reached, by_gain[name]) for name, reached in carried.items()}
    return RangeProof(
        memory=memory,
        input_gain=g,
        rounding_gain=T,
        bound=bound,
        carried=carried,
        gramian=gram,
    )


def proved_range(memory: QuantizedMemory, known: Iterable[RangeProof] = ()) -> RangeProof:
    """Return the proof among those that are known which holds for a memory, or a new one.

    Raises
    ------
    StabilityError
        As `prove_range`.
    """
    for proof in known:
        if proof.holds_for(memory):
            return replace(proof, memory=memory)
    return prove_range(memory)


def prove_ranges(
    network: QuantizedNetwork, known: Iterable[RangeProof] = ()
) -> dict[str, RangeProof]:
    """Return the proofs of all memories of a network by name; see `proved_range`."""
    known = tuple(known)
    return {memory.name: proved_range(memory, known) for memory in quantized_memories(network)}


def proved_recursions(proof: RangeProof) -> dict[str, int]:
    """Return the fewest integer bits of what a structured update carries, by name.

    The fraction bits are those of the update; formats with other integer bits leave the proof as it
    is.
    """
    memory = proof.memory
    return {
        one.name: least_int_bits(one, proof.carried[one.name], memory.u_format)
        for one in memory.carried
    }


def _numbers(memory: QuantizedMemory) -> tuple[object, ...]:
    """Return what a proof reads of a memory besides arrays."""
    return (
        memory.name,
        memory.requant,
        memory.u_format,
        memory.u_limit,
        memory.off,
        memory.error_feedback,
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


def node_ranges(
    network: QuantizedNetwork, proofs: Mapping[str, RangeProof]
) -> tuple[NodeRange, ...]:
    """Return the ranges of all nodes, given the proofs of memories by name.

    What a structured update carries follows its memory, as ``layer.m forward``.
    """
    found = []
    for layer in network.layers:
        for node in layer.nodes:
            partial, _ = layer.sum_bounds(node)
            by_format, proof = interval(layer, node), proofs.get(node.name)
            bound = by_format if proof is None else min(by_format, max(proof.bound))
            found.append(
                NodeRange(
                    name=node.name,
                    bound=bound,
                    limit=node.requant.format.max_code,
                    overflow=node.requant.overflow,
                    proved=bound <= node.requant.format.max_code,
                    by_gain=bound < by_format,
                    accumulator_bits=partial.bit_length() + 1,
                )
            )
            if isinstance(node, MemoryNode):
                found += _carried(layer, node, proof)
    return tuple(found)


def _carried(
    layer: QuantizedLayer, node: MemoryNode, proof: RangeProof | None
) -> Iterator[NodeRange]:
    for one in linear(node).carried:
        by_format = chain_interval(one, node.requant.format, layer.signals[node.source].format)
        bound = by_format if proof is None else proof.carried[one.name]
        yield NodeRange(
            name=f"{node.name} {one.name}",
            bound=bound,
            limit=one.format.max_code,
            overflow=Overflow.FORBID,
            proved=bound <= one.format.max_code,
            by_gain=bound < by_format,
            accumulator_bits=one.accumulator.bit_length() + 1,
        )
