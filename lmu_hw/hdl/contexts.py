# SPDX-License-Identifier: Apache-2.0
"""The steps that an interleaved layer computes: whose they are, and where their vectors lie."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Array, Cat, Module, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from lmu_hw.hdl.multiples import entry_of
from lmu_hw.network import INPUT
from lmu_hw.plan import LayerPlan
from lmu_hw.plan.inventory import pages_of

__all__ = ["Contexts", "of_context", "steps_layout"]


def steps_layout(plan: LayerPlan) -> data.ArrayLayout:
    """Return the layout of the steps of all contexts.

    Of each its stream; whether it is the first, the last one of a sequence; the page of the new
    state; the place of its input.
    """
    step = {
        "stream": (plan.streams - 1).bit_length(),
        "first": 1,
        "last": 1,
        "page": 1,
        "place": (pages_of(plan, INPUT) - 1).bit_length(),
    }
    return data.ArrayLayout(data.StructLayout(step), plan.contexts)


def of_context(steps: Any, beat: Any) -> Any:
    """Return the step of the context of a beat, or of a context by its number."""
    number = beat if isinstance(beat, Value) else beat.context
    return data.View(steps.shape().elem_shape, entry_of(steps, number))


class Contexts(wiring.Component):
    """Knows of each context its step, and of each stream what its next step needs.

    Of the two pages of a stream's state, a step writes one and reads the other; they change places
    from step to step. No other step of a stream begins before all of the one before is written.

    Parameters
    ----------
    plan : LayerPlan
    accessible : bool
        States can be read and written from outside.

    Members
    -------
    start : In(1)
        A step begins in `context`; its vector is of `stream`, the `last` of its sequence or not,
        and lies in `place`.
    busy : In
        Contexts whose step is not over, a bit for each.
    is_busy : Out
        The contexts of a step of `stream` that is not over.
    steps : Out(steps_layout)
    reached : In;  reached_first, reached_page : Out(1), if they are accessible
        The stream whose states are reached; whether its next step is the first of a sequence; the
        page that this step reads.
    write : In(1), likewise
        One of them is replaced: the next step of the stream is not the first one.
    """

    def __init__(self, plan: LayerPlan, *, accessible: bool = False) -> None:
        self.plan, self.accessible = plan, accessible
        steps = steps_layout(plan)
        step = steps.elem_shape
        super().__init__(
            {
                "start": In(1),
                "context": In(range(plan.contexts)),
                "stream": In(step["stream"].shape),
                "last": In(1),
                "place": In(step["place"].shape),
                "busy": In(plan.contexts),
                "is_busy": Out(plan.contexts),
                "steps": Out(steps),
                **(
                    {
                        "reached": In(step["stream"].shape),
                        "write": In(1),
                        "reached_first": Out(1),
                        "reached_page": Out(1),
                    }
                    if accessible
                    else {}
                ),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        ids = range(self.plan.streams)
        first = [Signal(name=f"first_{n}", init=1) for n in ids]
        page = [Signal(name=f"page_{n}") for n in ids]
        begun = {
            "stream": self.stream,
            "first": Array(first)[self.stream],
            "last": self.last,
            "page": Array(page)[self.stream],
            "place": self.place,
        }
        for number in range(self.plan.contexts):
            step = self.steps[number]
            m.d.comb += self.is_busy[number].eq(self.busy[number] & (step.stream == self.stream))
            with m.If(self.start & (self.context == number)):
                m.d.sync += [step[name].eq(value) for name, value in begun.items()]
        for number in ids:
            with m.If(self.start & (self.stream == number)):
                m.d.sync += [first[number].eq(self.last), page[number].eq(~page[number])]
            if self.accessible:
                with m.If(self.write & (self.reached == number)):
                    m.d.sync += first[number].eq(0)
        if self.accessible:
            m.d.comb += [
                self.reached_first.eq(Array(first)[self.reached]),
                self.reached_page.eq(~Value.cast(Array(page)[self.reached])),
            ]
        return m

    def page(self, context: Value, *, stateful: bool, before: bool = False) -> Value:
        """Return the page of a vector: of the state, or of the state before; else a context's."""
        if not stateful:
            return context
        step = of_context(self.steps, context)
        return Value.cast(Cat(~step.page if before else step.page, step.stream))
