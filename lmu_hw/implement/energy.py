# SPDX-License-Identifier: Apache-2.0
"""The energy of a time step, counted from the plan and the quantized network.

Every product with a coefficient counts, padding does not; a word that is read or written counts
once for each time that the hardware moves on to it, padding included.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from lmu_hw.measure.energy import Clocking, Energy, Entry, Kind, access, addition, product
from lmu_hw.network import (
    INPUT,
    AnyNode,
    ElementwiseNode,
    MemoryNode,
    Node,
    Offsets,
    Rectifier,
    Slopes,
    Table,
)
from lmu_hw.network.scan import Scan
from lmu_hw.network.semiseparable import Semiseparable
from lmu_hw.network.two_pass import TwoPass
from lmu_hw.plan import LayerPlan, Plan

__all__ = ["step_energy"]

Counted = tuple[Kind, int, tuple[float, str]]
"""Kind, how many, and picojoules of all with their widths."""


def step_energy(
    plan: Plan, flip_flops: int | None = None, enables: Clocking | None = None
) -> Energy:
    """Return the energy of the last step of a sequence, in which every node is computed.

    Parameters
    ----------
    plan : Plan
    flip_flops : int or None
        Of the netlist, for their clock.
    enables : Clocking or None
        How often the clocks of flip-flops arrive, those inside multipliers among them, which
        `flip_flops` leaves out; None: in every cycle.
    """
    return Energy(
        entries=tuple(entry for layer in plan.layers for entry in _layer(layer)),
        cycles=plan.cycles(last_step=True),
        flip_flops=flip_flops if enables is None else enables.flip_flops,
        enables=enables,
    )


def _layer(plan: LayerPlan) -> Iterator[Entry]:
    """Yield what a layer does, by node; its queues belong to the layer itself."""
    for node in ("", *plan.layer.nodes):
        name = node if isinstance(node, str) else node.name
        counted = _queues(plan) if isinstance(node, str) else _node(plan, node)
        for kind, count, (picojoules, bits) in counted:
            if count:
                yield Entry(
                    layer=plan.layer.name,
                    node=name,
                    kind=kind.value,
                    count=count,
                    bits=bits,
                    picojoules=picojoules,
                )


def _queues(plan: LayerPlan) -> Iterator[Counted]:
    """Yield what the input buffer and the queue of answers take."""
    layer = plan.layer
    beat = plan.beat * layer.input.format.width
    yield Kind.WRITES, plan.input_beats, access(plan.input_beats, beat, _stored(plan, INPUT))
    beats, bits = plan.output_beats, plan.beat * layer.output.format.width
    size = (2 * beats + 1) * bits
    yield Kind.WRITES, beats, access(beats, bits, size)
    yield Kind.VECTORS, beats, access(beats, bits, size)


def _node(plan: LayerPlan, node: AnyNode) -> Iterator[Counted]:
    match node:
        case Node():
            yield from _sum(plan, node)
            yield from _finish(plan, node)
        case ElementwiseNode():
            yield from _elementwise(plan, node)
            yield from _finish(plan, node)
        case MemoryNode():
            yield from _memory(plan, node)
        case _:
            assert_never(node)
    if any(read.source == node.name for other in plan.layer.nodes for read in other.reads):
        beats = node.segments * -(-node.rows // plan.beat)
        bits = plan.beat * node.signal.format.width
        yield Kind.WRITES, beats, access(beats, bits, _stored(plan, node.name))


def _stored(plan: LayerPlan, source: str) -> int:
    """Return the bits of the memory that holds a vector: twice where both values are needed."""
    storage = plan.storage(source)
    delayed = any(
        read.source == source and read.delayed for node in plan.layer.nodes for read in node.reads
    )
    pages = 2 if source == INPUT or delayed else 1
    width = plan.layer.signals[source].format.width
    return pages * storage.words * plan.columns * width


def _sum(plan: LayerPlan, node: Node) -> Iterator[Counted]:
    schedule, signals = plan.node(node), plan.layer.signals
    passes = schedule.segments * schedule.groups
    (rom,) = (rom for rom in plan.coefficient_roms if node in rom.nodes)
    words = passes * sum(schedule.blocks)
    bank = max(rom.banks) * rom.word_bits  # one of them is accessed
    yield Kind.COEFFICIENTS, words, access(words, rom.word_bits, bank)
    accumulator = 1 + plan.layer.sum_bounds(node)[0].bit_length()
    for term, block in zip(node.terms, schedule.blocks, strict=True):
        width, reads = signals[term.source].format.width, passes * block
        bits = plan.columns * width
        yield Kind.VECTORS, reads, access(reads, bits, _stored(plan, term.source))
        count = node.segments * term.weights.codes.size
        yield Kind.PRODUCT, count, product(count, term.weights.format.width, width)
        yield Kind.SUM, count, addition(count, accumulator)


def _finish(plan: LayerPlan, node: Node | ElementwiseNode) -> Iterator[Counted]:
    """Yield what the totals of a node take: constant of the row (with half an ulp), table."""
    layer, elements = plan.layer, node.segments * node.rows
    total = 1 + layer.sum_bounds(node)[1].bit_length()
    yield Kind.SUM, elements, addition(elements, total)
    constants = plan.row_constants
    if layer.nodes.index(node) in constants.varied:
        beats = node.segments * -(-node.rows // plan.beat)
        bits = plan.beat * constants.bits
        yield Kind.COEFFICIENTS, beats, access(beats, bits, constants.words(plan.beat) * bits)
    if node.residue_bits:
        beats = node.segments * -(-node.rows // plan.beat)
        bits, size = plan.beat * node.dropped_bits, node.residue_bits
        yield Kind.VECTORS, beats, access(beats, bits, size)
        yield Kind.WRITES, beats, access(beats, bits, size)
    match node.activation:
        case None | Rectifier():
            return
        case Table() as table:
            yield from _table(table, elements)
        case _:
            assert_never(node.activation)


def _table(table: Table, elements: int) -> Iterator[Counted]:
    """Yield what tabulated activations take: one word of each ROM, and the sums of the formula.

    Slopes are in the word of their value. Comparisons and selections do not count.
    """
    distance = table.source.width + 1
    if table.origin not in (0, table.source.min_code):  # 0 or a flipped bit: nothing is subtracted
        yield Kind.SUM, elements, addition(elements, distance)
    if table.mirrored:
        yield Kind.SUM, elements, addition(elements, distance)
    bits = table.values.format.width
    match table.interpolation:
        case None:
            pass
        case Slopes(codes=codes):
            bits += codes.format.width
            yield (
                Kind.PRODUCT,
                elements,
                product(elements, codes.format.width, table.low_bits),
            )
            yield Kind.SUM, elements, addition(elements, table.total_bits)
        case Offsets(codes=codes) as offsets:
            read = access(elements, codes.format.width, offsets.bits)
            yield Kind.TABLES, elements, read
            yield Kind.SUM, elements, addition(elements, table.total_bits)
        case _:
            assert_never(table.interpolation)
    yield Kind.TABLES, elements, access(elements, bits, table.words * bits)
    if table.reflection is not None:
        yield Kind.SUM, elements, addition(elements, table.total_bits)
    if table.ramp:
        ramp = table.source.width + table.ramp_shift + table.guard_bits
        yield Kind.SUM, elements, addition(elements, max(ramp, table.total_bits))


def _elementwise(plan: LayerPlan, node: ElementwiseNode) -> Iterator[Counted]:
    signals = plan.layer.signals
    beats = -(-node.rows // plan.beat)
    for factor in node.factors:
        bits = plan.columns * signals[factor.source].format.width
        yield Kind.VECTORS, beats, access(beats, bits, _stored(plan, factor.source))
    total = 1 + plan.layer.sum_bounds(node)[0].bit_length()
    for term in node.products:
        widths = [signals[factor.source].format.width for factor in term.factors]
        if len(widths) == 2:
            yield Kind.PRODUCT, node.rows, product(node.rows, widths[0], widths[1])
        yield Kind.SUM, node.rows, addition(node.rows, total)


def _memory(plan: LayerPlan, node: MemoryNode) -> Iterator[Counted]:
    """Yield what a structured memory takes beside the copy of its states that others read."""
    for terms in node.products:
        width = terms.coefficient + terms.operand
        yield Kind.PRODUCT, terms.count, product(terms.count, terms.coefficient, terms.operand)
        yield Kind.SUM, terms.count, addition(terms.count, width)
    state, update, schedule = node.requant.format.width, node.update, plan.node(node)
    words = node.segments * -(-node.rows // schedule.chain)
    bits = state * schedule.chain
    size = words * bits
    match update:
        case Semiseparable():
            coefficients = update.order * schedule.word_bits
            reads = 2 * words
            yield (
                Kind.COEFFICIENTS,
                reads,
                access(reads, schedule.chain * schedule.word_bits, coefficients),
            )
            yield Kind.VECTORS, reads, access(reads, bits, size)
            history = update.rank * update.backward.format.width * schedule.chain
            yield Kind.VECTORS, words, access(words, history, words * history)
            yield Kind.WRITES, words, access(words, history, words * history)
        case Scan():
            yield Kind.VECTORS, words, access(words, bits, size)
            sums = 4 * node.signal.size
            yield Kind.SUM, sums, addition(sums, state + node.dropped_bits)
        case TwoPass():
            yield Kind.VECTORS, words, access(words, bits, size)
            sums = 4 * node.signal.size
            yield Kind.SUM, sums, addition(sums, state + node.dropped_bits)
        case _:
            assert_never(update)
    yield Kind.WRITES, words, access(words, bits, size)
