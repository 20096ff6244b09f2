# SPDX-License-Identifier: Apache-2.0
"""Bytes of vectors to beats of packets, and back."""

from __future__ import annotations

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from lmu_hw.hdl.link.frames import BEAT
from lmu_hw.network import Packet

__all__ = ["BeatsToBytes", "BytesToBeats"]


class BytesToBeats(wiring.Component):
    """Collects the bytes of a beat, the lowest first.

    Parameters
    ----------
    packet : Packet

    Members
    -------
    i : In(stream of BEAT)
    tdata, tkeep, tvalid, tlast, tuser : Out;  tready : In
        As a design with such packets has them: ``tkeep`` and ``tuser`` mean nothing where it has
        none.
    """

    def __init__(self, packet: Packet) -> None:
        self.packet = packet
        super().__init__(
            {
                "i": In(stream.Signature(BEAT)),
                "tdata": Out(packet.width),
                "tkeep": Out(packet.bytes),
                "tvalid": Out(1),
                "tready": In(1),
                "tlast": Out(1),
                "tuser": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        count = self.packet.bytes
        beat = self.i.p
        last, ends = Signal(), Signal()
        if count == 1:
            m.d.comb += [self.tdata.eq(beat.byte), self.tkeep.eq(1), self.tvalid.eq(self.i.valid)]
            m.d.comb += [self.i.ready.eq(self.tready), last.eq(beat.last), ends.eq(beat.ends)]
        else:
            place = Signal(range(count))
            m.d.comb += self.i.ready.eq(~self.tvalid)
            with m.If(self.i.valid & self.i.ready):
                for number in range(count):
                    with m.If(place == number):
                        m.d.sync += self.tdata[8 * number : 8 * number + 8].eq(beat.byte)
                        m.d.sync += self.tkeep[number].eq(1)
                m.d.sync += [last.eq(beat.last), ends.eq(beat.ends)]
                m.d.sync += self.tvalid.eq(beat.last | (place == count - 1))
                m.d.sync += place.eq(place + 1)
            with m.If(self.tvalid & self.tready):  # what the next beat lacks is 0
                m.d.sync += [self.tvalid.eq(0), place.eq(0), self.tdata.eq(0), self.tkeep.eq(0)]
        m.d.comb += self.tuser.eq(ends)
        m.d.comb += self.tlast.eq(last if self.packet.marks else last & ends)
        return m


class BeatsToBytes(wiring.Component):
    """Gives the bytes of a beat that belong to a vector, the lowest first.

    Parameters
    ----------
    packet : Packet

    Members
    -------
    tdata, tvalid, tlast, tuser : In;  tready : Out
        ``tuser`` is not read where a design has none.
    o : Out(stream of BEAT)
    """

    def __init__(self, packet: Packet) -> None:
        self.packet = packet
        super().__init__(
            {
                "tdata": In(packet.width),
                "tvalid": In(1),
                "tready": Out(1),
                "tlast": In(1),
                "tuser": In(1),
                "o": Out(stream.Signature(BEAT)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        packet = self.packet
        beat, out = Signal(range(packet.beats)), self.o
        place = Signal(range(packet.bytes))
        final: Value = Const(1) if packet.beats == 1 else beat == packet.beats - 1
        done = Mux(final, place == packet.last_bytes - 1, place == packet.bytes - 1)
        m.d.comb += [
            out.payload.byte.eq(self.tdata.word_select(place, 8)),
            out.payload.last.eq(final & done),
            out.payload.ends.eq(self.tuser if packet.marks else self.tlast),
            out.valid.eq(self.tvalid),
            self.tready.eq(out.ready & done),
        ]
        with m.If(out.valid & out.ready):
            m.d.sync += place.eq(Mux(done, 0, place + 1))
            with m.If(done):
                m.d.sync += beat.eq(Mux(final, 0, beat + 1))
        return m
