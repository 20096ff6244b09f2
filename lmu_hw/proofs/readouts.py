# SPDX-License-Identifier: Apache-2.0
"""What reads a memory, and how far what is read can be off.

The states of a memory in a basis of its own mean nothing by themselves: what counts is ``W m``. A
read-out reads the quantized states by its own weights, ``W' m'``, and for the same u

    W' m' - W m  =  sum over k of (W' A'**k B' - W A**k B) u[t-k]  +  rounding

so that coefficients, another discretization and the fit of the weights to the memory are one gain.
u is that of the hardware, whatever feeds it: nothing here asks for a network without feedback.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from lmu_hw.lmu import LmuLayer, Network, Role
from lmu_hw.network import INPUT, QuantizedNetwork
from lmu_hw.network.float_nodes import FloatNode, float_nodes
from lmu_hw.proofs.float_bounds import inflate
from lmu_hw.proofs.gains import Response, difference_gain, gains_of, input_gain
from lmu_hw.proofs.gramian import float_gains, gramian
from lmu_hw.proofs.likely import Spread
from lmu_hw.proofs.memories import QuantizedMemory, values
from lmu_hw.proofs.ranges import published
from lmu_hw.proofs.stability import StabilityError

__all__ = ["MemoryPair", "Readout", "ReadoutProof", "readouts_of"]

Array = NDArray[np.float64]
T = TypeVar("T")

_CLOSE = 1 << 20
"""Elements of rows times A up to which the rounding gain of a read-out is summed power by power."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Readout:
    """Weights by which a node reads a memory.

    Attributes
    ----------
    name : str
        Of the node; of the memory itself where the host reads its states.
    memory : str
        Of the memory's node.
    delayed : bool
        It reads the states of the step before.
    rows, ideal : (n, states) float64
        Quantized, and of the float network; over all segments.
    """

    name: str
    memory: str
    delayed: bool
    rows: Array
    ideal: Array

    def by_segment(self, order: int) -> Iterator[tuple[Array, Array]]:
        """Yield what reads each of the memories that share A and B."""
        for start in range(0, self.rows.shape[1], order):
            part = slice(start, start + order)
            yield self.rows[:, part], self.ideal[:, part]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadoutProof:
    """What is proved of a read-out, as values, for the u that the hardware computes.

    Attributes
    ----------
    name, memory, delayed
        See `Readout`.
    error : (n,)
        Coefficients, discretization and weights: for all inputs and all time.
    error_within : (n,)
        The same in the first steps of a sequence, as many as the certificate says.
    rounding : (n,)
        What narrowing adds in the worst case.
    likely_rounding : (n,) or None
        What it exceeds with a probability of 1e-12, if rounding errors are independent; None if
        nothing can be said.
    predicted_rounding : (n,) or None
        RMS of it, with white noise.
    peak : (n,)
        What the float read-out itself does not exceed.
    """

    name: str
    memory: str
    delayed: bool
    error: tuple[float, ...]
    error_within: tuple[float, ...]
    rounding: tuple[float, ...]
    likely_rounding: tuple[float, ...] | None
    predicted_rounding: tuple[float, ...] | None
    peak: tuple[float, ...]


def readouts_of(
    network: QuantizedNetwork, reference: Network, memory: QuantizedMemory
) -> tuple[Readout, ...]:
    """Return everything that reads a memory: nodes of its layer, or of the next, or the host."""
    index = network.layers.index(memory.layer)
    states = memory.segments * len(memory.B)
    found = []

    def add(layer: int, source: str) -> None:
        floats = {node.name: node for node in float_nodes(reference.layers[layer])}
        for node in network.layers[layer].sums:
            if node.role is Role.MEMORY:
                continue
            for delayed in (True, False):
                own = values(node, source, delayed=delayed)
                ideal = _ideal(floats[node.name], source, delayed)
                if own is None and ideal is None:
                    continue
                pair = (np.zeros((node.rows, states)) if w is None else w for w in (own, ideal))
                rows, ideal = (w[:, :states] for w in pair)
                found.append(
                    Readout(
                        name=node.name,
                        memory=memory.name,
                        delayed=delayed,
                        rows=rows,
                        ideal=ideal,
                    )
                )

    add(index, memory.name)
    if memory.name in memory.layer.outputs:
        if index + 1 < len(network.layers):
            add(index + 1, INPUT)
        else:
            eye = np.eye(states)
            name = memory.name
            found.append(Readout(name=name, memory=name, delayed=False, rows=eye, ideal=eye))
    return tuple(found)


def _ideal(node: object, source: str, delayed: bool) -> Array | None:
    if not isinstance(node, FloatNode):
        return None
    for term in node.terms:
        if (term.source, term.delayed) == (source, delayed):
            return term.matrix
    return None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReadoutGains:
    """What a read-out does to u and to errors, as values.

    Attributes
    ----------
    error, early, rounding : (n,) float64
        See `ReadoutProof`.
    ideal : (segments, n) float64
        Peak gains of the float memory, read by the float weights.
    """

    error: Array
    early: Array
    rounding: Array
    ideal: Array


class MemoryPair:
    """A quantized memory beside the float layer it stands for, with the gains of both.

    Parameters
    ----------
    memory : QuantizedMemory
    layer : LmuLayer
        In the same basis and scale, or one that the weights are fitted to.
    steps : int
        First steps of a sequence, of which more is said.

    Raises
    ------
    StabilityError
        If one of them is not stable.
    """

    def __init__(self, memory: QuantizedMemory, layer: LmuLayer, steps: int) -> None:
        self.memory, self.layer, self.steps = memory, layer, steps
        self.ideal_A, self.ideal_B = layer.memory.A, layer.memory.B
        self.gains = gains_of(memory.A, memory.paths, what=memory.name)
        self.ideal_gains = float_gains(self.ideal_A, what=f"{memory.name} in float")

    @cached_property
    def spread(self) -> Spread:
        """How independent rounding errors spread."""
        return Spread(self.memory)

    def gains_through(self, readout: Readout) -> ReadoutGains:
        """Return what a read-out does to u and to rounding errors."""
        memory, count = self.memory, len(readout.rows)
        error, early, dropped = (np.zeros(count) for _ in range(3))
        ideal = np.empty((memory.segments, count))
        for segment, (rows, ideal_rows) in enumerate(readout.by_segment(len(memory.B))):
            always, first = self._differences(rows, ideal_rows)
            error, early = error + always, early + first
            dropped = dropped + self._rounding(rows)
            ideal[segment] = self._ideal(ideal_rows)
        limit, ulp = float(memory.u_limit), memory.format.ulp
        return ReadoutGains(
            error=inflate(error * limit),
            early=inflate(early * limit),
            rounding=inflate(dropped * float(memory.rounding_error) * ulp),
            ideal=ideal,
        )

    def proof(self, readout: Readout, gains: ReadoutGains) -> ReadoutProof:
        """Return what is proved of a read-out, given its gains."""
        likely = predicted = None
        if self.spread.known:
            order = len(self.memory.B)
            parts = (self.spread.squares(rows) for rows, _ in readout.by_segment(order))
            squares = np.sum(list(parts), axis=0)
            exact = gains.rounding * (float(self.memory.off) / float(self.memory.rounding_error))
            likely = _tuple(np.minimum(self.spread.bound(squares) + exact, gains.rounding))
            predicted = _tuple(self.spread.rms(squares))
        return ReadoutProof(
            name=readout.name,
            memory=readout.memory,
            delayed=readout.delayed,
            error=_tuple(gains.error),
            error_within=_tuple(gains.early),
            rounding=_tuple(gains.rounding),
            likely_rounding=likely,
            predicted_rounding=predicted,
            peak=_tuple(inflate(gains.ideal.sum(axis=0) * float(self.memory.u_limit))),
        )

    def _differences(self, rows: Array, ideal_rows: Array) -> tuple[Array, Array]:
        own = Response(self.memory.A, self.memory.B, self.gains.lyapunov)
        ideal = Response(self.ideal_A, self.ideal_B, self.ideal_gains.lyapunov)
        first = own, self._row_gains(rows), rows
        second = ideal, self.ideal_gains.readout(ideal_rows), ideal_rows
        always, early = difference_gain(first, second, self.steps)
        return published(always), published(early)

    def _ideal(self, rows: Array) -> Array:
        gains = self.ideal_gains
        return published(
            input_gain(self.ideal_A, self.ideal_B, gains.lyapunov, gains.readout(rows), rows)
        )

    def _rounding(self, rows: Array) -> Array:
        """Return the published gain from rounding errors; with feedback, from the residues.

        ``e[t] = r[t-1] - r[t]`` reaches rows C as ``-C r[t] + sum of C A**k (I - A) r[t-1-k]``.
        """
        if not self.memory.error_feedback:
            return published(self._row_gains(rows))
        fed = self._row_gains(rows - rows @ self.memory.A)
        return published(np.abs(rows).sum(axis=1) + fed)

    def _row_gains(self, rows: Array) -> Array:
        """Return the rounding gains of rows: summed, or of many rows by one matrix, as above."""
        if rows.size * len(self.memory.B) <= _CLOSE:
            return self.gains.readout(rows)
        by_states = inflate(np.abs(rows) @ self.gains.rounding)
        try:
            return np.minimum(by_states, gramian(self.memory.A, self.memory.paths).gains(rows))
        except StabilityError:
            return by_states


def _tuple(values: Array) -> tuple[float, ...]:
    return tuple(values.tolist())
