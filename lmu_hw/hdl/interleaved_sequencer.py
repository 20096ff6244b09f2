# SPDX-License-Identifier: Apache-2.0
"""The control of a layer that computes steps of several streams at once."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from lmu_hw.hdl.multiples import entry_of
from lmu_hw.hdl.sequencer import Sequencer
from lmu_hw.hdl.slots import SlotTable
from lmu_hw.plan import LayerPlan
from lmu_hw.plan.interleaving import phases_of

__all__ = ["InterleavedSequencer"]


class _PhasedSlots(SlotTable):
    """Slots that also know of their phase: whether it is the first, where it ends and begins."""

    def __init__(self, plan: LayerPlan) -> None:
        super().__init__(plan)
        self.phases = phases_of(plan)

    def describe(self, index: int) -> dict[str, int]:
        node = self.slots[index].node
        (number,) = (n for n, phase in enumerate(self.phases) if node in phase)
        phase = self.phases[number]
        return super().describe(index) | {
            "enters": number == 0,
            "ends_phase": number < len(self.phases) - 1,  # of one node each
            "phase_slot": next(n for n, run in enumerate(self.slots) if run.node == phase[0]),
        }

    @property
    def layout(self) -> data.StructLayout:
        more = {"enters": 1, "ends_phase": 1, "phase_slot": self.shape}
        return data.StructLayout(dict(super().layout.members) | more)


class InterleavedSequencer(Sequencer):
    """Walks through a batch of steps of different streams: one phase for all, then the next one.

    Each step has a context. While the codes of one are on their way to memory, the words of the
    next one are read; so no step waits for itself if there are enough. A step enters in the cycle
    in which the one before it ends the first phase, or where nothing is read.

    Members
    -------
    start : In(1)
        A step begins in the next cycle; only if it is `open`.
    last_step : In(1)
        Of the step of `next_context`.
    soon : In(1)
        With `open`: a step may begin as soon as what is on its way is written.
    open : Out(1)
    begins : Out(1)
        It will be the first of a batch.
    entering : Out
        Its context.
    in_batch, writing : Out
        Contexts, a bit for each, whose step belongs to a batch that goes on; whose codes are on
        their way.
    next_context, context : Out
        That of `next_word`, and of `word`.
    """

    table_class = _PhasedSlots

    def _other_members(self) -> dict[str, wiring.Member]:
        contexts = self.plan.contexts
        return {
            "soon": In(1),
            "open": Out(1),
            "begins": Out(1),
            "entering": Out(range(contexts)),
            "in_batch": Out(contexts),
            "writing": Out(contexts),
            "next_context": Out(range(contexts)),
            "context": Out(range(contexts)),
        }

    def elaborate(self, platform: object) -> Module:
        m = Module()
        contexts, context = self.plan.contexts, self.next_context
        waits = range(self.plan.tail + 1)
        self._waiting = [Signal(waits, name=f"waiting_{n}") for n in range(contexts)]
        self._draining = Signal(waits, name="draining")
        walk = self._walk(m)
        now, slot = walk.now, walk.slot
        entered = Signal(range(contexts + 1))  # steps of the batch, and a bit for each
        present = Signal(contexts)
        ends_phase = Signal()
        ends_step = Signal()
        again = Signal()  # another context computes the same phase
        over = Signal()  # none does
        m.d.comb += [
            self.writing.eq(Cat(waiting != 0 for waiting in self._waiting)),
            ends_step.eq(now.ends_step | (now.ends_ordinary & ~self.last_step)),
            ends_phase.eq(walk.advance & walk.end_node & (now.ends_phase | ends_step)),
            self.all_read.eq(ends_phase & ends_step),
            self.entering.eq(Mux(self.begins, 0, entered)),
        ]
        with m.If(walk.advance):
            m.d.sync += [self.context.eq(context), self.tag.context.eq(context)]
        with m.FSM():
            with m.State("IDLE"):
                m.d.comb += [self.idle.eq(1), self.open.eq(1), self.begins.eq(1)]
                with m.If(self.start):
                    m.next = "RUN"
            with m.State("RUN"):
                m.d.comb += walk.advance.eq(self._may_read(now))
                with m.If(ends_phase & now.enters):
                    joins = entered != contexts
                    m.d.comb += [
                        self.open.eq(joins | ends_step),
                        self.begins.eq(~joins),
                        self.in_batch.eq(Mux(joins, present, 1 << context)),
                        again.eq(joins & self.start),
                        over.eq(~joins | ~(self.start | self.soon)),
                    ]
                    with m.If(joins & ~self.start & self.soon):
                        m.d.sync += slot.eq(slot)
                        m.next = "JOIN"
                with m.Elif(ends_phase):
                    others = context + 1 != entered
                    m.d.comb += [
                        self.open.eq(~others & ends_step),
                        self.begins.eq(1),
                        self.in_batch.eq(1 << context),
                        again.eq(others),
                        over.eq(~others),
                    ]
                with m.If(over & ends_step & ~self.start):
                    m.next = "IDLE"
            with m.State("JOIN"):
                m.d.comb += [
                    self.open.eq(1),
                    self.in_batch.eq(present),
                    again.eq(self.start),
                    over.eq(~self.start & ~self.soon),
                ]
                with m.If(again):
                    m.next = "RUN"
                with m.Elif(over):
                    m.d.sync += slot.eq(now.next)
                    m.next = "RUN"
                    with m.If(ends_step):
                        m.next = "IDLE"
        # Outside of the states: synthesis finds enables of registers in front of no wide selector.
        with m.If(over):
            m.d.sync += context.eq(0)
        with m.If(over & ends_step):
            m.d.sync += self._from_the_first(slot)
        with m.If(again):
            m.d.sync += [context.eq(context + 1), slot.eq(now.phase_slot)]
            self._phase_again(m, slot)
        with m.If(self.start):
            # What is a bit for each context is shifted: the contexts of a batch are 0, 1, ...
            m.d.sync += [
                entered.eq(self.entering + 1),
                present.eq(Mux(self.begins, 1, present << 1 | 1)),
                context.eq(self.entering),
            ]
        return m

    def _may_read(self, now: Any) -> Value:
        """Say whether what the present word reads is written, and its unit is free."""
        layer = self.plan.layer
        waiting = entry_of(self._waiting, self.next_context)
        may = waiting <= now.ahead if layer.elementwise else waiting == 0
        if layer.elementwise:
            may &= ~now.elements | (self._draining == 0)
        if layer.structured:
            may &= ~now.launches | ~self.writing.any()
        return ~now.waits | may

    def _count_down(self, m: Module) -> None:
        for waiting in (*self._waiting, self._draining):
            with m.If(waiting != 0):
                m.d.sync += waiting.eq(waiting - 1)

    def _wait(self, m: Module, now: Any) -> None:
        for number, waiting in enumerate(self._waiting):
            with m.If(self.next_context == number):
                self._tails(m, now, waiting)
        with m.If(~now.elements if self.plan.layer.elementwise else 1):
            self._tails(m, now, self._draining)

    def _phase_again(self, m: Module, slot: Signal) -> None:
        """Address the first words of a phase."""
        nodes = self.plan.layer.nodes
        m.d.sync += self.moved.eq(-1)
        with m.Switch(slot):
            for phase in self.table.phases:
                with m.Case(*(n for n, run in enumerate(self.table.slots) if run.node in phase)):
                    for number, rom in enumerate(self.table.roms):
                        own = [nodes[n] for n in phase if nodes[n] in rom.nodes]
                        if own:
                            first = rom.first_words[own[0]]
                            m.d.sync += self.coefficients[number].eq(first)
