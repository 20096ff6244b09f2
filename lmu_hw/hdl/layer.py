# SPDX-License-Identifier: Apache-2.0
"""One layer as hardware: vectors in memories, one multiplier array, one node after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from amaranth.hdl import Cat, Module, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from lmu_hw.hdl.elementwise import ElementwiseUnit
from lmu_hw.hdl.layer_checks import check_memory, check_steps
from lmu_hw.hdl.layer_states import Refresh, add_refresh, connect_states, held_states
from lmu_hw.hdl.mac import MacArray
from lmu_hw.hdl.memory import unit_class
from lmu_hw.hdl.memory_unit import MemoryUnit, captured
from lmu_hw.hdl.operands import Reading, Write, add_memories, connect_array
from lmu_hw.hdl.output_stage import OutputStage
from lmu_hw.hdl.reload.blocks import layer_blocks
from lmu_hw.hdl.saturations import saturating, saturations_layout
from lmu_hw.hdl.sequencer import Sequencer
from lmu_hw.hdl.state_access import port_layout
from lmu_hw.hdl.storage import VectorRam
from lmu_hw.hdl.streams import (
    VECTORS_HELD,
    InputBuffer,
    has_room,
    vector_signature,
)
from lmu_hw.hdl.writes import write_layout
from lmu_hw.network import INPUT, AnyNode, MemoryNode
from lmu_hw.plan import LayerPlan, StateMap

__all__ = ["Layer"]

_KEEP = {"keep": 1}  # the bench reads these wires of the emitted Verilog; nothing else does


class Layer(wiring.Component):
    """Computes one layer of a quantized network, one time step after the other.

    State persists from step to step and starts at zero after reset and after a vector marked last.
    A step starts when an input vector is there and its answer has room in what receives it; from
    then on nothing stalls, so its cycles are those of the plan.

    Parameters
    ----------
    plan : LayerPlan
    held : int
        Vectors that what receives its answers has room for.
    watched : bool
        Somebody has to know when nothing is inside.
    states : StateMap, optional
        Its states can be read and written from outside, at the addresses of this map.

    Members
    -------
    i, o : beats of vectors, see `vector_signature`
    start : Out(1)
        A step begins.
    write : Out(write_layout)
        Codes as they are stored; what simulation compares with the golden model.
    load : In(struct of load_layout), if the plan is reloadable
        Writes a word of coefficients, by the names of `lmu_hw.hdl.reload.blocks`.
    busy : Out(1), if it is watched
        A step is computed, or an answer has not left what receives it.
    saturated : Out(array of counts), if it is watched
        See `OutputStage`.
    access : In(port_layout), state_code : Out, if the map has blocks of it
        An access to a state, while nothing is inside; the code of a vector that is read, 0 of
        another layer's.
    """

    source_class: type[Any] = InputBuffer
    sequencer_class: type[Sequencer] = Sequencer

    def __init__(
        self,
        plan: LayerPlan,
        held: int = VECTORS_HELD,
        *,
        watched: bool = False,
        states: StateMap | None = None,
    ) -> None:
        self.plan, self.held, self.watched = plan, held, watched
        self.states = () if states is None else states.of_layer(plan)
        access = {}
        if states is not None and self.states:
            access = {
                "access": In(port_layout(states)),
                "state_code": Out(signed(states.data_bits)),
            }
        blocks = {block.name: block.load_layout for block in layer_blocks(plan)}
        load = {"load": In(data.StructLayout(blocks))} if blocks else {}
        id_bits = (plan.streams - 1).bit_length()
        super().__init__(
            {
                "i": In(vector_signature(plan.layer.input.format, plan.input_beat, id_bits)),
                "o": Out(vector_signature(plan.layer.output.format, plan.beat, id_bits)),
                "start": Out(1),
                "write": Out(write_layout(plan)),
                **load,
                **({"busy": Out(1), "saturated": Out(saturations_layout(plan))} if watched else {}),
                **access,
            }
        )
        self.write_trace = [
            Signal(1, name="trace_start", attrs=_KEEP),
            *(
                Signal(field.width, name=f"trace_{name}", attrs=_KEEP)
                for name, field in self.write.shape()
            ),
        ]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        plan = self.plan
        m.submodules.source = source = self.source_class(plan)
        m.submodules.sequencer = sequencer = self.sequencer_class(plan)
        m.submodules.mac = mac = MacArray(plan)
        accessible = bool(self.states)
        m.submodules.drain = stage = OutputStage(
            plan, mac.sums.shape(), watched=self.watched, accessible=accessible
        )
        wiring.connect(m, wiring.flipped(self.i), source.i)

        units = {
            node.name: unit_class(node)(plan, node, accessible=accessible, watched=self.watched)
            for node in plan.layer.structured
        }
        first_step, readings, refresh = self._flow(m, platform, source, sequencer, stage, units)
        m.d.comb += [
            source.read_word.eq(readings[source.ram.ahead].word),
            source.read_enable.eq(sequencer.wants(INPUT)),
        ]
        writes = self._writes(stage, units, refresh)
        self._output(m, writes)
        memories, rams = add_memories(m, sequencer, writes, readings, accessible=accessible)
        words = {INPUT: source.read_data} | memories
        if self.states:
            held = held_states(self.states, stage.residues, units, rams)
            m.d.comb += self.state_code.eq(self._connect_states(m, held, first_step))
        load = self.load if plan.writable else None
        connect_array(m, sequencer, mac, words, first_step, load)
        if plan.writable:
            m.d.comb += [stage.load[name].eq(self.load[name]) for name, _ in stage.load.shape()]
        m.d.comb += [
            stage.upcoming.eq(mac.upcoming),
            stage.tag.eq(mac.tag),
            stage.sums.eq(mac.sums),
            self.write.eq(stage.write),
            Cat(self.write_trace).eq(Cat(self.start, self.write)),
        ]
        if any(node.error_feedback for node in plan.layer.sums):
            self._residues(m, stage, first_step)
        for node in plan.layer.structured:
            unit = units[node.name]
            self._memory_unit(m, sequencer, node, unit, writes, first_step)
            if refresh and unit.keeps_sums:
                m.d.comb += unit.hold.eq(refresh.running)
                with m.If(refresh.begins):
                    m.d.comb += unit.start.eq(1)
            check_memory(m, platform, unit, stage.write.valid)
        if plan.layer.elementwise:
            self._elementwise_unit(m, sequencer, stage, words, first_step)
        return m

    def _flow(
        self,
        m: Module,
        platform: object,
        source: InputBuffer,
        sequencer: Sequencer,
        stage: OutputStage,
        units: dict[str, MemoryUnit],
    ) -> tuple[Value, tuple[Reading, Reading], Refresh | None]:
        """Start steps.

        Returns
        -------
        tuple
            Whether a step is the first of a sequence; what is read of it, by the sequencer's cycle,
            and ahead; what computes sums again from states that were written.
        """
        plan = self.plan
        # A vector makes room for another one as soon as it is read; its mark is needed longer.
        last_step = Signal()
        begun = Signal()
        all_read = Signal()
        with m.If(self.start):
            m.d.sync += last_step.eq(source.last)
        m.d.sync += [begun.eq(self.start), all_read.eq(sequencer.all_read)]
        first_step, readings = self._pages(m, sequencer, last_step)
        promise = Signal()
        m.d.comb += promise.eq(begun & (last_step if plan.layer.last_only else 1))
        room, empty = has_room(m, platform, self.o.freed, promise, self.held)
        if self.watched:
            ending = Signal()  # what a step writes last is on its way
            m.d.sync += ending.eq(sequencer.finish)
            busy = ~sequencer.idle | ending | ~empty
            # Whoever sent a vector knows of it, too; but then it can be seen here that nothing
            # else has the memories from the start of a step on.
            m.d.comb += self.busy.eq(busy | source.available if self.states else busy)
            self._count(m, stage, units)
        starts = (sequencer.idle | sequencer.finish) & source.available & room
        refresh = None
        if self.states:
            wanted = sequencer.idle & source.available
            refresh = add_refresh(m, self.access, self.states, units.values(), wanted)
        m.d.comb += [
            self.start.eq(starts & ~refresh.due if refresh else starts),
            sequencer.start.eq(self.start),
            sequencer.last_step.eq(last_step),
            source.drop.eq(all_read),
        ]
        check_steps(
            m,
            platform,
            plan,
            source=source,
            sequencer=sequencer,
            start=self.start,
            room=room,
            promise=promise,
            write=self.write.valid,
            answers=self.o,
        )
        return first_step, readings, refresh

    def _count(self, m: Module, stage: OutputStage, units: dict[str, MemoryUnit]) -> None:
        """Count saturations: of the stage that all nodes share, and of units of memories."""
        m.d.comb += self.saturated.eq(stage.saturated)
        for place, node in enumerate(saturating(self.plan)):
            if node in self.plan.layer.structured:
                m.d.comb += self.saturated[place].eq(units[node.name].saturated)

    def _pages(
        self, m: Module, sequencer: Sequencer, last_step: Signal
    ) -> tuple[Signal, tuple[Reading, Reading]]:
        """Turn the page after each step.

        Returns
        -------
        tuple
            Whether a step is the first of a sequence; what is read by the sequencer's cycle, and
            ahead.
        """
        # The sequencer is a cycle ahead: when it has finished a step, what is written last is still
        # on its way.
        finished = Signal()
        self._last = last = Signal(name="last")
        m.d.sync += [finished.eq(sequencer.finish), last.eq(last_step)]
        # A step owns the page of the new state; the other one holds the state before it. What is
        # addressed ahead is one step further a cycle earlier.
        self._page = page = Signal(name="page")
        next_page = Signal()
        first_step = Signal(init=1)
        with m.If(sequencer.finish):
            m.d.sync += next_page.eq(~next_page)
        with m.If(finished):
            m.d.sync += [page.eq(~page), first_step.eq(last)]
        readings = (
            Reading(sequencer.slot, sequencer.word, lambda _, before: ~page if before else page),
            Reading(
                sequencer.next_slot,
                sequencer.next_word,
                lambda _, before: ~next_page if before else next_page,
            ),
        )
        return first_step, readings

    def _residues(self, m: Module, stage: OutputStage, first_step: Value) -> None:
        """Tell what drains whose residues it needs."""
        m.d.comb += stage.first_step.eq(first_step)

    def _page_of(self, write: Any) -> Callable[[bool], Value]:
        """Return what tells the page of a write; see `Write`."""
        return lambda _: self._page

    def _mark(self, payload: Any, write: Any) -> list[Any]:
        """Return what makes the mark of an answer, whose beat is written."""
        return [payload.last.eq(self._last)]

    def _writes(
        self, stage: OutputStage, units: dict[str, MemoryUnit], refresh: Refresh | None
    ) -> dict[str, Write]:
        """Return what writes the codes of each node: nothing is chosen on their way to memory."""
        return {
            node.name: Write(
                _written((unit := units[node.name]), refresh), unit.write, self._page_of(unit.write)
            )
            if node.name in units
            else Write(
                stage.write.valid & (stage.write.node == index),
                stage.write,
                self._page_of(stage.write),
            )
            for index, node in enumerate(self.plan.layer.nodes)
        }

    def _connect_states(
        self, m: Module, held: dict[str, list[VectorRam | MemoryUnit]], first_step: Value
    ) -> Value:
        """Connect what holds the states; return the code that is read."""
        with m.If(self.access.write):
            m.d.sync += first_step.eq(0)
        return connect_states(m, self.access, self.states, held, first_step)

    def _memory_unit(
        self,
        m: Module,
        sequencer: Sequencer,
        node: MemoryNode,
        unit: MemoryUnit,
        writes: dict[str, Write],
        first_step: Signal,
    ) -> None:
        """Add the unit of a structured memory, which writes while the array idles."""
        plan, nodes = self.plan, self.plan.layer.nodes
        index = nodes.index(node)
        m.submodules[f"{node.role.value}_unit"] = unit
        (source,) = (candidate for candidate in nodes if candidate.name == node.source)
        u = self._input(m, sequencer, source, node, unit, writes[source.name])
        m.d.comb += [
            unit.start.eq(sequencer.launch & (sequencer.tag.node == index)),
            unit.first_step.eq(first_step),
            unit.u.as_value().eq(u),
        ]
        if node in plan.reloadable_memories:
            m.d.comb += unit.load.eq(self.load[node.name])
        with m.If(writes[node.name].valid):
            m.d.comb += [self.write.valid.eq(1), self.write.node.eq(index)]
            m.d.comb += [
                self.write[field].eq(unit.write[field]) for field in ("segment", "beat", "mask")
            ]
            m.d.comb += [
                self.write.data[lane].eq(unit.write.data[lane]) for lane in range(plan.beat)
            ]

    def _input(
        self,
        m: Module,
        sequencer: Sequencer,
        source: AnyNode,
        node: MemoryNode,
        unit: MemoryUnit,
        write: Write,
    ) -> Value:
        """Return what a structured memory reads: the codes of its source, one for each segment."""
        return captured(
            m, source, unit, f"{node.name.replace('.', '_')}_u", write.valid, write.beat
        )

    def _elementwise_unit(
        self,
        m: Module,
        sequencer: Sequencer,
        stage: OutputStage,
        words: dict[str, Value],
        first_step: Signal,
    ) -> None:
        """Add the unit of element-wise nodes, which reads and finishes while the array idles."""
        m.submodules.elementwise = unit = ElementwiseUnit(self.plan)
        m.d.comb += [
            unit.i.valid.eq(sequencer.elements),
            unit.i.node.eq(sequencer.tag.node),
            unit.i.beat.eq(sequencer.beat),
            unit.first_step.eq(first_step),
            stage.elements.eq(unit.o),
        ]
        m.d.comb += [unit.words[name].eq(words[name]) for name, _ in unit.words.shape()]

    def _output(self, m: Module, writes: dict[str, Write]) -> None:
        """Hand the beats of the nodes that answer on."""
        layer = self.plan.layer
        fmt = layer.output.format
        m.d.comb += self._mark(self.o.payload, self.write)
        answers = self.o.payload.last if layer.last_only else 1
        for node in layer.nodes:
            if node.name not in layer.outputs:
                continue
            valid, write, _ = writes[node.name]
            source = node.signal.format
            up = fmt.frac_bits - source.frac_bits
            with m.If(valid):
                m.d.comb += self.o.valid.eq(write.mask[0] & answers)
                for lane in range(self.plan.beat):
                    code = write.data[lane][: source.width]
                    value = code.as_signed() if source.signed else code
                    m.d.comb += self.o.payload.data[lane].eq(value.shift_left(up))


def _written(unit: MemoryUnit, refresh: Refresh | None) -> Value:
    """Return whether a unit stores new states: not while its states are held."""
    return unit.write.valid & ~refresh.running if refresh else Value.cast(unit.write.valid)
