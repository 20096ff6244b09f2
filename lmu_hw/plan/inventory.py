# SPDX-License-Identifier: Apache-2.0
"""Every memory of a plan: words, bits, and whether it is made of tables or of blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lmu_hw.network import (
    INPUT,
    Factor,
    MemoryNode,
    Node,
    Offsets,
    QuantizedLayer,
    Slopes,
    Table,
    Term,
    activation_of,
)
from lmu_hw.network.semiseparable import Semiseparable
from lmu_hw.plan.banks import bank_depths, blocks, fits_luts
from lmu_hw.plan.layer import LayerPlan
from lmu_hw.plan.pipeline import Plan

__all__ = [
    "CELL",
    "Memory",
    "answer_queue",
    "constant_bits",
    "memories_of",
    "stored_vectors",
]

CELL = 16, 4
"""Words and bits of a memory made of tables."""

_CELLS_OF_A_BLOCK = 32
"""Synthesis takes a block of memory in place of as many of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """A memory of a part of a layer, or of the ports.

    Attributes
    ----------
    part : str
        As in `lmu_hw.plan.counts`.
    words, width : int
        Its words, and their bits.
    elements : int
        Pieces of a word that are written one by one.
    constant : bool
        A ROM.
    """

    part: str
    words: int
    width: int
    elements: int = 1
    constant: bool = False

    @property
    def tables(self) -> bool:
        """It is made of tables, not of blocks."""
        if self.constant:
            return fits_luts(self.words, self.width)
        return self.cells <= _CELLS_OF_A_BLOCK * self.blocks

    @property
    def blocks(self) -> int:
        """Blocks that it takes, if it takes any."""
        return blocks(self.words, self.width)

    @property
    def cells(self) -> int:
        """Memories of 16 words of 4 bits."""
        words, bits = CELL
        return -(-self.words // words) * self.elements * -(-self.width // self.elements // bits)


def memories_of(plan: LayerPlan) -> list[Memory]:
    """Return all memories of a layer."""
    return [*_roms(plan), *_rams(plan)]


def answer_queue(plan: Plan) -> Memory:
    """Return the memory in which an answer waits."""
    answer = plan.layers[-1].layer.output
    width = plan.beat * answer.format.width
    return Memory(part="ports", words=-(-answer.size // plan.beat), width=width)


def _roms(plan: LayerPlan) -> Iterator[Memory]:
    """Yield the memories of constants."""
    for rom in plan.coefficient_roms:
        width = rom.width * rom.lanes
        for depth in bank_depths(rom.depth, width):
            yield Memory(part="array", words=depth, width=width, constant=True)
    for node in plan.layer.nodes:
        table = activation_of(node)
        if isinstance(table, Table):
            for words, width in _table_roms(table):
                rom = Memory(part="output", words=words, width=width, constant=True)
                yield from [rom] * plan.beat
        if isinstance(node, MemoryNode) and (bits := plan.node(node).rom_bits):
            schedule = plan.node(node)
            part, width = f"memory, {node.realization}", bits // (schedule.words * schedule.chain)
            rom = Memory(part=part, words=schedule.words, width=width, constant=True)
            yield from [rom] * schedule.chain
    rows = sum(-(-node.rows // plan.beat) for node in plan.layer.sums if _differ(node))
    if rows:
        width = plan.beat * constant_bits(plan.layer)
        yield Memory(part="output", words=rows, width=width, constant=True)


def _table_roms(table: Table) -> Iterator[tuple[int, int]]:
    """Yield words and bits of the ROMs of an activation."""
    width = table.values.format.width
    match table.interpolation:
        case Slopes(codes=codes):
            yield table.words, width + codes.format.width
        case Offsets(codes=codes):
            yield table.words, width
            yield codes.codes.size, codes.format.width
        case None:
            yield table.words, width


def _differ(node: Node) -> bool:
    """Say whether the rows of a node have different constants."""
    biases = set() if node.bias is None else set(node.bias.codes.tolist())
    return len(biases) > 1 or len(set(node.row_shifts or ())) > 1


def constant_bits(layer: QuantizedLayer) -> int:
    """Return the bits of the constants of a row."""
    codes = [abs(code) for n in layer.sums if n.bias is not None for code in n.bias.codes.tolist()]
    halves = [1 << (n.dropped_bits - 1) for n in layer.sums if n.dropped_bits]
    largest = max(codes, default=0) + max(halves, default=0)
    return 1 + largest.bit_length() + max(n.max_row_shift for n in layer.sums).bit_length()


def stored_vectors(plan: LayerPlan) -> list[str]:
    """Return the nodes that are stored: others read them, not only a structured memory its u."""
    return sorted({read.source for read in _reads(plan)} - {INPUT})


def _reads(plan: LayerPlan) -> list[Term | Factor]:
    layer = plan.layer
    return [read for node in (*layer.sums, *layer.elementwise) for read in node.reads]


def _rams(plan: LayerPlan) -> Iterator[Memory]:
    """Yield the memories of vectors."""
    layer = plan.layer
    delayed = {read.source for read in _reads(plan) if read.delayed} | {INPUT}
    for name in [INPUT, *stored_vectors(plan)]:
        words, fmt = plan.storage(name).words, layer.signals[name].format
        yield Memory(
            part="vectors",
            words=words * (1 + (name in delayed)),
            width=plan.columns * fmt.width,
            elements=plan.columns // plan.beat,
        )
    for node in layer.structured:
        schedule, state = plan.node(node), node.requant.format.width
        words, part = -(-node.rows // schedule.chain), f"memory, {node.realization}"
        yield Memory(part=part, words=node.segments * words, width=schedule.chain * state)
        if isinstance(node.update, Semiseparable):
            width = max(node.update.forward.format.width, node.update.backward.format.width)
            depth = words * (node.segments if schedule.interleaved else 1)
            yield Memory(part=part, words=depth, width=node.update.rank * width)
    for node in layer.sums:
        if node.error_feedback:
            words = node.segments * -(-node.rows // plan.beat)
            yield Memory(part="output", words=words, width=plan.beat * node.dropped_bits)
