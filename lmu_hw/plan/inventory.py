# SPDX-License-Identifier: Apache-2.0
"""Every memory and every multiplier of a plan, with their bits, as lmu_hw.hdl builds them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from lmu_hw.network import (
    INPUT,
    Factor,
    MemoryNode,
    Offsets,
    Slopes,
    Table,
    Term,
    activation_of,
)
from lmu_hw.network.semiseparable import Semiseparable
from lmu_hw.plan.layer import LayerPlan
from lmu_hw.plan.pipeline import Plan

__all__ = [
    "CELL",
    "Memory",
    "Multipliers",
    "answer_queue",
    "is_followed",
    "memories_of",
    "multipliers_of",
    "page_words",
    "pages_of",
    "stored_vectors",
    "vector_memory",
]

CELL = 16, 4
"""Words and bits of a memory made of tables."""


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
    def cells(self) -> int:
        """Memories of 16 words of 4 bits."""
        words, bits = CELL
        return -(-self.words // words) * self.elements * -(-self.width // self.elements // bits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Multipliers:
    """Multipliers of the same widths.

    Attributes
    ----------
    count : int
    widths : tuple of int
        Bits of both factors.
    """

    count: int
    widths: tuple[int, int]


def multipliers_of(plan: LayerPlan) -> list[Multipliers]:
    """Return all multipliers of a layer."""
    widths = plan.widths
    array = Multipliers(count=plan.array_lanes, widths=(widths.weight, widths.operand))
    schedules = [(plan.node(node), node.requant.format) for node in plan.layer.structured]
    memories = [
        Multipliers(count=schedule.lanes, widths=schedule.factor_bits(state))
        for schedule, state in schedules
    ]
    return [array, *memories, *_slopes(plan), *_elements(plan)]


def _slopes(plan: LayerPlan) -> Iterator[Multipliers]:
    """Yield the multipliers of the slopes in tables."""
    for node in plan.layer.nodes:
        table = activation_of(node)
        if isinstance(table, Table) and isinstance(table.interpolation, Slopes):
            slope = table.interpolation.codes.format.width
            yield Multipliers(count=plan.beat, widths=(slope, table.low_bits))


def _elements(plan: LayerPlan) -> Iterator[Multipliers]:
    """Yield the multipliers of element-wise nodes: each is in one place in all of them."""
    pairs = [
        [product.factors for product in node.products if len(product.factors) == 2]
        for node in plan.layer.elementwise
    ]
    for place in range(max(map(len, pairs), default=0)):
        sharing = [of_node[place] for of_node in pairs if place < len(of_node)]
        first, second = (
            max(_signed_bits(plan, factor) for factor in factors)
            for factors in zip(*sharing, strict=True)
        )
        yield Multipliers(count=plan.beat, widths=(first, second))


def _signed_bits(plan: LayerPlan, factor: Factor) -> int:
    fmt = plan.layer.signals[factor.source].format
    return fmt.width + (not fmt.signed)


def memories_of(plan: LayerPlan) -> list[Memory]:
    """Return all memories of a layer."""
    return [*_roms(plan), *_rams(plan)]


def answer_queue(plan: Plan) -> Memory:
    """Return the memory in which an answer waits, or several from which packets are sent."""
    answer, word = plan.layers[-1].layer.output, plan.answer_word
    return Memory(
        part="ports",
        words=-(-answer.size // word) * plan.answers_held,
        width=word * answer.format.width,
        elements=word // plan.beat,
    )


def _roms(plan: LayerPlan) -> Iterator[Memory]:
    """Yield the memories of constants."""
    constant = not plan.writable
    for rom in plan.coefficient_roms:
        for depth in rom.banks:
            yield Memory(part="array", words=depth, width=rom.word_bits, constant=constant)
    for node in plan.layer.nodes:
        table = activation_of(node)
        if isinstance(table, Table):
            for words, width in _table_roms(table):
                rom = Memory(part="output", words=words, width=width, constant=constant)
                yield from [rom] * plan.beat
        if isinstance(node, MemoryNode) and (bits := plan.node(node).rom_bits):
            schedule = plan.node(node)
            part, width = f"memory, {node.realization}", bits // (schedule.words * schedule.chain)
            rom = Memory(part=part, words=schedule.words, width=width, constant=True)
            yield from [rom] * schedule.chain
    rows = plan.row_constants
    if words := rows.words(plan.beat):
        yield Memory(part="output", words=words, width=plan.beat * rows.bits, constant=constant)


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


def stored_vectors(plan: LayerPlan) -> list[str]:
    """Return the nodes that are stored: others read them, not only a structured memory its u."""
    return sorted({read.source for read in _reads(plan)} - {INPUT})


def _reads(plan: LayerPlan) -> list[Term | Factor]:
    layer = plan.layer
    return [read for node in (*layer.sums, *layer.elementwise) for read in node.reads]


def is_followed(plan: LayerPlan, name: str) -> bool:
    """Say whether an element-wise node reads a vector beat by beat, as another one writes it.

    Beats of a word then lie in memories of their own: while one is read the next is written.
    """
    writers = {node.name for node in plan.layer.elementwise}
    reads = (factor for node in plan.layer.elementwise for factor in node.factors)
    return name in writers and any(read.source == name and not read.delayed for read in reads)


def pages_of(plan: LayerPlan, name: str) -> int:
    """Return how many vectors of a name are stored at once.

    Of a vector whose previous value is read while the next is written there are two for each
    stream; of others, one for each context. Of input vectors, there are those that are read and
    those that are there in time to be read next.
    """
    if name == INPUT:
        return 4 * plan.contexts if plan.contexts > 1 else 2
    if any(read.delayed for read in _reads(plan) if read.source == name):
        return 2 * plan.streams
    return plan.contexts


def page_words(plan: LayerPlan, words: int) -> int:
    """Return the words that a page takes; of several streams, its number is the upper address."""
    return 1 << (words - 1).bit_length() if plan.streams > 1 else words


def vector_memory(plan: LayerPlan, name: str) -> Memory:
    """Return the memory of the input vector, or of a node that is stored.

    Of a vector that `is_followed`, this is what its beats have together.
    """
    return Memory(
        part="vectors",
        words=page_words(plan, plan.storage(name).words) * pages_of(plan, name),
        width=plan.columns * plan.layer.signals[name].format.width,
        elements=plan.columns // (plan.input_beat if name == INPUT else plan.beat),
    )


def _rams(plan: LayerPlan) -> Iterator[Memory]:
    """Yield the memories of vectors."""
    layer = plan.layer
    for name in [INPUT, *stored_vectors(plan)]:
        memory = vector_memory(plan, name)
        if is_followed(plan, name):
            width = memory.width // memory.elements
            yield from [replace(memory, width=width, elements=1)] * memory.elements
        else:
            yield memory
    for node in layer.structured:
        schedule, state = plan.node(node), node.requant.format.width
        words, part = -(-node.rows // schedule.chain), f"memory, {node.realization}"
        states = plan.streams * page_words(plan, node.segments * words)
        yield Memory(part=part, words=states, width=schedule.chain * state)
        if isinstance(node.update, Semiseparable):  # what the backward recursion carries on
            width = schedule.chain * node.update.backward.format.width
            depth = words * (node.segments if schedule.interleaved else 1)
            yield Memory(part=part, words=depth, width=width)
    for node in layer.sums:
        if node.error_feedback:
            words = page_words(plan, node.segments * -(-node.rows // plan.beat))
            yield Memory(
                part="output", words=plan.streams * words, width=plan.beat * node.dropped_bits
            )
