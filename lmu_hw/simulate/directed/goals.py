# SPDX-License-Identifier: Apache-2.0
"""What stimuli are to reach inside a design: both ends of every sum, every entry of every table.

A sum that saturates is exercised where it lies outside its format before it is narrowed; each
element of a beat has a narrowing of its own, so each counts. A table's entries are the codes that
enter it. Bounds on the sums say which of all this cannot happen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from lmu_hw.fixed import Overflow
from lmu_hw.golden import GoldenModel, Overflows, Trace
from lmu_hw.golden.model import node_model
from lmu_hw.network import (
    INPUT,
    AnyNode,
    ElementwiseNode,
    MemoryNode,
    Node,
    QuantizedLayer,
    QuantizedNetwork,
    Table,
    activation_of,
)
from lmu_hw.plan import Plan
from lmu_hw.simulate.directed.intervals import Interval, sum_intervals

__all__ = ["NEVER", "End", "Entries", "Goals", "with_inputs"]

Codes = NDArray[np.int64]

NEVER = 1 << 60
"""The step of a goal that a sequence does not reach."""

_ELEMENTS = 4_000_000  # of a trace that are looked at together


@dataclass(frozen=True, slots=True)
class End:
    """An end of a saturating sum: to be left by at least one code.

    Attributes
    ----------
    node : str
    end : str
        ``low`` or ``high``.
    lane : int
        Element of a beat.
    """

    node: str
    end: str
    lane: int


@dataclass(frozen=True, slots=True, eq=False)
class Entries:
    """Entries of a table that can be read: its values, on each side of a mirror, and its offsets.

    Attributes
    ----------
    node : str
    first : int
        Number of the goal that is the first of them.
    count : int
    read : tuple of (codes,) int64
        For each code that may enter, counted from `low` on, which of them it reads: one in each
        part of the table.
    low : int
        The smallest code that may enter.
    """

    node: str
    first: int
    count: int
    read: tuple[Codes, ...]
    low: int


class Goals:
    """All goals of a design: `ends`, and after them the entries of `tables`.

    Parameters
    ----------
    network : QuantizedNetwork
    plan : Plan

    Attributes
    ----------
    ends : list of End
    tables : dict of node name to Entries
    count : int
    impossible : list of (node, end)
        Ends of saturating sums that bounds exclude.
    """

    def __init__(self, network: QuantizedNetwork, plan: Plan) -> None:
        self.network, self.beat = network, plan.beat
        self._golden = GoldenModel(network)
        self._bounds = sum_intervals(network)
        self.ends: list[End] = []
        self.tables: dict[str, Entries] = {}
        self.impossible: list[tuple[str, str]] = []
        self._wide: dict[str, Any] = {}
        for layer in network.layers:
            for node in layer.nodes:
                if node.requant.overflow is Overflow.SATURATE:
                    self._add_ends(layer, node)
        self.count = len(self.ends)
        for node in network.nodes:
            if isinstance(table := activation_of(node), Table):
                self._add_entries(node, table)
        self._numbers = {end: number for number, end in enumerate(self.ends)}

    def _add_ends(self, layer: QuantizedLayer, node: AnyNode) -> None:
        bounds, fmt = self._bounds[node.name], node.requant.format
        self._wide[node.name] = _without_limits(layer, node, bounds, self._golden.kind)
        lanes = self.lanes(node)
        for end, can in (("low", bounds.low < fmt.min_code), ("high", bounds.high > fmt.max_code)):
            self.ends += [End(node.name, end, lane) for lane in np.unique(lanes[can]).tolist()]
            if not can.any():
                self.impossible.append((node.name, end))

    def _add_entries(self, node: AnyNode, table: Table) -> None:
        bounds, fmt = self._bounds[node.name], node.requant.format
        low, high = (
            max(int(bounds.low.min()), fmt.min_code),
            min(int(bounds.high.max()), fmt.max_code),
        )
        read = table.reads(np.arange(low, high + 1))
        # What no code reads that may enter is no goal.
        possible, places = np.unique(np.concatenate(read), return_inverse=True)
        parts = tuple(np.split(places, len(read)))
        self.tables[node.name] = Entries(node.name, self.count, len(possible), parts, low)
        self.count += len(possible)

    def lanes(self, node: AnyNode) -> Codes:
        """Return the place in a beat of each element of a node."""
        return np.arange(node.signal.size) % node.rows % self.beat

    def look(self, codes: Codes) -> tuple[Codes, Codes]:
        """Return what sequences reach.

        Parameters
        ----------
        codes : (sequences, steps, inputs) int64

        Returns
        -------
        first : (sequences, goals) int64
            At which step each goal is reached first, or `NEVER`.
        distance : (sequences, ends) int64
            How many codes are missing to leave each end; at most 0 if it is left.
        """
        steps = codes.shape[1]
        width = sum(node.signal.size for node in self.network.nodes)
        chunk = max(1, _ELEMENTS // (steps * width))
        parts = [self._look(codes[n : n + chunk]) for n in range(0, len(codes), chunk)]
        first, distance = zip(*parts, strict=True)
        return np.concatenate(first), np.concatenate(distance)

    def _look(self, codes: Codes) -> tuple[Codes, Codes]:
        trace = self._golden.trace(codes)
        first = np.full((len(codes), self.count), NEVER)
        distance = np.zeros((len(codes), len(self.ends)), np.int64)
        for layer, x in with_inputs(self.network, trace):
            for node in layer.nodes:
                if node.name in self._wide:
                    self._look_at_sum(node, self._sums(layer, node, x, trace, 0), first, distance)
                if node.name in self.tables:
                    self._look_at_table(node, trace, first)
        return first, distance

    def at_last(self, codes: Codes) -> tuple[Codes, Codes, Trace]:
        """Return where the last step of sequences is.

        Parameters
        ----------
        codes : (sequences, steps, inputs) int64

        Returns
        -------
        distance : (sequences, ends) int64
            As in `look`, but at the last step, and without what error feedback keeps.
        nearest : (sequences, ends) int64
            The element of the node that is nearest to each end.
        trace : Trace
        """
        trace = self._golden.trace(codes)
        shape = len(codes), len(self.ends)
        distance, nearest = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        for layer, x in with_inputs(self.network, trace):
            for node in layer.nodes:
                if node.name in self._wide:
                    sums = self._sums(layer, node, x, trace, x.shape[1] - 1)[:, -1]
                    for number, elements, short in self._short(node, sums):
                        best = short.argmin(axis=1)
                        distance[:, number] = short[np.arange(len(short)), best] + 1
                        nearest[:, number] = elements[best]
        return distance, nearest, trace

    def _look_at_sum(self, node: AnyNode, sums: Codes, first: Codes, distance: Codes) -> None:
        for number, _, short in self._short(node, sums):
            missing = short.min(axis=2)
            outside = missing < 0
            first[:, number] = np.where(outside.any(axis=1), outside.argmax(axis=1), NEVER)
            distance[:, number] = missing.min(axis=1) + 1

    def _short(self, node: AnyNode, sums: Codes) -> Iterator[tuple[int, Codes, Codes]]:
        """Yield for each goal its elements, and how far their sums are inside the format."""
        lanes, fmt = self.lanes(node), node.requant.format
        for end, short in (("low", sums - fmt.min_code), ("high", fmt.max_code - sums)):
            for lane in range(min(node.rows, self.beat)):
                number = self._numbers.get(End(node.name, end, lane))
                if number is not None:
                    elements = np.flatnonzero(lanes == lane)
                    yield number, elements, short[..., elements]

    def _look_at_table(self, node: Any, trace: Trace, first: Codes) -> None:
        entering, entries = trace.codes[node.pre_activation], self.tables[node.name]
        sequence, step = np.ogrid[: entering.shape[0], : entering.shape[1]]
        sequence, step = sequence[:, :, None], step[:, :, None]
        for read in entries.read:
            columns = entries.first + read[entering - entries.low]
            np.minimum.at(first, tuple(np.broadcast_arrays(sequence, columns)), step)

    def _sums(
        self, layer: QuantizedLayer, node: AnyNode, x: Codes, trace: Trace, begin: int
    ) -> Codes:
        """Return the rounded sums of a node before they are limited, (sequences, steps, width).

        From the step `begin` on; of a node that is computed at the last step only, that one.
        """
        model, kind = self._wide[node.name], self._golden.kind
        values = {name: trace.codes[name] for name in layer.signals if name != INPUT} | {INPUT: x}
        steps, sums = x.shape[1], []
        residue: dict[str, NDArray[Any]] = {}

        def at(step: int) -> dict[str, NDArray[Any]]:
            if step < 0:
                return {name: np.zeros_like(codes[:, 0], kind) for name, codes in values.items()}
            return {
                name: codes[:, min(step, codes.shape[1] - 1)].astype(kind)
                for name, codes in values.items()
            }

        for step in range(steps - 1 if node.last_only else begin, steps):
            now = at(step)
            pre, _ = model.step(now, at(step - 1) | residue, Overflows())
            residue = {name: array for name, array in now.items() if name not in values}
            sums.append(pre.astype(np.int64))
        return np.stack(sums, axis=1)


def _without_limits(layer: QuantizedLayer, node: AnyNode, bounds: Interval, kind: Any) -> Any:
    """Return the golden model of a node whose format holds every sum, without activation."""
    fmt = node.requant.format
    bits = max(-int(bounds.low.min()), int(bounds.high.max()), 1).bit_length() - fmt.frac_bits
    wide = replace(fmt, signed=True, int_bits=max(bits, fmt.int_bits + 1))
    requant = replace(node.requant, format=wide)
    match node:
        case Node() | ElementwiseNode():
            return node_model(layer, replace(node, requant=requant, activation=None), kind)
        case MemoryNode():
            return node_model(layer, replace(node, requant=requant), kind)
    assert_never(node)


def with_inputs(network: QuantizedNetwork, trace: Trace) -> Iterator[tuple[QuantizedLayer, Codes]]:
    """Yield every layer with its input codes, (sequences, steps, width)."""
    x = trace.codes[INPUT]
    for layer in network.layers:
        yield layer, x
        steps, output = x.shape[1], layer.output
        parts = []
        for name in layer.outputs:
            codes = x if name == INPUT else trace.codes[name]
            shape = (len(codes), steps, codes.shape[2])
            up = output.format.frac_bits - layer.signals[name].format.frac_bits
            parts.append(np.broadcast_to(codes, shape) << up)
        x = np.concatenate(parts, axis=2)
        x = x[:, -1:] if layer.last_only else x
