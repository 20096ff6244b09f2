# SPDX-License-Identifier: Apache-2.0
"""One layer that computes steps of several streams at once: while one drains, another is read."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from lmu_hw.hdl.contexts import Contexts, of_context
from lmu_hw.hdl.input_ring import InputRing
from lmu_hw.hdl.interleaved_sequencer import InterleavedSequencer
from lmu_hw.hdl.layer import Layer
from lmu_hw.hdl.layer_states import Refresh, add_refresh, connect_states
from lmu_hw.hdl.memory_unit import MemoryUnit, captured
from lmu_hw.hdl.multiples import entry_of
from lmu_hw.hdl.operands import Reading, Write
from lmu_hw.hdl.output_stage import OutputStage
from lmu_hw.hdl.sequencer import Sequencer
from lmu_hw.hdl.storage import VectorRam
from lmu_hw.hdl.streams import has_room
from lmu_hw.network import AnyNode, MemoryNode
from lmu_hw.plan import LayerPlan, StateMap

__all__ = ["InterleavedLayer"]

_WRITTEN_LATE = 4  # cycles in which something may still be written that is counted as written
_PROMISED_LATE = 2  # steps that may have begun and are not yet counted where room is looked at


class InterleavedLayer(Layer):
    """Computes one layer for several streams, each with a state of its own.

    Everything that a step leaves for the next one of its stream lies at an address whose upper bits
    are the stream's number. Steps of one stream follow each other as in `Layer`; those of others
    are read meanwhile. All answers of a batch must have room before it begins.
    """

    source_class = InputRing
    sequencer_class = InterleavedSequencer

    def __init__(
        self,
        plan: LayerPlan,
        held: int,
        *,
        watched: bool = False,
        states: StateMap | None = None,
    ) -> None:
        super().__init__(plan, held, watched=watched, states=states)
        self.contexts = Contexts(plan, accessible=bool(self.states))
        keep = self.write_trace[0].attrs
        self.stream_trace = Signal(self.i.payload.stream.shape(), name="trace_stream", attrs=keep)
        # The context that each unit of a memory computes.
        self.of_unit = {
            node.name: Signal(range(plan.contexts), name=f"{node.role.value}_context")
            for node in plan.layer.structured
        }

    def _flow(
        self,
        m: Module,
        platform: object,
        source: InputRing,
        sequencer: Sequencer,
        stage: OutputStage,
        units: dict[str, MemoryUnit],
    ) -> tuple[Value, tuple[Reading, Reading], Refresh | None]:
        contexts, steps = self.contexts, self.contexts.steps
        m.submodules.contexts = contexts
        begun, begun_last, all_read = Signal(), Signal(), Signal()
        m.d.sync += [
            begun.eq(self.start),
            begun_last.eq(source.last),
            all_read.eq(sequencer.all_read),
        ]
        promise = Signal()
        m.d.comb += promise.eq(begun & (begun_last if self.plan.layer.last_only else 1))
        at_once = self.plan.contexts + _PROMISED_LATE
        room, empty = has_room(m, platform, self.o.freed, promise, self.held, at_once)
        free = ~contexts.is_busy.any() & ~contexts.busy.bit_select(sequencer.entering, 1)
        may, refresh = self._interrupted(m, source, sequencer, units)
        if self.watched:
            active = ~sequencer.idle | sequencer.writing.any()
            late = Signal(_WRITTEN_LATE, name="written_late")
            m.d.sync += late.eq(Cat(active, late))
            busy = active | late.any() | ~empty
            m.d.comb += self.busy.eq(busy | source.available if self.states else busy)
            self._count(m, stage, units)
        step, next_step = (
            of_context(steps, context) for context in (sequencer.context, sequencer.next_context)
        )
        m.d.comb += [
            contexts.busy.eq(sequencer.in_batch | sequencer.writing),
            self.start.eq(
                sequencer.open & source.available & free & (room | ~sequencer.begins) & may
            ),
            sequencer.start.eq(self.start),
            sequencer.soon.eq(
                source.available & ~(contexts.is_busy & sequencer.in_batch).any() & may
            ),
            sequencer.last_step.eq(next_step.last),
            contexts.start.eq(self.start),
            contexts.context.eq(sequencer.entering),
            contexts.stream.eq(source.stream),
            contexts.last.eq(source.last),
            contexts.place.eq(source.place),
            source.take.eq(self.start),
            source.drop.eq(all_read),
            source.read_place.eq(next_step.place if source.ram.ahead else step.place),
            self.stream_trace.eq(of_context(steps, self.write).stream),
        ]
        readings = (
            self._reading(sequencer.slot, sequencer.word, sequencer.context),
            self._reading(sequencer.next_slot, sequencer.next_word, sequencer.next_context),
        )
        return step.first, readings, refresh

    def _interrupted(
        self,
        m: Module,
        source: InputRing,
        sequencer: Sequencer,
        units: dict[str, MemoryUnit],
    ) -> tuple[Value, Refresh | None]:
        """Connect what knows the pages to an access to states.

        Returns
        -------
        tuple
            Whether a step may start, for all that accesses do; what computes sums again.
        """
        self._refresh, self._source = None, source
        if not self.states:
            return Const(1), None
        m.d.comb += [
            self.contexts.reached.eq(self.access.stream),
            self.contexts.write.eq(self.access.write),
        ]
        idle = sequencer.idle & ~sequencer.writing.any()
        self._refresh = add_refresh(
            m,
            self.access,
            self.states,
            units.values(),
            idle & source.available & ~self.access.select,
            source.stream,
        )
        may = ~self.access.select
        if self._refresh:
            may &= ~self._refresh.due & ~self._refresh.running
        return may, self._refresh

    def _connect_states(
        self, m: Module, held: dict[str, list[VectorRam | MemoryUnit]], first_step: Value
    ) -> Value:
        contexts, stream = self.contexts, self.access.stream
        for memories in held.values():
            for memory in memories:
                page = memory.access.page
                both = len(page) > len(stream)  # of its state, a stream has two pages
                m.d.comb += page.eq(Cat(contexts.reached_page, stream) if both else stream)
        return connect_states(m, self.access, self.states, held, contexts.reached_first)

    def _reading(self, slot: Value, word: Value, context: Value) -> Reading:
        def page(stateful: bool, before: bool) -> Value:
            return self.contexts.page(context, stateful=stateful, before=before)

        return Reading(slot, word, page)

    def _writes(
        self, stage: OutputStage, units: dict[str, MemoryUnit], refresh: Refresh | None
    ) -> dict[str, Write]:
        def page_in(context: Value) -> Any:
            return lambda stateful: self.contexts.page(context, stateful=stateful)

        return {
            name: Write(valid, beat, page_in(self.of_unit.get(name, stage.write.context)))
            for name, (valid, beat, _) in super()._writes(stage, units, refresh).items()
        }

    def _page_of(self, write: Any) -> Any:
        return None  # `_writes` knows it

    def _mark(self, payload: Any, write: Any) -> list[Any]:
        step = of_context(self.contexts.steps, write)
        return [payload.last.eq(step.last), payload.stream.eq(step.stream)]

    def _residues(self, m: Module, stage: OutputStage, first_step: Value) -> None:
        m.d.comb += stage.steps.eq(self.contexts.steps)

    def _memory_unit(
        self,
        m: Module,
        sequencer: Sequencer,
        node: MemoryNode,
        unit: MemoryUnit,
        writes: dict[str, Write],
        first_step: Value,
    ) -> None:
        kept = self.of_unit[node.name]
        with m.If(unit.start):
            m.d.sync += kept.eq(sequencer.context)
        step = of_context(self.contexts.steps, self._unit_context(sequencer, node, unit))
        super()._memory_unit(m, sequencer, node, unit, writes, step.first)
        m.d.comb += [
            unit.stream.eq(step.stream),
            unit.written_stream.eq(of_context(self.contexts.steps, kept).stream),
        ]
        if (refresh := self._refresh) and unit.keeps_sums:
            # Of the stream whose step waits for it, and whose states were written.
            with m.If(refresh.begins | refresh.running):
                m.d.comb += [
                    unit.first_step.eq(0),
                    unit.stream.eq(self._source.stream),
                    unit.written_stream.eq(self._source.stream),
                ]
        with m.If(unit.write.valid):
            m.d.comb += self.write.context.eq(kept)

    def _unit_context(self, sequencer: Sequencer, node: MemoryNode, unit: MemoryUnit) -> Value:
        """Return the context that the unit of a memory computes, from the cycle of its start on."""
        return Mux(unit.start, sequencer.context, self.of_unit[node.name])

    def _input(
        self,
        m: Module,
        sequencer: Sequencer,
        source: AnyNode,
        node: MemoryNode,
        unit: MemoryUnit,
        write: Write,
    ) -> Value:
        name = f"{node.name.replace('.', '_')}_u"
        inputs = [
            captured(
                m,
                source,
                unit,
                f"{name}_{number}",
                write.valid & (write.beat.context == number),
                write.beat,
            )
            for number in range(self.plan.contexts)
        ]
        return entry_of(inputs, self._unit_context(sequencer, node, unit))

    def _elementwise_unit(
        self,
        m: Module,
        sequencer: Sequencer,
        stage: OutputStage,
        words: dict[str, Value],
        first_step: Value,
    ) -> None:
        # The words that a beat is read from are there one cycle later.
        later = Signal(name="first_step_of_words", reset_less=True)
        m.d.sync += later.eq(first_step)
        super()._elementwise_unit(m, sequencer, stage, words, later)
        m.d.comb += m.submodules.elementwise.i.context.eq(sequencer.context)
