# SPDX-License-Identifier: Apache-2.0
"""Whole vectors at the ends of a design: one AXI4-Stream beat each."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from lmu_hw.hdl.assertions import add_checker
from lmu_hw.hdl.requantize import shape_of
from lmu_hw.hdl.streams import VECTORS_HELD, beat_signature, has_room, vector_signature
from lmu_hw.network import Signal as Vector
from lmu_hw.network import element_bits

__all__ = ["FromAxi", "ToAxi"]


class FromAxi(wiring.Component):
    """Hands the elements of an AXI4-Stream beat on, `beat` at a time; stores nothing."""

    def __init__(
        self,
        vector: Vector,
        beat: int,
        *,
        watched: bool = False,
        id_bits: int = 0,
        room: int = VECTORS_HELD,
    ) -> None:
        self.room = room
        self.vector, self.beat, self.watched, self.id_bits = vector, beat, watched, id_bits
        super().__init__(
            {
                "tdata": In(vector.size * element_bits(vector)),
                "tvalid": In(1),
                "tready": Out(1),
                "tlast": In(1),
                **({"tid": In(id_bits)} if id_bits else {}),
                "o": Out(vector_signature(vector.format, beat, id_bits)),
                **({"busy": Out(1)} if watched else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        vector, bits = self.vector, element_bits(self.vector)
        beats = -(-vector.size // self.beat)
        index = Signal(range(max(beats, 2)))
        ends = index == beats - 1
        room, empty = has_room(m, platform, self.o.freed, self.o.valid & ends, self.room)
        if self.watched:
            m.d.comb += self.busy.eq(~empty)
        if self.id_bits:
            m.d.comb += self.o.payload.stream.eq(self.tid)
        m.d.comb += [
            self.o.valid.eq(self.tvalid & room),
            self.o.payload.last.eq(self.tlast),
            self.tready.eq(room & ends),
        ]
        with m.Switch(index):
            for number in range(beats):
                with m.Case(number):
                    for lane in range(min(self.beat, vector.size - number * self.beat)):
                        start = (number * self.beat + lane) * bits
                        code = self.tdata[start : start + vector.format.width]
                        m.d.comb += self.o.payload.data[lane].eq(code)
        with m.If(self.o.valid):
            m.d.sync += index.eq(Mux(ends, 0, index + 1))
        return m


class ToAxi(wiring.Component):
    """Collects a vector and offers it as one AXI4-Stream beat."""

    def __init__(self, vector: Vector, beat: int, *, id_bits: int = 0) -> None:
        self.vector, self.beat, self.id_bits = vector, beat, id_bits
        super().__init__(
            {
                "i": In(beat_signature(vector.format, beat, id_bits)),
                **({"tid": Out(id_bits)} if id_bits else {}),
                "tdata": Out(vector.size * element_bits(vector)),
                "tvalid": Out(1),
                "tready": In(1),
                "tlast": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        vector = self.vector
        beats = -(-vector.size // self.beat)
        count = Signal(range(beats + 1))
        elements = [
            Signal(shape_of(vector.format), name=f"element_{n}", reset_less=True)
            for n in range(vector.size)
        ]
        words = []
        for element in elements:
            word = Signal(element_bits(vector), name=f"word_{len(words)}")
            m.d.comb += word.eq(element)  # extends the sign
            words.append(word)
        m.d.comb += [
            self.i.ready.eq(count != beats),
            self.tvalid.eq(count == beats),
            self.tdata.eq(Cat(words)),
        ]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [count.eq(count + 1), self.tlast.eq(self.i.payload.last)]
            if self.id_bits:
                m.d.sync += self.tid.eq(self.i.payload.stream)
            for number, element in enumerate(elements):
                with m.If(count == number // self.beat):
                    m.d.sync += element.eq(self.i.payload.data[number % self.beat])
        with m.If(self.tvalid & self.tready):
            m.d.sync += count.eq(0)
        add_checker(
            m,
            platform,
            "collector",
            BEATS=beats,
            BITS=len(count),
            valid=self.i.valid,
            ready=self.i.ready,
            full=self.tvalid,
            taken=self.tvalid & self.tready,
            count=count,
        )
        return m
