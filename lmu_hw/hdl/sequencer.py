# SPDX-License-Identifier: Apache-2.0
"""The control of a layer: which coefficient word meets which word of which vector, when."""

from __future__ import annotations

from typing import Any, NamedTuple

from amaranth.hdl import Module, Signal, Value, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for, exact_log2

from lmu_hw.errors import NetworkError
from lmu_hw.hdl.multiples import times
from lmu_hw.hdl.slots import SlotTable, tag_layout
from lmu_hw.plan import LayerPlan

__all__ = ["Sequencer", "Walk"]


class Walk(NamedTuple):
    """Where a sequencer is: what it knows of the slot, and what moves it.

    Attributes
    ----------
    now : View
        See `SlotTable.layout`.
    slot : Signal
    advance : Signal
        The next word is read; to be driven.
    end_node : Signal
        The word is the last of its node.
    """

    now: Any
    slot: Signal
    advance: Signal
    end_node: Signal


class Sequencer(wiring.Component):
    """Walks through nodes, segments, groups, terms and words of one time step.

    After `start`, it issues one word per cycle. The first word that reads a vector computed in the
    same step waits until that vector is written, and so does a structured memory. An element-wise
    node, too; it reads a beat of all its sources per cycle.

    It runs one cycle ahead of what it controls. `finish` pulses one cycle before everything is
    written; coefficients, and vectors whose memories are slow, are addressed one cycle before the
    word of a vector is read, and all other outputs are registers.

    Parameters
    ----------
    plan : LayerPlan

    Members
    -------
    start : In(1)
        Begin a step in the next cycle; only looked at with `idle` or `finish`.
    last_step : In(1)
        The step is the last of its sequence; steady from the cycle after `start` to `finish`.
    idle, finish : Out(1)
    all_read : Out(1)
        The last word of the step is read; what comes until `finish` only drains.
    coefficients : Out(array)
        Address in each of the `coefficient_roms` of the plan.
    rom : Out
        Which of them is read.
    moved : Out
        The address is another one than a cycle before, a bit for each of them.
    valid : Out(1)
        A word is read in this cycle.
    slot, word : Out
        Slot, word address in the slot's source.
    next_slot, next_word : Out
        The same a cycle earlier.
    first, last : Out(1)
        The word begins, ends a sum.
    tag : Out(tag_layout)
    launch : Out(1), if the layer has structured memories
        The unit of the tag's node starts.
    elements, beat : Out, if the layer has element-wise nodes
        A beat of the tag's node is read, at `word` of its sources; number of the beat.
    """

    table_class: type[SlotTable] = SlotTable

    def __init__(self, plan: LayerPlan) -> None:
        late = [node.last_only for node in plan.layer.nodes]
        if late != sorted(late):
            raise NetworkError(f"{plan.layer.name}: nodes of the last step must come last")
        self.plan = plan
        self.table = table = self.table_class(plan)
        word = unsigned(bits_for(table.most_words))
        members: dict[str, wiring.Member] = {
            "start": In(1),
            "last_step": In(1),
            "idle": Out(1),
            "finish": Out(1),
            "all_read": Out(1),
            "coefficients": Out(data.ArrayLayout(table.address, len(table.roms))),
            "rom": Out(range(max(len(table.roms), 2))),
            "moved": Out(len(table.roms), init=-1),
            "valid": Out(1),
            "slot": Out(table.shape),
            "word": Out(word),
            "next_slot": Out(table.shape),
            "next_word": Out(word),
            "first": Out(1),
            "last": Out(1),
            "tag": Out(tag_layout(plan)),
        }
        if plan.layer.structured:
            members["launch"] = Out(1)
        if plan.layer.elementwise:
            beats = max(plan.node(node).busy for node in plan.layer.elementwise)
            members |= {"elements": Out(1), "beat": Out(range(beats + 1))}
        super().__init__(members | self._other_members())

    def _other_members(self) -> dict[str, wiring.Member]:
        """Return the members that only a kind of sequencer has."""
        return {}

    def wants(self, source: str) -> Value:
        """Return whether a word of a vector is read, a cycle before it is there.

        Those of a term are read with `valid`, those of factors with `elements`.
        """
        slots = [slot for slot, term in self.table.terms if term.source == source]
        wanted = self.valid & (self.slot.matches(*slots) if slots else 0)
        nodes = [
            self.plan.layer.nodes.index(node)
            for node in self.plan.layer.elementwise
            if any(factor.source == source for factor in node.factors)
        ]
        if nodes:
            wanted |= self.elements & self.tag.node.matches(*nodes)
        return wanted

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self._waiting = Signal(range(self.plan.tail + 1), name="waiting")
        walk = self._walk(m)
        now, waiting = walk.now, self._waiting
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += self.idle.eq(1)
                with m.If(self.start):
                    m.next = "RUN"
            with m.State("RUN"):
                written = waiting <= now.ahead if self.plan.layer.elementwise else waiting == 0
                m.d.comb += walk.advance.eq(~now.waits | written)
                ends = now.ends_step | (now.ends_ordinary & ~self.last_step)
                with m.If(walk.advance & walk.end_node & ends):
                    m.d.comb += self.all_read.eq(1)
                    m.next = "DRAIN"
            with m.State("DRAIN"):
                with m.If(waiting == 1):
                    m.d.comb += self.finish.eq(1)
                    m.next = "IDLE"
                    with m.If(self.start):
                        m.next = "RUN"
        # Outside of the states: synthesis finds enables of registers in front of no wide selector.
        with m.If(self.all_read):
            m.d.sync += self._from_the_first(walk.slot)
        return m

    def _walk(self, m: Module) -> Walk:
        """Add the counters that go through the words of a step where `Walk.advance` says so."""
        layer = self.plan.layer
        schedules = [self.plan.node(node) for node in layer.sums]
        block = Signal(range(max(slot.words for slot in self.table.slots) + 1))
        group = Signal(range(max(schedule.groups for schedule in schedules) + 1))
        segment = Signal.like(self.tag.segment)
        slot, word = Signal.like(self.slot), self.next_word
        now = Signal(self.table.layout)
        advance = Signal()
        end_slot = Signal()
        end_group = Signal()
        end_segment = Signal()
        end_node = Signal()

        with m.Switch(slot):
            for index, run in enumerate(self.table.slots):
                with m.Case(index):
                    m.d.comb += now.eq(now.shape().const(self.table.describe(index)))
                    m.d.comb += word.eq(times(segment, run.stride) + block)
        m.d.comb += [
            self.next_slot.eq(slot),
            end_slot.eq(block == now.last_word),
            end_group.eq(end_slot & now.ends_node),
            end_segment.eq(end_group & (group == now.last_group)),
            end_node.eq(end_segment & (segment == now.last_segment)),
        ]
        m.d.sync += [self.valid.eq(advance & now.reads), self.moved.eq(0)]
        with m.If(advance):
            m.d.sync += [
                self.first.eq(now.begins_sum & (block == 0)),
                self.last.eq(now.ends_sum & end_slot),
                self.slot.eq(slot),
                self.word.eq(word),
                self.tag.node.eq(now.node),
                self.tag.segment.eq(segment),
                self.tag.restart.eq(group == 0),
            ]
        self._count_down(m)
        with m.If(advance):
            m.d.sync += block.eq(block + 1)
        with m.If(advance & end_slot):
            m.d.sync += [block.eq(0), slot.eq(now.next)]
        with m.If(advance & end_group):
            m.d.sync += [group.eq(group + 1), slot.eq(now.again)]
        with m.If(advance & end_segment):
            m.d.sync += [group.eq(0), segment.eq(segment + 1)]
        with m.If(advance & end_node):
            m.d.sync += [segment.eq(0), slot.eq(now.next)]
            self._wait(m, now)
        if layer.structured:
            m.d.sync += self.launch.eq(advance & now.launches & (block == 0))
        if layer.elementwise:
            beats_per_word = self.plan.columns // self.plan.beat
            m.d.sync += self.elements.eq(advance & now.elements)
            with m.If(advance):
                m.d.sync += self.beat.eq(block)
            with m.If(now.elements):
                m.d.comb += word.eq(block.shift_right(exact_log2(beats_per_word)))
        self._address(m, now, advance, end_segment & ~end_node)
        return Walk(now, slot, advance, end_node)

    def _count_down(self, m: Module) -> None:
        """Count the cycles until everything is written."""
        with m.If(self._waiting != 0):
            m.d.sync += self._waiting.eq(self._waiting - 1)

    def _wait(self, m: Module, now: data.View) -> None:
        """Begin to count at the end of a node."""
        self._tails(m, now, self._waiting)

    def _tails(self, m: Module, now: data.View, waiting: Signal) -> None:
        """Set a count to the cycles until the codes of the present node are written."""
        layer = self.plan.layer
        m.d.sync += waiting.eq(self.plan.tail)
        for node in (*layer.structured, *layer.elementwise):
            with m.If(now.node == layer.nodes.index(node)):
                m.d.sync += waiting.eq(self.plan.node(node).tail)

    def _from_the_first(self, slot: Signal) -> list[Any]:
        """Return what makes the first word the next one."""
        return [slot.eq(0), self.coefficients.as_value().eq(0), self.moved.eq(-1)]

    def _address(self, m: Module, now: data.View, advance: Value, repeats: Value) -> None:
        """Count the words of each ROM; a node that is computed again begins with its first."""
        if len(self.table.roms) > 1:
            m.d.comb += self.rom.eq(now.rom)
        for number, rom in enumerate(self.table.roms):
            address = self.coefficients[number]
            of_rom = now.rom == number if len(self.table.roms) > 1 else 1
            with m.If(advance & now.reads & of_rom):
                m.d.sync += [address.eq(address + 1), self.moved[number].eq(1)]
            if any(node.segments > 1 for node in rom.nodes):
                with m.If(advance & repeats & of_rom):
                    m.d.sync += address.eq(now.first_word)
