# SPDX-License-Identifier: Apache-2.0
"""What a layer reads: a memory of each node that is read, and the operands of the array from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data

from lmu_hw.hdl.mac import MacArray, control_layout, shift_amounts
from lmu_hw.hdl.requantize import shape_of
from lmu_hw.hdl.sequencer import Sequencer
from lmu_hw.hdl.storage import VectorRam
from lmu_hw.hdl.weights import Weights
from lmu_hw.network import AnyNode
from lmu_hw.plan.inventory import is_followed, pages_of
from lmu_hw.plan.vectors import reads_ahead

__all__ = ["Reading", "Write", "add_memories", "connect_array"]


class Write(NamedTuple):
    """A beat of a node's codes on its way into memory.

    Attributes
    ----------
    valid : Value
        There is one.
    beat : View
    page : callable
        Its page; told whether previous values of its node are read.
    """

    valid: Value
    beat: Any
    page: Callable[[bool], Value]


class Reading(NamedTuple):
    """What is read.

    Attributes
    ----------
    slot, word : Value
    page : callable
        The page of the new values of a node, or of those before them; told whether these are read
        at all, and whether it is they that are.
    """

    slot: Value
    word: Value
    page: Callable[[bool, bool], Value]


def add_memories(
    m: Module,
    sequencer: Sequencer,
    writes: Mapping[str, Write],
    readings: tuple[Reading, Reading],
    *,
    accessible: bool = False,
) -> tuple[dict[str, Value], dict[str, VectorRam]]:
    """Add a RAM for each node that is read; return their words, and those that can be accessed.

    Parameters
    ----------
    m : Module
    sequencer : Sequencer
    writes : dict of node to Write
    readings : tuple of Reading
        What is addressed, and what is addressed ahead.
    accessible : bool
        What is read in the next step can be read and written from outside.
    """
    plan, words, reached = sequencer.plan, {}, {}
    for node in plan.layer.nodes:
        readers = [(slot, read) for slot, read in sequencer.table.reads if read.source == node.name]
        if not readers:
            continue
        delayed = [slot for slot, read in readers if read.delayed]
        ram = VectorRam(
            storage=plan.storage(node.name),
            pages=pages_of(plan, node.name),
            columns=plan.columns,
            beat=plan.beat,
            width=node.signal.format.width,
            ahead=reads_ahead(plan, node.name),
            apart=is_followed(plan, node.name),
            accessible=accessible and bool(delayed),
            streams=plan.streams,
        )
        m.submodules[f"{node.role.value}_memory"] = ram
        m.d.comb += ram.read_enable.eq(sequencer.wants(node.name))
        _connect_memory(m, node, ram, writes[node.name], readings, delayed)
        words[node.name] = ram.read_data
        if ram.accessible:
            reached[node.name] = ram
    return words, reached


def _connect_memory(
    m: Module,
    node: AnyNode,
    ram: VectorRam,
    write: Write,
    readings: tuple[Reading, Reading],
    delayed: Sequence[int],
) -> None:
    """Store a node's codes in its RAM, which is read from the page before in slots `delayed`."""
    valid, beat, written_page = write
    slot, word, page = readings[ram.ahead]
    stateful = bool(delayed)
    lanes = [beat.data[lane][: ram.width] for lane in range(ram.beat)]
    m.d.comb += [
        ram.write_page.eq(written_page(stateful)),
        ram.write_enable.eq(valid & beat.mask[0]),
        ram.write_data.eq(Cat(lanes)),
        ram.read_word.eq(word),
        ram.read_page.eq(page(stateful, False)),
    ]
    for number in delayed:
        with m.If(slot == number):
            m.d.comb += ram.read_page.eq(page(stateful, True))
    if ram.storage.segments == node.segments:
        m.d.comb += [ram.write_segment.eq(beat.segment), ram.write_beat.eq(beat.beat)]
    else:  # every element is a segment of its own
        m.d.comb += ram.write_segment.eq(beat.beat)


def connect_array(
    m: Module,
    sequencer: Sequencer,
    mac: MacArray,
    words: Mapping[str, Value],
    first_step: Value,
    load: Any = None,
) -> None:
    """Connect the words read, one cycle after their addresses, and their weights to the array.

    Parameters
    ----------
    m : Module
    sequencer : Sequencer
    mac : MacArray
    words : dict of source to Value
        A word of each vector that is read, by its name.
    first_step : Signal(1)
        There is no step before in the sequence.
    load : View, if the plan is writable
        Of the blocks of its layer, see `lmu_hw.hdl.reload.blocks`.
    """
    plan = sequencer.plan
    chosen = _control(m, sequencer, mac, words, first_step)
    elements = {
        source: data.View(
            data.ArrayLayout(shape_of(plan.layer.signals[source].format), plan.columns), word
        )
        for source, word in words.items()
        if any(term.source == source for _, term in sequencer.table.terms)
    }
    for column in range(plan.columns):
        masked = [Mux(chosen[source], of[column], 0) for source, of in elements.items()]
        m.d.comb += mac.operand[column].eq(reduce(or_, masked))

    m.submodules.weight_roms = weights = Weights(plan, mac.weight_width)
    m.d.comb += [
        weights.addresses.eq(sequencer.coefficients),
        weights.rom.eq(sequencer.rom),
        weights.moved.eq(sequencer.moved),
        weights.valid.eq(sequencer.valid),
        mac.weights.eq(weights.data),
    ]
    if plan.writable:
        m.d.comb += [weights.load[name].eq(load[name]) for name, _ in weights.load.shape()]


def _control(
    m: Module,
    sequencer: Sequencer,
    mac: MacArray,
    sources: Iterable[str],
    first_step: Value,
) -> dict[str, Signal]:
    """Tell the array what it does with the words; return whether each source is the one read."""
    layer = sequencer.plan.layer
    amounts = shift_amounts(layer)
    s1 = Signal(control_layout(sequencer.plan))
    # Where the operands come from; nowhere for the value before the first step of a sequence.
    s1_chosen = {source: Signal(name=f"s1_chosen_{n}") for n, source in enumerate(sources)}
    m.d.sync += s1.valid.eq(sequencer.valid)
    with m.If(sequencer.valid):
        m.d.sync += [
            s1.first.eq(sequencer.first),
            s1.last.eq(sequencer.last),
            s1.tag.eq(sequencer.tag),
            *(chosen.eq(0) for chosen in s1_chosen.values()),
        ]
    with m.If(sequencer.valid), m.Switch(sequencer.slot):
        for slot, term in sequencer.table.terms:
            node = layer.nodes[sequencer.table.slots[slot].node]
            with m.Case(slot):
                m.d.sync += [
                    s1.shift.eq(amounts.index(layer.term_shift(node, term))),
                    s1_chosen[term.source].eq(~first_step if term.delayed else 1),
                ]
    m.d.comb += mac.control.eq(s1)
    return s1_chosen
