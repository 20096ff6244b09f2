# SPDX-License-Identifier: Apache-2.0
"""The schedule of one layer: its nodes one after the other, on one array of multipliers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, assert_never, overload

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import NetworkError
from lmu_hw.network import (
    AnyNode,
    ElementwiseNode,
    MemoryNode,
    Node,
    QuantizedLayer,
    Slopes,
    Table,
    Term,
    activation_of,
)
from lmu_hw.plan.coefficient_rom import CoefficientRom, shared_roms
from lmu_hw.plan.elementwise import ELEMENTWISE_LATENCY, ElementwisePlan
from lmu_hw.plan.memory import plan_class
from lmu_hw.plan.memory_plan import MEMORY_LATENCY, MemoryPlan
from lmu_hw.plan.node import (
    DRAIN_LATENCY,
    MAC_LATENCY,
    TABLE_LATENCY,
    NodePlan,
    Storage,
    is_fresh,
)
from lmu_hw.plan.reloadable import Reloadable
from lmu_hw.plan.row_constants import RowConstants, row_constants_of
from lmu_hw.plan.widths import Widths, bounds_of, widths_of

__all__ = ["LayerPlan"]


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
    memory_lanes : int
        At most so many multipliers compute each structured memory.
    reloadable : Reloadable
        Which coefficients can be written at run time.
    bank_words : int or None
        Most words of a bank of coefficients, a power of two; None: see `bank_depths`.
    arriving : int or None
        Elements of the input vector that come at once, a power of two; None: a beat of the layer.
    streams : int
        Independent sequences whose steps it computes, a power of two.
    contexts : int
        Steps of different streams that it computes at once.

    Raises
    ------
    NetworkError
        If an element-wise node reads a vector that is cut into segments.
    """

    layer: QuantizedLayer
    rows: int
    columns: int
    beat: int
    memory_lanes: int = 1
    reloadable: Reloadable = Reloadable.NONE
    bank_words: int | None = None
    arriving: int | None = None
    streams: int = 1
    contexts: int = 1

    def __post_init__(self) -> None:
        for name, least in (("rows", 1), ("columns", 1), ("beat", 1), ("memory_lanes", 0)):
            if (count := getattr(self, name)) < least:
                raise NetworkError(
                    f"{self.layer.name}: {name} must be at least {least}, not {count}"
                )
        for node in self.layer.elementwise:
            for factor in node.factors:
                segments = self.storage(factor.source).segments
                if segments > 1:
                    raise NetworkError(
                        f"{node.name}: {factor.source} must be stored in one piece in hardware, "
                        f"not in {segments} segments"
                    )

    @property
    def array_lanes(self) -> int:
        """Multipliers of the array."""
        return self.rows * self.columns

    @property
    def lanes(self) -> int:
        """Multipliers of the array, of all structured memories, and of the element-wise unit."""
        memories = sum(self.node(node).lanes for node in self.layer.structured)
        return self.array_lanes + memories + self.elementwise_lanes

    @property
    def multipliers(self) -> int:
        """All multipliers: those, and those of the slopes in tables."""
        return self.lanes + self.table_multipliers

    @property
    def elementwise_lanes(self) -> int:
        """Multipliers of the unit that the element-wise nodes share."""
        return self.beat * max((node.multipliers for node in self.layer.elementwise), default=0)

    @property
    def table_multipliers(self) -> int:
        """Multipliers beside those: of the slopes in tables, each in every element of a beat."""
        tables = [activation_of(node) for node in self.layer.nodes]
        sloped = [t for t in tables if isinstance(t, Table) and isinstance(t.interpolation, Slopes)]
        return self.beat * len(sloped)

    @property
    def writable(self) -> bool:
        """All coefficients can be written at run time: what holds them is sized by formats."""
        return self.reloadable is Reloadable.ALL

    @property
    def widths(self) -> Widths:
        """Bits of what the array works with."""
        return widths_of(self.layer, by_format=self.writable)

    def sum_bounds(self, node: AnyNode) -> tuple[int, int]:
        """Return bounds on every partial sum of a node, and on its total; see `bounds_of`."""
        return bounds_of(self.layer, node, by_format=self.writable)

    @property
    def reloadable_memories(self) -> tuple[MemoryNode, ...]:
        """The structured memories whose coefficients can be written at run time."""
        return tuple(node for node in self.layer.structured if self.node(node).reloadable)

    @property
    def beats_per_group(self) -> int:
        """Beats in which the rows of a group drain."""
        return self.rows // self.beat

    @property
    def tail(self) -> int:
        """Cycles from the last word that a sum reads until its codes can be read."""
        return MAC_LATENCY + self.beats_per_group + self.drain_latency

    @property
    def drain_latency(self) -> int:
        """Cycles from a row leaving the array to its code in memory, on the way all nodes share."""
        return DRAIN_LATENCY + self.table_wait

    @property
    def table_wait(self) -> int:
        """Cycles that every code waits because a table answers that late."""
        tabulated = any(isinstance(activation_of(node), Table) for node in self.layer.nodes)
        return TABLE_LATENCY - 1 if tabulated else 0

    @property
    def _elementwise_tail(self) -> int:
        """Cycles from the last element that is read until its code can be read."""
        return ELEMENTWISE_LATENCY + self.table_wait

    @property
    def input_beat(self) -> int:
        """Elements of the input vector that are written in one cycle, within a word of memory."""
        return self.beat if self.arriving is None else min(self.arriving, self.columns)

    @property
    def input_beats(self) -> int:
        """Cycles in which the input vector is written."""
        return -(-self.layer.input.size // self.input_beat)

    @property
    def output_beats(self) -> int:
        """Beats of the output vector."""
        return -(-self.layer.output.size // self.beat)

    def storage(self, source: str) -> Storage:
        """Return how a vector of the layer is stored."""
        readers = [
            node.segments
            for node in self.layer.sums
            for term in node.terms
            if term.source == source
        ]
        memories = [node.segments for node in self.layer.structured if node.name == source]
        segments = max(readers + memories, default=1)
        length = self.layer.signals[source].size // segments
        return Storage(
            segments=segments, length=length, words=segments * -(-length // self.columns)
        )

    def term_words(self, node: Node, term: Term) -> int:
        """Return the words that one group of a node reads for a term."""
        storage = self.storage(term.source)
        return storage.words_per_segment if node.segments > 1 else storage.words

    @overload
    def node(self, node: Node) -> NodePlan: ...

    @overload
    def node(self, node: ElementwiseNode) -> ElementwisePlan: ...

    @overload
    def node(self, node: MemoryNode) -> Any: ...

    def node(self, node: AnyNode) -> NodePlan | ElementwisePlan | MemoryPlan:
        """Return the schedule of a node; of a structured memory, by the kind of its update."""
        match node:
            case Node():
                return self._sum(node)
            case ElementwiseNode():
                return self._elementwise(node)
            case MemoryNode():
                return self._memory(node)
        assert_never(node)

    def _sum(self, node: Node) -> NodePlan:
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
            stall=max(self._tail_before(node) - ahead, 0),
            tail=self.tail,
        )

    def _memory(self, node: MemoryNode) -> MemoryPlan:
        kind = plan_class(node.update)
        return kind(
            update=node.update,
            segments=node.segments,
            lanes=kind.lane_counts(node.update, self.memory_lanes, self.beat)[-1],
            stall=self._tail_before(node),
            reloadable=self._reloadable(node),
            in_order=node.segments == 1 or node.name in self.layer.outputs,
        )

    def _reloadable(self, node: MemoryNode) -> bool:
        match self.reloadable:
            case Reloadable.NONE:
                return False
            case Reloadable.MEMORY:
                return node.update.reloadable
            case Reloadable.ALL:
                return True
        assert_never(self.reloadable)

    def _elementwise(self, node: ElementwiseNode) -> ElementwisePlan:
        before = self._before(node)
        # The first beat may be read in the cycle after the one in which the node before wrote it.
        ahead = self._beats(before) - 1 if isinstance(before, ElementwiseNode) else 0
        return ElementwisePlan(
            busy=self._beats(node),
            wait=self._tail_before(node),
            ahead=ahead,
            tail=self._elementwise_tail,
        )

    def _beats(self, node: ElementwiseNode) -> int:
        return -(-node.rows // self.beat)

    def written(self, node: AnyNode) -> NDArray[np.int64]:
        """Return the elements of a node in the order in which they are written."""
        elements = np.arange(node.signal.size)
        if isinstance(node, MemoryNode) and self.node(node).interleaved:
            return elements.reshape(node.segments, -1).T.ravel()
        return elements

    def _before(self, node: AnyNode) -> AnyNode | None:
        """Return the node before another one."""
        index = self.layer.nodes.index(node)
        return self.layer.nodes[index - 1] if index else None

    def _tail_before(self, node: AnyNode) -> int:
        """Return the tail of the node before another one; the first one waits for none."""
        before = self._before(node)
        match before:
            case None:
                return 0
            case Node():
                return self.tail
            case ElementwiseNode():
                return self._elementwise_tail
            case MemoryNode():
                return MEMORY_LATENCY
        assert_never(before)

    def cycles(self, *, last_step: bool) -> int:
        """Return the cycles of one time step at full load.

        The nodes one after the other, and the tail of the last one; the last step of a sequence may
        have nodes of its own.
        """
        plans = [self.node(n) for n in self.layer.nodes if last_step or not n.last_only]
        return sum(plan.cycles for plan in plans) + plans[-1].tail

    @property
    def coefficient_roms(self) -> tuple[CoefficientRom, ...]:
        """The ROMs of the coefficients of sums."""
        words = {node: self.node(node).rom_words for node in self.layer.sums}
        return shared_roms(words, self.array_lanes, self.bank_words)

    @property
    def row_constants(self) -> RowConstants:
        """What is added to the finished sums of rows."""
        return row_constants_of(self.layer, writable=self.writable)

    @property
    def rom_bits(self) -> int:
        """Bits of coefficients, padding included."""
        weights = sum(rom.bits for rom in self.coefficient_roms)
        return weights + sum(self.node(node).rom_bits for node in self.layer.structured)
