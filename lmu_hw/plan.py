# SPDX-License-Identifier: Apache-2.0
"""The plan: how many multipliers compute a layer, and how many cycles that takes, in closed form.

A layer has one array of ``rows x columns`` multipliers. It computes `rows` rows of a node at once
and takes `columns` elements of a source in each cycle; finished rows leave `beat` at a time. The
plan changes timing and area, never a bit of output.
"""

from __future__ import annotations

from dataclasses import dataclass

from lmu_hw.errors import ConfigError
from lmu_hw.spec import INPUT, Node, QuantizedLayer, QuantizedNetwork, Term

__all__ = [
    "DRAIN_LATENCY",
    "MAC_LATENCY",
    "LayerPlan",
    "NodePlan",
    "Plan",
    "Storage",
    "is_fresh",
    "make_plan",
]

MAC_LATENCY = 5
"""Cycles from the address of a coefficient to the finished sum: read, select, multiply, add."""

DRAIN_LATENCY = 5
"""Cycles from a row leaving the array to its code in memory: bias, round, table, select, write."""

_AS_FAST = 1.02
"""Among plans whose cycles differ by at most this factor, the one with the fewest multipliers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """How a vector lies in a memory of `columns`-element words.

    Parameters
    ----------
    segments : int
        Parts that start on a word of their own.
    length : int
        Elements of a segment.
    words : int
        Words of all segments.
    """

    segments: int
    length: int
    words: int

    @property
    def words_per_segment(self) -> int:
        """Words of one segment."""
        return self.words // self.segments


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePlan:
    """Schedule of one node.

    Parameters
    ----------
    segments : int
        Passes over the rows, one for each memory.
    groups : int
        Groups of rows in one pass.
    blocks : tuple of int
        Words read for each term in one group.
    period : int
        Cycles of one group: its words, or the beats it takes to drain the group before.
    stall : int
        Cycles that the first group waits for the node before it, whose codes it reads.
    """

    segments: int
    groups: int
    blocks: tuple[int, ...]
    period: int
    stall: int

    @property
    def idle(self) -> int:
        """Cycles before the words of a group, in which the group before drains."""
        return self.period - sum(self.blocks)

    @property
    def rom_words(self) -> int:
        """Words of coefficients, each holding one coefficient for every multiplier."""
        return self.groups * sum(self.blocks)

    @property
    def cycles(self) -> int:
        """Cycles in which the node occupies the multipliers."""
        return self.stall + self.segments * self.groups * self.period


def is_fresh(term: Term) -> bool:
    """Say whether a term reads what a node before it has computed in the same step."""
    return term.source != INPUT and not term.delayed


@dataclass(frozen=True, kw_only=True)
class LayerPlan:
    """Schedule of one layer.

    Parameters
    ----------
    layer : QuantizedLayer
    rows, columns : int
        Shape of the multiplier array.
    beat : int
        Elements that leave the array, and move between layers, in one cycle.
    """

    layer: QuantizedLayer
    rows: int
    columns: int
    beat: int

    @property
    def lanes(self) -> int:
        """Number of multipliers."""
        return self.rows * self.columns

    @property
    def beats_per_group(self) -> int:
        """Beats in which the rows of a group drain."""
        return self.rows // self.beat

    @property
    def tail(self) -> int:
        """Cycles from the last word that a node reads until its codes can be read."""
        return MAC_LATENCY + self.beats_per_group + DRAIN_LATENCY

    @property
    def input_beats(self) -> int:
        """Beats of the input vector."""
        return -(-self.layer.input.size // self.beat)

    @property
    def output_beats(self) -> int:
        """Beats of the output vector."""
        return -(-self.layer.output.size // self.beat)

    def storage(self, source: str) -> Storage:
        """Return how a vector of the layer is stored."""
        readers = [
            node.segments
            for node in self.layer.nodes
            for term in node.terms
            if term.source == source
        ]
        segments = max(readers, default=1)
        length = self.layer.signals[source].size // segments
        return Storage(
            segments=segments, length=length, words=segments * -(-length // self.columns)
        )

    def term_words(self, node: Node, term: Term) -> int:
        """Return the words that one group of a node reads for a term."""
        storage = self.storage(term.source)
        return storage.words_per_segment if node.segments > 1 else storage.words

    def node(self, node: Node) -> NodePlan:
        """Return the schedule of a node."""
        blocks = tuple(self.term_words(node, term) for term in node.terms)
        period = max(sum(blocks), self.beats_per_group)
        ahead = period - sum(blocks)
        for term, words in zip(node.terms, blocks, strict=True):
            if is_fresh(term):
                break
            ahead += words
        else:
            ahead = self.tail
        return NodePlan(
            segments=node.segments,
            groups=-(-node.rows // self.rows),
            blocks=blocks,
            period=period,
            stall=max(self.tail - ahead, 0),
        )

    def cycles(self, *, last_step: bool) -> int:
        """Return the cycles of one time step at full load.

        The nodes one after the other, and the tail of the last one; the last step of a sequence may
        have nodes of its own.
        """
        busy = sum(
            self.node(node).cycles for node in self.layer.nodes if last_step or not node.last_only
        )
        return busy + self.tail

    @property
    def rom_bits(self) -> int:
        """Bits of coefficients, padding included."""
        return sum(
            self.node(node).rom_words
            * self.lanes
            * max(term.weights.format.width for term in node.terms)
            for node in self.layer.nodes
        )


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Schedule of a network: every layer is a stage of a pipeline."""

    layers: tuple[LayerPlan, ...]

    @property
    def lanes(self) -> int:
        """Multipliers of all layers."""
        return sum(layer.lanes for layer in self.layers)

    @property
    def beat(self) -> int:
        """Elements that move between layers in one cycle."""
        return self.layers[0].beat

    @property
    def every_step(self) -> tuple[LayerPlan, ...]:
        """The layers that run at every step: up to the first one that answers once."""
        for count, layer in enumerate(self.layers, 1):
            if layer.layer.last_only:
                return self.layers[:count]
        return self.layers

    def cycles(self, *, last_step: bool) -> int:
        """Return the cycles from one time step to the next at full load.

        The slowest of the layers that run at every step, and of the transfers between them.
        """
        cycles = self.layers[0].input_beats
        for layer in self.layers if last_step else self.every_step:
            cycles = max(cycles, layer.cycles(last_step=last_step))
            if last_step or not layer.layer.last_only:
                cycles = max(cycles, layer.output_beats + 1)
        return cycles

    def utilization(self, layer: LayerPlan, *, last_step: bool = False) -> float:
        """Return the share of cycles in which the multipliers of a layer do needed work."""
        products = layer.layer.multiplications(last_step=last_step)
        return products / (layer.lanes * self.cycles(last_step=last_step))


def make_plan(network: QuantizedNetwork, lanes: int | None) -> Plan:
    """Choose the multiplier arrays of all layers.

    The slowest layer gets `lanes` multipliers; the others get as few as keep up with it.

    Parameters
    ----------
    network : QuantizedNetwork
    lanes : int or None
        None: fully unrolled, all rows and all columns of every layer at once.

    Raises
    ------
    ConfigError
        If lanes is less than 1.
    """
    if lanes is not None and lanes < 1:
        raise ConfigError(f"--lanes must be at least 1, not {lanes}")
    plans = [_best_at_any_beat(network, lanes, beat) for beat in _beats(network, lanes)]
    fastest = min(plan.cycles(last_step=False) for plan in plans)
    # A wider beat shortens the tail a little, but makes every array at least beat x beat.
    as_fast = [plan for plan in plans if plan.cycles(last_step=False) <= _AS_FAST * fastest]
    return min(as_fast, key=lambda plan: (plan.lanes, plan.cycles(last_step=False), plan.beat))


def _beats(network: QuantizedNetwork, lanes: int | None) -> list[int]:
    # Segments of one element, and outputs of several nodes, cannot be packed into wider beats.
    for layer in network.layers:
        if len(layer.outputs) > 1 or any(node.segments > 1 for node in layer.nodes):
            return [1]
    # An array has at least one beat of rows and one beat of columns.
    return [beat for beat in (1, 2, 4, 8, 16, 32, 64) if lanes is None or beat**2 <= lanes]


def _best_at_any_beat(network: QuantizedNetwork, lanes: int | None, beat: int) -> Plan:
    fastest = [_fastest(_shapes(layer, lanes, beat)) for layer in network.layers]
    if lanes is None:
        return Plan(layers=tuple(fastest))
    slowest = Plan(layers=tuple(fastest)).cycles(last_step=False)
    once = Plan(layers=tuple(fastest)).cycles(last_step=True)
    running = Plan(layers=tuple(fastest)).every_step
    # A layer behind one that answers once has the cycles of a last step.
    return Plan(
        layers=tuple(
            _smallest(plan, lanes, slowest if plan in running else once) for plan in fastest
        )
    )


def _shapes(layer: QuantizedLayer, lanes: int | None, beat: int) -> list[LayerPlan]:
    """Return every useful array of at most `lanes` multipliers."""
    most_rows = -(-max(node.rows for node in layer.nodes) // beat) * beat
    most_columns = max(term.weights.codes.shape[1] for node in layer.nodes for term in node.terms)
    plans = []
    columns = beat
    while columns == beat or columns < 2 * most_columns:
        rows = most_rows if lanes is None else min(lanes // columns // beat * beat, most_rows)
        if rows:
            plans.append(LayerPlan(layer=layer, rows=rows, columns=columns, beat=beat))
        columns *= 2
    return plans


def _fastest(plans: list[LayerPlan]) -> LayerPlan:
    return min(plans, key=lambda plan: (plan.cycles(last_step=True), plan.lanes))


def _smallest(fastest: LayerPlan, lanes: int, cycles: int) -> LayerPlan:
    """Return the array with the fewest multipliers that needs at most `cycles` for a step."""
    low, high = 1, min(lanes, fastest.lanes)
    best = fastest
    while low <= high:
        count = (low + high) // 2
        plans = _shapes(fastest.layer, count, fastest.beat)
        plan = _fastest(plans) if plans else None
        if plan is not None and plan.cycles(last_step=True) <= cycles:
            best, high = plan, count - 1
        else:
            low = count + 1
    return best
