# SPDX-License-Identifier: Apache-2.0
"""Bytes on an asynchronous line: a start bit, eight data bits, the lowest first, a stop bit."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

__all__ = ["UartReceiver", "UartTransmitter"]


class UartReceiver(wiring.Component):
    """Takes bytes from a line; one that does not end with a stop bit is dropped.

    Parameters
    ----------
    divisor : int
        Cycles of a bit, 4 or more.

    Members
    -------
    rx : In(1)
    o : Out(stream of bytes)
        Valid for one cycle: a byte that is not taken then is lost.
    """

    def __init__(self, divisor: int) -> None:
        self.divisor = divisor
        super().__init__(
            {
                "rx": In(1, init=1),
                "o": Out(stream.Signature(8, always_ready=True)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        line = Signal(init=1)
        m.submodules.synchronizer = FFSynchronizer(self.rx, line, init=1)
        bits = Signal(10)  # that were received, the newest on top
        left = Signal(range(11))  # bits to come, the start bit among them
        timer = Signal(range(self.divisor))
        m.d.sync += self.o.valid.eq(0)
        with m.If(left == 0):
            # Each bit is looked at in its middle.
            m.d.sync += timer.eq(self.divisor // 2)
            with m.If(~line):
                m.d.sync += left.eq(10)
        with m.Elif(timer == 0):
            m.d.sync += [
                timer.eq(self.divisor - 1),
                left.eq(left - 1),
                bits.eq(Cat(bits[1:], line)),
            ]
            with m.If((left == 10) & line):  # a spike, no start bit
                m.d.sync += left.eq(0)
            with m.If(left == 1):
                m.d.sync += self.o.valid.eq(line)
        with m.Else():
            m.d.sync += timer.eq(timer - 1)
        m.d.comb += self.o.payload.eq(bits[1:9])
        return m


class UartTransmitter(wiring.Component):
    """Gives bytes to a line.

    Parameters
    ----------
    divisor : int
        Cycles of a bit.

    Members
    -------
    i : In(stream of bytes)
    tx : Out(1)
    """

    def __init__(self, divisor: int) -> None:
        self.divisor = divisor
        super().__init__({"i": In(stream.Signature(8)), "tx": Out(1, init=1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bits = Signal(9, init=-1)
        left = Signal(range(11))
        timer = Signal(range(self.divisor))
        ends = timer == 0
        m.d.comb += self.i.ready.eq(left == 0)
        with m.If(left != 0):
            m.d.sync += timer.eq(Mux(ends, self.divisor - 1, timer - 1))
            with m.If(ends):
                m.d.sync += [Cat(self.tx, bits).eq(Cat(bits, 1)), left.eq(left - 1)]
        with m.Elif(self.i.valid):
            m.d.sync += [
                self.tx.eq(0),
                bits.eq(Cat(self.i.payload, 1)),
                timer.eq(self.divisor - 1),
                left.eq(10),
            ]
        return m
