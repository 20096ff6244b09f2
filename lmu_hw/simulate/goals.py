# SPDX-License-Identifier: Apache-2.0
"""What stimuli are to reach inside a design: both ends of every sum, every entry of every table.

A sum that saturates is exercised where it lies outside its format before it is narrowed; each
element of a beat has a narrowing of its own, so each counts. A table's entries are the codes that
enter it. Bounds on the sums say which of all this cannot happen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmu_hw.fixed import Overflow, Rounding
from lmu_hw.golden import GoldenModel, Overflows, Trace
from lmu_hw.golden.model import node_model
from lmu_hw.network import (
    INPUT,
    AnyNode,
    ElementwiseNode,
    Node,
    QuantizedLayer,
    QuantizedNetwork,
    Table,
)
from lmu_hw.plan import Plan

__all__ = ["NEVER", "End", "Entries", "Goals"]

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


@dataclass(frozen=True, slots=True)
class Entries:
    """Entries of a table that can be read.

    Attributes
    ----------
    node : str
    low, high : int
        The codes that enter, both included.
    first : int
        Number of the goal that is the entry of `low`.
    """

    node: str
    low: int
    high: int
    first: int


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
        self.ends: list[End] = []
        self.tables: dict[str, Entries] = {}
        self.impossible: list[tuple[str, str]] = []
        self._wide: dict[str, Any] = {}
        for layer in network.layers:
            for node in layer.nodes:
                if node.requant.overflow is Overflow.SATURATE:
                    self._add_ends(layer, node)
        self.count = len(self.ends)
        for layer in network.layers:
            for node in _activated(layer):
                if isinstance(node.activation, Table):
                    self._add_entries(layer, node)
        self._numbers = {end: number for number, end in enumerate(self.ends)}

    def _add_ends(self, layer: QuantizedLayer, node: AnyNode) -> None:
        self._wide[node.name] = _without_limits(layer, node, self._golden.kind)
        (low, high), fmt = _code_bounds(layer, node), node.requant.format
        for end, can in (("low", low < fmt.min_code), ("high", high > fmt.max_code)):
            if can:
                lanes = range(min(node.rows, self.beat))
                self.ends += [End(node.name, end, lane) for lane in lanes]
            else:
                self.impossible.append((node.name, end))

    def _add_entries(self, layer: QuantizedLayer, node: Node | ElementwiseNode) -> None:
        (low, high), fmt = _code_bounds(layer, node), node.requant.format
        low, high = max(low, fmt.min_code), min(high, fmt.max_code)
        self.tables[node.name] = Entries(node.name, low, high, self.count)
        self.count += high - low + 1

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
        for layer, x in _with_inputs(self.network, trace):
            for node in layer.nodes:
                if node.name in self._wide:
                    self._look_at_sum(node, self._sums(layer, node, x, trace), first, distance)
                if node.name in self.tables:
                    self._look_at_table(node, trace, first)
        return first, distance

    def _look_at_sum(self, node: AnyNode, sums: Codes, first: Codes, distance: Codes) -> None:
        lanes = np.arange(sums.shape[2]) % node.rows % self.beat
        fmt = node.requant.format
        for end, short in (("low", sums - fmt.min_code), ("high", fmt.max_code - sums)):
            for lane in range(min(node.rows, self.beat)):
                number = self._numbers.get(End(node.name, end, lane))
                if number is not None:
                    nearest = short[:, :, lanes == lane].min(axis=2)
                    outside = nearest < 0
                    first[:, number] = np.where(outside.any(axis=1), outside.argmax(axis=1), NEVER)
                    distance[:, number] = nearest.min(axis=1) + 1

    def _look_at_table(self, node: Any, trace: Trace, first: Codes) -> None:
        entering, entries = trace.codes[node.pre_activation], self.tables[node.name]
        sequence, step = np.ogrid[: entering.shape[0], : entering.shape[1]]
        sequence, step = sequence[:, :, None], step[:, :, None]
        columns = entries.first + entering - entries.low
        np.minimum.at(first, tuple(np.broadcast_arrays(sequence, columns)), step)

    def _sums(self, layer: QuantizedLayer, node: AnyNode, x: Codes, trace: Trace) -> Codes:
        """Return the rounded sums of a node before they are limited, (sequences, steps, width)."""
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

        for step in [steps - 1] if node.last_only else range(steps):
            now = at(step)
            pre, _ = model.step(now, at(step - 1) | residue, Overflows())
            residue = {name: array for name, array in now.items() if name not in values}
            sums.append(pre.astype(np.int64))
        return np.stack(sums, axis=1)


def _activated(layer: QuantizedLayer) -> tuple[Node | ElementwiseNode, ...]:
    """Return the nodes that may have an activation."""
    return (*layer.sums, *layer.elementwise)


def _code_bounds(layer: QuantizedLayer, node: AnyNode) -> tuple[int, int]:
    """Return bounds on the rounded sum of a node, in codes of its format."""
    low, high = _sum_bounds(layer, node)
    shift = node.dropped_bits
    if shift <= 0:
        return low << -shift, high << -shift
    up = 0 if node.requant.rounding in (Rounding.FLOOR, Rounding.TOWARD_ZERO) else 1 << shift - 1
    return low >> shift, high + up >> shift


def _sum_bounds(layer: QuantizedLayer, node: AnyNode) -> tuple[int, int]:
    bound = layer.sum_bounds(node)[1]
    if not isinstance(node, Node):
        return -bound, bound
    low, high = np.zeros(node.rows, object), np.zeros(node.rows, object)
    for term in node.terms:
        least, most = _range_of(layer, term.source)
        weights = term.weights.codes.astype(object) << layer.term_shift(node, term)
        ends = np.stack([weights * least, weights * most])
        low += ends.min(axis=0).sum(axis=1)
        high += ends.max(axis=0).sum(axis=1)
    if node.row_shifts is not None:
        up = np.array([1 << node.max_row_shift - shift for shift in node.row_shifts], object)
        low, high = low * up, high * up
    bias = 0 if node.bias is None else node.bias.codes.astype(object)
    residue = (1 << node.dropped_bits) - 1 if node.error_feedback else 0
    return int(np.min(low + bias)), int(np.max(high + bias)) + residue


def _range_of(layer: QuantizedLayer, source: str) -> tuple[int, int]:
    """Return the smallest and the largest code of what a node reads; 0 is the one before."""
    node = next((node for node in layer.nodes if node.name == source), None)
    if node in _activated(layer) and isinstance(node.activation, Table):
        codes = node.activation.codes.codes
        return min(int(codes.min()), 0), max(int(codes.max()), 0)
    fmt = layer.signals[source].format
    return fmt.min_code, fmt.max_code


def _without_limits(layer: QuantizedLayer, node: AnyNode, kind: Any) -> Any:
    """Return the golden model of a node whose format holds every sum, without activation."""
    low, high = _code_bounds(layer, node)
    fmt = node.requant.format
    bits = max(-low, high, 1).bit_length() - fmt.frac_bits
    wide = replace(fmt, signed=True, int_bits=max(bits, fmt.int_bits + 1))
    requant = replace(node.requant, format=wide)
    changed = {} if node not in _activated(layer) else {"activation": None}
    return node_model(layer, replace(node, requant=requant, **changed), kind)


def _with_inputs(network: QuantizedNetwork, trace: Trace) -> Iterator[tuple[QuantizedLayer, Codes]]:
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
