# SPDX-License-Identifier: Apache-2.0
"""Vectors between layers: how they are sent, the buffer of a layer, and the queue of answers."""

from __future__ import annotations

from typing import NamedTuple

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from lmu_hw.fixed import FixedFormat
from lmu_hw.hdl.assertions import add_checker, count_bits
from lmu_hw.hdl.requantize import shape_of
from lmu_hw.hdl.storage import VectorRam
from lmu_hw.network import INPUT
from lmu_hw.network import Signal as Vector
from lmu_hw.plan import LayerPlan
from lmu_hw.plan.vectors import reads_ahead

__all__ = [
    "ANSWER_LATENCY",
    "VECTORS_HELD",
    "AnswerQueue",
    "InputBuffer",
    "Room",
    "beat_signature",
    "has_room",
    "payload_layout",
    "vector_signature",
]

ANSWER_LATENCY = 4
"""Cycles from the start of a step to the first beat of its answer, at least; see `AnswerQueue`."""

VECTORS_HELD = 2
"""Vectors that a receiver has room for: one that it reads, and the next one."""


def payload_layout(fmt: FixedFormat, beat: int, id_bits: int = 0) -> data.StructLayout:
    """Return the layout of a beat of a vector; ``stream`` tells whose it is, if there are several.

    ``last`` marks all beats of the last vector of a sequence.
    """
    elements = data.ArrayLayout(shape_of(fmt), beat)
    return data.StructLayout(
        {"data": elements, "last": 1, **({"stream": id_bits} if id_bits else {})}
    )


def beat_signature(fmt: FixedFormat, beat: int, id_bits: int = 0) -> stream.Signature:
    """Return the stream of a vector's elements, `beat` at a time; see `payload_layout`."""
    return stream.Signature(payload_layout(fmt, beat, id_bits))


def vector_signature(fmt: FixedFormat, beat: int, id_bits: int = 0) -> wiring.Signature:
    """Return the beats of vectors that nothing holds up: a vector begins where it has room.

    The sender counts the room (`has_room`); ``freed`` gives it that of one vector back.
    """
    payload = payload_layout(fmt, beat, id_bits)
    return wiring.Signature({"valid": Out(1), "payload": Out(payload), "freed": In(1)})


class Room(NamedTuple):
    """What a sender knows of its receiver, from registers alone.

    Attributes
    ----------
    there : Value
        There is room for as many vectors as are sent at once.
    all_there : Value
        The receiver holds no vector, and none is promised to it.
    """

    there: Value
    all_there: Value


def has_room(
    m: Module,
    platform: object,
    freed: Value,
    sent: Value,
    vectors: int = VECTORS_HELD,
    at_once: int = 1,
) -> Room:
    """Count a receiver's room at its sender.

    Parameters
    ----------
    m : Module
    platform : object
    freed, sent : Value
        The receiver has room for one vector more; one vector is sent, or will be for sure.
    vectors : int
        That it has room for.
    at_once : int
        Vectors that are sent where there is room.
    """
    room = Signal(range(vectors + 1), init=vectors)
    m.d.sync += room.eq(room + freed - sent)
    there = room != 0 if at_once == 1 else room >= at_once
    account = {"sent": sent, "freed": freed, "room": room != 0}
    add_checker(m, platform, "room", VECTORS=vectors, BITS=count_bits(vectors), **account)
    return Room(there, room == vectors)


class InputBuffer(wiring.Component):
    """Receives the next input vector while the layer reads the present one.

    Parameters
    ----------
    plan : LayerPlan

    Members
    -------
    i : In(vector_signature)
    read_word, read_enable : In
    read_data : Out
        The word of the present vector; when, is as in `VectorRam`.
    available, last : Out(1)
        There is a present vector; it is the last of its sequence.
    drop : In(1)
        The present vector is no longer needed.
    """

    def __init__(self, plan: LayerPlan) -> None:
        source = plan.layer.input
        self.plan = plan
        self.ram = VectorRam(
            storage=plan.storage(INPUT),
            pages=VECTORS_HELD,
            columns=plan.columns,
            beat=plan.input_beat,
            width=source.format.width,
            ahead=reads_ahead(plan, INPUT),
        )
        super().__init__(
            {
                "i": In(vector_signature(source.format, plan.input_beat)),
                "read_word": In(self.ram.read_word.shape()),
                "read_enable": In(1, init=1),
                "read_data": Out(self.ram.read_data.shape()),
                "available": Out(1),
                "last": Out(1),
                "drop": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.memory = ram = self.ram
        beats = self.plan.input_beats
        beat = Signal(range(beats + 1))
        full = Signal(range(VECTORS_HELD + 1))
        filling = Signal()
        reading = Signal()
        complete = Signal()
        lasts = Signal(2)
        m.d.comb += [
            self.i.freed.eq(self.drop),
            complete.eq(self.i.valid & (beat == beats - 1)),
            self.available.eq(full != 0),
            self.last.eq(lasts.bit_select(reading, 1)),
            ram.write_page.eq(filling),
            ram.write_beat.eq(beat),
            ram.write_enable.eq(self.i.valid),
            ram.write_data.eq(self.i.payload.data),
            ram.read_page.eq(reading),
            ram.read_word.eq(self.read_word),
            ram.read_enable.eq(self.read_enable),
            self.read_data.eq(ram.read_data),
        ]
        m.d.sync += full.eq(full + complete - self.drop)
        with m.If(self.i.valid):
            m.d.sync += beat.eq(beat + 1)
        with m.If(complete):
            m.d.sync += [beat.eq(0), filling.eq(~filling)]
            m.d.sync += lasts.bit_select(filling, 1).eq(self.i.payload.last)
        with m.If(self.drop):
            m.d.sync += reading.eq(~reading)
        add_checker(
            m,
            platform,
            "buffer",
            BEATS=beats,
            BITS=len(beat),
            valid=self.i.valid,
            last=self.i.payload.last,
            drop=self.drop,
            available=self.available,
            marked=self.last,
            filling=filling,
            reading=reading,
            beat=beat,
        )
        return m


class AnswerQueue(wiring.Component):
    """Keeps an answer by its beats, in memory, while the one before waits at the output.

    It has room for one vector: the next one begins at least as many cycles after the one at the
    output was taken as a beat takes through the output stage, while beats leave in each of them.
    The mark of the last step is one bit for a vector, so that memories are as wide as codes.

    Parameters
    ----------
    vector : Vector
    beat : int

    Members
    -------
    i : In(vector_signature)
    o : Out(stream of beats)
    taken : In(1)
        The vector at the output was taken; the beats of the next one may leave.
    """

    def __init__(self, vector: Vector, beat: int) -> None:
        self.beats = -(-vector.size // beat)
        self.width = vector.format.width * beat
        super().__init__(
            {
                "i": In(vector_signature(vector.format, beat)),
                "o": Out(beat_signature(vector.format, beat)),
                "taken": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.beats = memory = Memory(shape=self.width, depth=self.beats, init=[])
        write = memory.write_port(domain="sync")
        read = memory.read_port(domain="sync")
        entering = Signal(range(max(self.beats, 2)))
        leaving = Signal.like(entering)
        level = Signal(range(self.beats + 1))
        filling = Signal()
        reading = Signal()
        lasts = Signal(2)
        # Memory, its output, and a register behind it: block RAM is slow.
        read_out = Signal()
        offered = Signal()
        word = Signal(self.width, reset_less=True)
        moves = ~offered | self.o.ready
        fetch = (level != 0) & (~read_out | moves)
        m.d.comb += [
            self.i.freed.eq(self.taken),
            write.addr.eq(entering),
            write.data.eq(self.i.payload.data),
            write.en.eq(self.i.valid),
            read.addr.eq(leaving),
            read.en.eq(fetch),
            self.o.valid.eq(offered),
            self.o.payload.data.eq(word),
            self.o.payload.last.eq(lasts.bit_select(reading, 1)),
        ]
        m.d.sync += level.eq(level + self.i.valid - fetch)
        with m.If(self.i.valid):
            m.d.sync += entering.eq(Mux(entering == self.beats - 1, 0, entering + 1))
            m.d.sync += lasts.bit_select(filling, 1).eq(self.i.payload.last)
            with m.If(entering == self.beats - 1):
                m.d.sync += filling.eq(~filling)
        with m.If(fetch):
            m.d.sync += leaving.eq(Mux(leaving == self.beats - 1, 0, leaving + 1))
        with m.If(~read_out | moves):
            m.d.sync += read_out.eq(fetch)
        with m.If(moves):
            m.d.sync += offered.eq(read_out)
        with m.If(moves & read_out):
            m.d.sync += word.eq(read.data)
        with m.If(self.taken):
            m.d.sync += reading.eq(~reading)
        add_checker(
            m,
            platform,
            "queue",
            BEATS=self.beats,
            BITS=len(entering),
            valid=self.i.valid,
            last=self.i.payload.last,
            fetch=fetch,
            taken=self.taken,
            offered=self.o.valid,
            marked=self.o.payload.last,
            entering=entering,
            leaving=leaving,
        )
        return m
