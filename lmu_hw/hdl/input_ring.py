# SPDX-License-Identifier: Apache-2.0
"""The input vectors of a layer that computes steps of several streams at once."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from lmu_hw.hdl.multiples import entry_of
from lmu_hw.hdl.storage import VectorRam
from lmu_hw.hdl.streams import vector_signature
from lmu_hw.network import INPUT
from lmu_hw.plan import LayerPlan
from lmu_hw.plan.inventory import pages_of
from lmu_hw.plan.vectors import reads_ahead

__all__ = ["InputRing"]


class InputRing(wiring.Component):
    """Receives input vectors, each in the next place of a ring, and lends them out in that order.

    A vector that is taken stays where it is until it is dropped.

    Parameters
    ----------
    plan : LayerPlan

    Members
    -------
    i : In(vector_signature)
    available, last, stream : Out
        There is a vector that is not taken; it is the last of its sequence; whose it is.
    place : Out
        Where it lies.
    take : In(1)
        It is taken.
    drop : In(1)
        Of those that are taken, the oldest is no longer needed.
    read_place, read_word, read_enable : In
    read_data : Out
        A word of a vector; when, is as in `VectorRam`.
    """

    def __init__(self, plan: LayerPlan) -> None:
        source, self.plan = plan.layer.input, plan
        self.places = pages_of(plan, INPUT)
        self.id_bits = (plan.streams - 1).bit_length()
        self.ram = VectorRam(
            storage=plan.storage(INPUT),
            pages=self.places,
            columns=plan.columns,
            beat=plan.input_beat,
            width=source.format.width,
            ahead=reads_ahead(plan, INPUT),
        )
        super().__init__(
            {
                "i": In(vector_signature(source.format, plan.input_beat, self.id_bits)),
                "available": Out(1),
                "last": Out(1),
                "stream": Out(self.id_bits),
                "place": Out(range(self.places)),
                "take": In(1),
                "drop": In(1),
                "read_place": In(range(self.places)),
                "read_word": In(self.ram.read_word.shape()),
                "read_enable": In(1, init=1),
                "read_data": Out(self.ram.read_data.shape()),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.memory = ram = self.ram
        beats = self.plan.input_beats
        beat = Signal(range(beats + 1))
        waiting = Signal(range(self.places + 1))
        filling = Signal(range(self.places))
        complete = Signal()
        mark = data.StructLayout({"last": 1, "stream": self.id_bits})
        marks = Signal(data.ArrayLayout(mark, self.places), reset_less=True)
        next_mark = data.View(mark, entry_of(marks, self.place))
        m.d.comb += [
            self.i.freed.eq(self.drop),
            complete.eq(self.i.valid & (beat == beats - 1)),
            self.available.eq(waiting != 0),
            self.last.eq(next_mark.last),
            self.stream.eq(next_mark.stream),
            ram.write_page.eq(filling),
            ram.write_beat.eq(beat),
            ram.write_enable.eq(self.i.valid),
            ram.write_data.eq(self.i.payload.data),
            ram.read_page.eq(self.read_place),
            ram.read_word.eq(self.read_word),
            ram.read_enable.eq(self.read_enable),
            self.read_data.eq(ram.read_data),
        ]
        m.d.sync += waiting.eq(waiting + complete - self.take)
        with m.If(self.i.valid):
            m.d.sync += beat.eq(beat + 1)
        with m.If(complete):
            payload = {"last": self.i.payload.last, "stream": self.i.payload.stream}
            entry = data.View(mark, entry_of(marks, filling))
            m.d.sync += [beat.eq(0), filling.eq(filling + 1)]
            m.d.sync += [entry[name].eq(value) for name, value in payload.items()]
        with m.If(self.take):
            m.d.sync += self.place.eq(self.place + 1)
        return m
