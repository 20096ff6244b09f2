# SPDX-License-Identifier: Apache-2.0
"""Vectors in a stream of bytes: bytes of their own end them, and no data look like those."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib import data, stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

from lmu_hw.network.frames import ESCAPED, Mark

__all__ = ["BEAT", "FrameReceiver", "FrameSender"]

BEAT = data.StructLayout({"byte": 8, "last": 1, "ends": 1})
"""A byte of a vector; whether it is its last one, and the vector the last one of a sequence."""


def _is_mark(octet: Value) -> Value:
    return Value.cast(octet[2:] == min(Mark) >> 2)


class FrameReceiver(wiring.Component):
    """Takes bytes from the line, and hands vectors on.

    The last byte of a vector is known by the mark that follows, so one byte is kept back. A queue
    takes what the design does not take at once.

    Parameters
    ----------
    depth : int
        Bytes of vectors that there is room for.

    Members
    -------
    i : In(stream of bytes)
        Always taken.
    o : Out(stream of BEAT)
    begins : Out(1)
        The mark to begin anew was there: everything is to be reset but the line.
    overrun : Out(1)
        A byte was lost, since the queue was full; until the next reset.
    """

    def __init__(self, depth: int) -> None:
        self.depth = depth
        super().__init__(
            {
                "i": In(stream.Signature(8, always_ready=True)),
                "o": Out(stream.Signature(BEAT)),
                "begins": Out(1),
                "overrun": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.queue = queue = SyncFIFOBuffered(width=BEAT.size, depth=self.depth)
        kept = Signal(8, reset_less=True)
        there = Signal()  # a byte is kept back
        escaped = Signal()
        octet = self.i.payload
        mark = self.i.valid & _is_mark(octet)
        ends = mark & ((octet == Mark.END) | (octet == Mark.END_OF_SEQUENCE))
        byte = self.i.valid & ~_is_mark(octet)
        entry = Signal(BEAT)
        m.d.comb += [
            entry.byte.eq(kept),
            entry.last.eq(ends),
            entry.ends.eq(octet == Mark.END_OF_SEQUENCE),
            queue.w_data.eq(entry),
            queue.w_en.eq(there & (ends | byte)),
            self.begins.eq(mark & (octet == Mark.BEGIN)),
            self.o.payload.eq(queue.r_data),
            self.o.valid.eq(queue.r_rdy),
            queue.r_en.eq(self.o.ready),
        ]
        with m.If(self.i.valid):
            m.d.sync += escaped.eq(octet == Mark.ESCAPE)
        with m.If(byte):
            m.d.sync += [kept.eq(Mux(escaped, octet ^ ESCAPED, octet)), there.eq(1)]
        with m.Elif(ends):
            m.d.sync += there.eq(0)
        with m.If(queue.w_en & ~queue.w_rdy):
            m.d.sync += self.overrun.eq(1)
        return m


class FrameSender(wiring.Component):
    """Gives answers to the line, and a mark for each vector that was taken.

    Parameters
    ----------
    vectors : int
        That can be taken before their marks are sent.

    Members
    -------
    i : In(stream of BEAT)
    taken : In(1)
        A vector was taken.
    o : Out(stream of bytes)
    """

    def __init__(self, vectors: int) -> None:
        self.vectors = vectors
        super().__init__(
            {
                "i": In(stream.Signature(BEAT)),
                "taken": In(1),
                "o": Out(stream.Signature(8)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # The first one says that the design is there.
        marks = Signal(range(self.vectors + 2), init=1)
        escaped = Signal()
        final = Signal()  # the bytes of a vector are sent, its mark is not
        ends = Signal(reset_less=True)
        beat = self.i.p
        there, octet = Signal(), Signal(8)  # what is to be sent next
        free = ~self.o.valid | self.o.ready
        marked, took, second = (final & free), Signal(), Signal()
        with m.If(final):
            m.d.comb += [there.eq(1), octet.eq(Mux(ends, Mark.END_OF_SEQUENCE, Mark.END))]
        with m.Elif((marks != 0) & ~escaped):
            m.d.comb += [there.eq(1), octet.eq(Mark.TAKEN), took.eq(free)]
        with m.Elif(_is_mark(beat.byte) & ~escaped):
            m.d.comb += [there.eq(self.i.valid), octet.eq(Mark.ESCAPE)]
            m.d.comb += second.eq(self.i.valid & free)
        with m.Else():
            m.d.comb += [there.eq(self.i.valid), self.i.ready.eq(free)]
            m.d.comb += octet.eq(Mux(escaped, beat.byte ^ ESCAPED, beat.byte))
        m.d.sync += marks.eq(marks + self.taken - took)
        with m.If(free):
            m.d.sync += [self.o.valid.eq(there), self.o.payload.eq(octet)]
        with m.If(marked):
            m.d.sync += final.eq(0)
        with m.If(second):
            m.d.sync += escaped.eq(1)
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [escaped.eq(0), final.eq(beat.last), ends.eq(beat.ends)]
        return m
