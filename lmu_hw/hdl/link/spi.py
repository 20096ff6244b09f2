# SPDX-License-Identifier: Apache-2.0
"""Bytes as an SPI peripheral: mode 0, the highest bit first, both ways at once.

Its clock is sampled by that of the design, and may be at most an eighth of it.
"""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

__all__ = ["SpiPeripheral"]


class SpiPeripheral(wiring.Component):
    """Takes a byte for each that it gives; a byte that is not whole is none, on either side.

    Parameters
    ----------
    filler : int
        The byte that is given where there is no other.

    Members
    -------
    cs_n, sck, copi : In(1)
    cipo : Out(1)
    o : Out(stream of bytes)
        Valid for one cycle: a byte that is not taken then is lost.
    i : In(stream of bytes)
    """

    def __init__(self, filler: int) -> None:
        self.filler = filler
        super().__init__(
            {
                "cs_n": In(1, init=1),
                "sck": In(1),
                "copi": In(1),
                "cipo": Out(1),
                "o": Out(stream.Signature(8, always_ready=True)),
                "i": In(stream.Signature(8)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        cs_n, sck, copi = Signal(init=1), Signal(), Signal()
        for name, pin, value in (("cs_n", self.cs_n, cs_n), ("sck", self.sck, sck)):
            m.submodules[name] = FFSynchronizer(pin, value, init=value.init)
        m.submodules.copi = FFSynchronizer(self.copi, copi)
        before = Signal()
        m.d.sync += before.eq(sck)
        rises, falls = ~cs_n & sck & ~before, ~cs_n & ~sck & before

        place = Signal(3)
        given = Signal(8)  # what is left of the byte on its way out, the next bit on top
        genuine = Signal()  # it is no filler
        received = Signal(7)
        ends = rises & (place == 7)
        # A byte is chosen before its first bit is due, and taken when its last one has been read.
        begins = cs_n | (falls & (place == 0))
        with m.If(begins):
            m.d.sync += [
                given.eq(Mux(self.i.valid, self.i.payload, self.filler)),
                genuine.eq(self.i.valid),
                place.eq(0),
            ]
        with m.Elif(falls):
            m.d.sync += given.eq(given << 1)
        with m.If(rises):
            m.d.sync += [place.eq(place + 1), received.eq(Cat(copi, received))]
        m.d.comb += [
            self.cipo.eq(given[7]),
            self.i.ready.eq(ends & genuine),
            self.o.valid.eq(ends),
            self.o.payload.eq(Cat(copi, received)),
        ]
        return m
