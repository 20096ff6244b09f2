# SPDX-License-Identifier: Apache-2.0
"""What the units of memories share: their ports, their latency, and how they are loaded."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for, ceil_log2

from lmu_hw.errors import NetworkError
from lmu_hw.fixed import Overflow
from lmu_hw.hdl.multiples import entry_of, times
from lmu_hw.hdl.requantize import shape_of
from lmu_hw.hdl.state_access import Access, access_layout
from lmu_hw.network import AnyNode, MemoryNode
from lmu_hw.plan import MEMORY_LATENCY, LayerPlan
from lmu_hw.plan.inventory import page_words

__all__ = ["MemoryUnit", "SegmentSums", "captured", "must_equal", "state_layout"]


def state_layout(plan: LayerPlan, node: MemoryNode) -> data.StructLayout:
    """Return the layout of a beat of a structured memory's codes.

    ``mask`` tells which elements are states; ``beat`` counts the beats of a segment.
    """
    return data.StructLayout(
        {
            "valid": 1,
            "segment": bits_for(max(node.segments - 1, 1)),
            "beat": bits_for(max(-(-node.rows // plan.beat) - 1, 1)),
            "mask": plan.beat,
            "data": data.ArrayLayout(unsigned(node.signal.format.width), plan.beat),
        }
    )


class SegmentSums:
    """A number for each segment, which a step leaves for the next one of its stream.

    Registers; of several streams, a memory that is read in the same cycle.

    Parameters
    ----------
    m : Module
    unit : MemoryUnit
    shape : Shape
    """

    def __init__(self, m: Module, unit: MemoryUnit, shape: Any) -> None:
        self.m, self.unit, self.shape = m, unit, shape
        segments = unit.node.segments
        if unit.plan.streams == 1:
            self.sums = Signal(data.ArrayLayout(shape, segments), name="sums", reset_less=True)
        else:
            depth = unit.plan.streams << ceil_log2(segments)
            m.submodules.sums = self.memory = Memory(shape=shape, depth=depth, init=[])

    def read(self, segment: Value) -> Any:
        """Return the number of a segment."""
        if self.unit.plan.streams == 1:
            return entry_of(self.sums, segment)
        port = self.memory.read_port(domain="comb")
        self.m.d.comb += port.addr.eq(self._address(segment, self.unit.stream))
        return port.data

    def write(self, enable: Value, segment: Value, number: Any) -> None:
        """Replace the number of a segment."""
        m = self.m
        if self.unit.plan.streams == 1:
            with m.If(enable):
                m.d.sync += entry_of(self.sums, segment).eq(number)
            return
        port = self.memory.write_port(domain="sync")
        m.d.comb += [
            port.en.eq(enable),
            port.addr.eq(self._address(segment, self.unit.written_stream)),
            port.data.eq(number),
        ]

    def _address(self, segment: Value, stream: Value) -> Value:
        return Value.cast(Cat(segment[: ceil_log2(self.unit.node.segments)], stream))


class MemoryUnit(wiring.Component):
    """Computes a memory; the last beat is out ``busy + latency - 1`` cycles after start.

    The unit of a reloadable update says which words turn its coefficients into others: it has
    `word_layout`, `words` and `check`.

    Parameters
    ----------
    plan : LayerPlan
    node : MemoryNode
    accessible : bool
        The states can be read and written from outside.
    watched : bool
        Somebody counts the states that are limited to their format.

    Attributes
    ----------
    keeps_sums : bool
        Beside the states it keeps what follows from them, for the next step.

    Members
    -------
    start : In(1)
        Begin a step; not before the last beat of the step before.
    first_step : In(1)
        The states before this step are zero; steady while the unit runs.
    u : In(array of inputs)
        One for each segment; steady while the unit runs.
    stream, written_stream : In, if there are several
        Whose states it computes, steady while the unit runs; the same one cycle later: what is
        written last may be written while it starts again.
    write : Out(state_layout)
        States as they are stored.
    load : In(load_layout), if the schedule is reloadable
        Other coefficients; not while the unit runs.
    access : In(access_layout), state_code : Out(code), if it is accessible
        Not while the unit runs.
    saturated : Out(count), if it is watched
        Sums of a word of states that lay outside their format.
    hold : In(1), if it is accessible and keeps sums
        The states stay what they are, and only what is kept beside them is computed; steady while
        the unit runs.
    """

    latency = MEMORY_LATENCY
    keeps_sums = False

    def __init__(
        self,
        plan: LayerPlan,
        node: MemoryNode,
        *,
        accessible: bool = False,
        watched: bool = False,
    ) -> None:
        self.plan, self.node, self.accessible = plan, node, accessible
        self.counts = watched and node.requant.overflow is Overflow.SATURATE
        self.schedule = plan.node(node)
        self.state = shape_of(node.requant.format)
        self.source = plan.layer.signals[node.source].format
        stream = In(range(plan.streams))
        load = {"load": In(self.load_layout(plan, node))} if self.schedule.reloadable else {}
        ports = {}
        if accessible:
            page_bits = (plan.streams - 1).bit_length()
            layout = access_layout(node.segments, node.rows, node.requant.format.width, page_bits)
            ports = {"access": In(layout), "state_code": Out(self.state)}
            ports |= {"hold": In(1)} if self.keeps_sums else {}
        if self.counts:
            ports["saturated"] = Out(bits_for(plan.beat))
        super().__init__(
            {
                "start": In(1),
                "first_step": In(1),
                "u": In(data.ArrayLayout(shape_of(self.source), node.segments)),
                **({"stream": stream, "written_stream": stream} if plan.streams > 1 else {}),
                "write": Out(state_layout(plan, node)),
                **load,
                **ports,
            }
        )

    def access_states(self, m: Module, read: Any, write: Any, lanes: int) -> None:
        """Let the states, in words of so many, be reached from outside."""
        if not self.accessible:
            return
        page: Value | int = 0
        if self.plan.streams > 1:
            words = self.node.segments * -(-self.node.rows // lanes)
            page = Value.cast(Cat(Const(0, ceil_log2(words)), self.access.page))
        access = Access(self.access, rows=self.node.rows, lanes=lanes, page=page)
        access.join(m, read, write)
        width = self.node.requant.format.width
        word = Value.cast(read.data)
        codes = [word.word_select(lane, width) for lane in range(lanes)]
        m.d.comb += self.state_code.eq(access.code(codes))

    def count_saturated(self, m: Module, outside: list[Value], present: Value, ends: Value) -> None:
        """Count the sums of a word that lie outside; the last word of a segment may have fewer."""
        if not self.counts:
            return
        last = (self.node.rows - 1) % len(outside)
        within = [sign & ~ends if lane > last else sign for lane, sign in enumerate(outside)]
        m.d.sync += self.saturated.eq(Mux(present, sum(within, Const(0)), 0))

    def change(self, value: Value) -> Value:
        """Return by how much a state changes: not at all while states are held."""
        return Mux(self.hold, 0, value) if self.accessible else value

    def state_address(
        self, segment: Value, words: int, word: Value, *, written: bool = False
    ) -> Value:
        """Return where a word of a segment, which has `words`, is read or written."""
        address = times(segment, words) + word
        if self.plan.streams == 1:
            return address
        stream = self.written_stream if written else self.stream
        return Value.cast(Cat(address[: ceil_log2(self.node.segments * words)], stream))

    def state_depth(self, words: int) -> int:
        """Return the words of all states, each segment of which has `words`."""
        return self.plan.streams * page_words(self.plan, self.node.segments * words)

    def add_sums(self, m: Module, shape: Any) -> SegmentSums:
        """Add what a unit keeps for each segment from one step to the next."""
        return SegmentSums(m, self, shape)

    @classmethod
    def load_layout(cls, plan: LayerPlan, node: MemoryNode) -> data.StructLayout:
        """Return the layout of a write of one word to the coefficients."""
        last = len(cls.words(plan, node, node.update)) - 1
        return data.StructLayout(
            {
                "enable": 1,
                "state": bits_for(max(last, 1)),
                "word": unsigned(cls.word_layout(plan, node).size),
            }
        )

    @classmethod
    def word_layout(cls, plan: LayerPlan, node: MemoryNode) -> data.StructLayout:
        """Return the layout of a word of coefficients."""
        raise NetworkError(f"{node.name}: a {node.realization} memory has no words to load")

    @classmethod
    def words(cls, plan: LayerPlan, node: MemoryNode, update: Any) -> list[int]:
        """Return the words of an update, laid out as the hardware of `node` has them."""
        raise NetworkError(f"{node.name}: a {node.realization} memory has no words to load")

    @classmethod
    def check(cls, plan: LayerPlan, node: MemoryNode, replacement: MemoryNode) -> None:
        """Raise `NetworkError` if the hardware of `node` cannot take the update of another one."""
        raise NetworkError(f"{node.name}: a {node.realization} memory has no words to load")


def captured(
    m: Module, source: AnyNode, unit: MemoryUnit, name: str, valid: Value, write: Any
) -> Value:
    """Return registers of the codes that a memory reads, as their node writes them.

    Parameters
    ----------
    m : Module
    source : LayerNode or MemoryNode
        Whose codes they are, one for each segment.
    unit : MemoryUnit
        Whose input they are.
    name : str
        Of the registers.
    valid : Value
        `source` writes.
    write : View of `write_layout`
    """
    u = Signal(unit.u.shape(), name=name, reset_less=True)
    for element in range(unit.node.segments):
        segment, row = divmod(element, source.rows)
        beat, lane = divmod(row, unit.plan.beat)
        with m.If(valid & (write.segment == segment) & (write.beat == beat)):
            m.d.sync += u[element].eq(write.data[lane][: unit.u[element].shape().width])
    return u.as_value()


def must_equal(name: str, what: str, expected: object, actual: object) -> None:
    """Raise `NetworkError` if what is to be loaded differs from what the hardware has."""
    if actual != expected:
        raise NetworkError(f"{name}: {what} must be that of the hardware, {expected}, not {actual}")
