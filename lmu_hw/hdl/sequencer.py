# SPDX-License-Identifier: Apache-2.0
"""The control of a layer: which coefficient word meets which word of which vector, when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, assert_never

from amaranth.hdl import Module, Signal, Value, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for, exact_log2

from lmu_hw.errors import NetworkError
from lmu_hw.hdl.multiples import times
from lmu_hw.network import ElementwiseNode, Factor, MemoryNode, Node, Term
from lmu_hw.plan import LayerPlan, is_fresh

__all__ = ["Sequencer", "Slot", "Walk", "context_field", "slots_of", "tag_layout"]


class Walk(NamedTuple):
    """Where a sequencer is: what it knows of the slot, and what moves it.

    Attributes
    ----------
    now : View
        See `Sequencer._slot_layout`.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A run within a group: idle cycles while the group before drains, or the words of one term.

    A structured memory and an element-wise node have one slot without a term, as long as their unit
    is busy.

    Attributes
    ----------
    node : int
        Index of the node.
    term : int or None
        Index of the term within the node; None for idle cycles.
    words : int
        Length of the run in cycles.
    stride : int
        Words from one segment of the source to the next, as the node reads it.
    """

    node: int
    term: int | None
    words: int
    stride: int


def slots_of(plan: LayerPlan) -> list[Slot]:
    """Return the slots of all nodes of a layer, in order."""
    slots = []
    for index, node in enumerate(plan.layer.nodes):
        match node:
            case Node():
                schedule = plan.node(node)
                if schedule.idle:
                    slots.append(Slot(node=index, term=None, words=schedule.idle, stride=0))
                for term, words in enumerate(schedule.blocks):
                    stride = words if node.segments > 1 else 0
                    slots.append(Slot(node=index, term=term, words=words, stride=stride))
            case ElementwiseNode() | MemoryNode():
                busy = plan.node(node).busy
                slots.append(Slot(node=index, term=None, words=busy, stride=0))
            case _:
                assert_never(node)
    return slots


def tag_layout(plan: LayerPlan) -> data.StructLayout:
    """Return the layout of what travels with a sum: its node, segment, context; if rows restart."""
    nodes = plan.layer.nodes
    return data.StructLayout(
        {
            "node": bits_for(max(len(nodes) - 1, 1)),
            "segment": bits_for(max(max(node.segments for node in nodes) - 1, 1)),
            "restart": 1,
            **context_field(plan),
        }
    )


def context_field(plan: LayerPlan) -> dict[str, int]:
    """Return the field that tells the contexts of a layer apart; none if it has one."""
    return {"context": exact_log2(plan.contexts)} if plan.contexts > 1 else {}


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

    def __init__(self, plan: LayerPlan) -> None:
        nodes = plan.layer.nodes
        late = [node.last_only for node in nodes]
        if late != sorted(late):
            raise NetworkError(f"{plan.layer.name}: nodes of the last step must come last")
        self.plan = plan
        self.slots = slots_of(plan)
        self.roms = plan.coefficient_roms
        words = max(
            *(
                slot.words + slot.stride * (nodes[slot.node].segments - 1)
                for slot in self.slots
                if isinstance(nodes[slot.node], Node)
            ),
            *(plan.storage(node.name).words for node in plan.layer.elementwise),
            1,
        )
        address = unsigned(bits_for(max(rom.depth for rom in self.roms)))
        members: dict[str, wiring.Member] = {
            "start": In(1),
            "last_step": In(1),
            "idle": Out(1),
            "finish": Out(1),
            "all_read": Out(1),
            "coefficients": Out(data.ArrayLayout(address, len(self.roms))),
            "rom": Out(range(max(len(self.roms), 2))),
            "moved": Out(len(self.roms), init=-1),
            "valid": Out(1),
            "slot": Out(slot := unsigned(bits_for(max(len(self.slots) - 1, 1)))),
            "word": Out(word := unsigned(bits_for(words))),
            "next_slot": Out(slot),
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

    @property
    def terms(self) -> list[tuple[int, Term]]:
        """Slots in which the array reads, and the term of each."""
        nodes = self.plan.layer.nodes
        return [
            (index, nodes[slot.node].terms[slot.term])
            for index, slot in enumerate(self.slots)
            if slot.term is not None
        ]

    @property
    def reads(self) -> list[tuple[int, Term | Factor]]:
        """Slots in which vectors are read, once for each vector."""
        nodes = self.plan.layer.nodes
        factors = [
            (index, factor)
            for index, slot in enumerate(self.slots)
            if isinstance(node := nodes[slot.node], ElementwiseNode)
            for factor in node.factors
        ]
        return [*self.terms, *factors]

    def wants(self, source: str) -> Value:
        """Return whether a word of a vector is read, a cycle before it is there.

        Those of a term are read with `valid`, those of factors with `elements`.
        """
        slots = [slot for slot, term in self.terms if term.source == source]
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
        block = Signal(range(max(slot.words for slot in self.slots) + 1))
        group = Signal(range(max(schedule.groups for schedule in schedules) + 1))
        segment = Signal.like(self.tag.segment)
        slot, word = Signal.like(self.slot), self.next_word
        now = Signal(self._slot_layout())
        advance = Signal()
        end_slot = Signal()
        end_group = Signal()
        end_segment = Signal()
        end_node = Signal()

        with m.Switch(slot):
            for index, run in enumerate(self.slots):
                with m.Case(index):
                    m.d.comb += now.eq(now.shape().const(self._describe(index)))
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
        if len(self.roms) > 1:
            m.d.comb += self.rom.eq(now.rom)
        for number, rom in enumerate(self.roms):
            address = self.coefficients[number]
            of_rom = now.rom == number if len(self.roms) > 1 else 1
            with m.If(advance & now.reads & of_rom):
                m.d.sync += [address.eq(address + 1), self.moved[number].eq(1)]
            if any(node.segments > 1 for node in rom.nodes):
                with m.If(advance & repeats & of_rom):
                    m.d.sync += address.eq(now.first_word)

    def _describe(self, index: int) -> dict[str, int]:
        """Return what `_slot_layout` holds for slot `index`."""
        nodes, slot = self.plan.layer.nodes, self.slots[index]
        node = nodes[slot.node]
        of_node = [i for i, candidate in enumerate(self.slots) if candidate.node == slot.node]
        words = [i for i in of_node if self.slots[i].term is not None]
        following = nodes[slot.node + 1 :]
        described: dict[str, int] = {
            "node": slot.node,
            "reads": slot.term is not None,
            "last_word": slot.words - 1,
            "ends_node": index == of_node[-1],
            "ends_step": not following,
            "ends_ordinary": not following or following[0].last_only,
            "next": (index + 1) % len(self.slots),
            "again": of_node[0],
        }
        match node:
            case Node():
                number, rom = next((n, r) for n, r in enumerate(self.roms) if node in r.nodes)
                return described | {
                    **({"rom": number} if len(self.roms) > 1 else {}),
                    "first_word": rom.first_words[node],
                    "waits": slot.term is not None and is_fresh(node.terms[slot.term]),
                    "last_group": self.plan.node(node).groups - 1,
                    "last_segment": node.segments - 1,
                    "begins_sum": index == words[0],
                    "ends_sum": index == words[-1],
                }
            case ElementwiseNode():
                return described | {"waits": 1, "elements": 1, "ahead": self.plan.node(node).ahead}
            case MemoryNode():
                return described | {"waits": 1, "launches": 1}
        assert_never(node)

    def _slot_layout(self) -> data.StructLayout:
        """Return the layout of what the control knows about the current slot."""
        plan, nodes = self.plan, self.plan.layer.nodes
        fields: dict[str, Any] = {
            "node": tag_layout(plan)["node"].shape,
            "reads": 1,
            "waits": 1,
            "last_word": bits_for(max(slot.words for slot in self.slots)),
            "last_group": bits_for(max(plan.node(node).groups for node in plan.layer.sums)),
            "last_segment": bits_for(max(node.segments for node in nodes)),
            "begins_sum": 1,
            "ends_sum": 1,
            "ends_node": 1,
            "ends_step": 1,
            "ends_ordinary": 1,
            "next": self.slot.shape(),
            "again": self.slot.shape(),
            "first_word": self.coefficients.shape().elem_shape,
        }
        if len(self.roms) > 1:
            fields["rom"] = range(len(self.roms))
        if plan.layer.structured:
            fields["launches"] = 1
        if plan.layer.elementwise:
            ahead = max(plan.node(node).ahead for node in plan.layer.elementwise)
            fields |= {"elements": 1, "ahead": bits_for(ahead)}
        return data.StructLayout(fields)
