# SPDX-License-Identifier: Apache-2.0
"""A serial line on one side, the streams of a design on the other."""

from __future__ import annotations

from functools import cache

from amaranth.hdl import Module, ResetInserter, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from lmu_hw.hdl.link.frames import FrameReceiver, FrameSender
from lmu_hw.hdl.link.spi import SpiPeripheral
from lmu_hw.hdl.link.uart import UartReceiver, UartTransmitter
from lmu_hw.hdl.link.widths import BeatsToBytes, BytesToBeats
from lmu_hw.hdl.verilog import component_verilog
from lmu_hw.network import Packet
from lmu_hw.network.frames import Link, Mark, queue_bytes, window
from lmu_hw.plan import Plan

__all__ = ["SerialLink", "link_verilog"]


_PINS = {
    Link.UART: {"rx": In(1, init=1), "tx": Out(1, init=1)},
    Link.SPI: {"cs_n": In(1, init=1), "sck": In(1), "copi": In(1), "cipo": Out(1)},
}

_TO_DESIGN = ("tdata", "tkeep", "tvalid", "tlast", "tuser")
_FROM_DESIGN = ("tdata", "tvalid", "tlast", "tuser")


class SerialLink(wiring.Component):
    """Stands between the pins of a board and a design.

    Parameters
    ----------
    link : Link
    source, answer : Packet
        Of the design.
    divisor : int or None
        Cycles of a bit of a UART.

    Members
    -------
    rx, tx; or cs_n, sck, copi, cipo
        See `UartReceiver`, `SpiPeripheral`.
    m_axis_tdata, m_axis_tkeep, m_axis_tvalid, m_axis_tlast, m_axis_tuser : Out;  m_axis_tready : In
        To the design; ``tkeep`` and ``tuser`` are left open where it has none.
    s_axis_tdata, s_axis_tvalid, s_axis_tlast, s_axis_tuser : In;  s_axis_tready : Out
        From the design.
    clear : Out(1)
        The design is to be reset: the host begins anew.
    overrun : Out(1)
        The host sent more than there was room for; until it begins anew.
    """

    def __init__(
        self, link: Link, source: Packet, answer: Packet, divisor: int | None = None
    ) -> None:
        self.link, self.source, self.answer, self.divisor = link, source, answer, divisor
        super().__init__(
            {
                **_PINS[link],
                "m_axis_tdata": Out(source.width),
                "m_axis_tkeep": Out(source.bytes),
                "m_axis_tvalid": Out(1),
                "m_axis_tready": In(1),
                "m_axis_tlast": Out(1),
                "m_axis_tuser": Out(1),
                "s_axis_tdata": In(answer.width),
                "s_axis_tvalid": In(1),
                "s_axis_tready": Out(1),
                "s_axis_tlast": In(1),
                "s_axis_tuser": In(1),
                "clear": Out(1),
                "overrun": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        receiver = FrameReceiver(queue_bytes(self.source.vector_bytes))
        sender = FrameSender(window(self.source.vector_bytes))
        collect, split = BytesToBeats(self.source), BeatsToBytes(self.answer)
        begun = Signal()
        reset = ResetInserter(self.clear)
        m.submodules.receiver, m.submodules.collect = reset(receiver), reset(collect)
        m.submodules.sender, m.submodules.split = reset(sender), reset(split)
        # Two cycles: in the second one the design is in reset, and what it offered is gone.
        m.d.sync += begun.eq(receiver.begins)
        m.d.comb += self.clear.eq(receiver.begins | begun)
        self._line(m, receiver, sender)
        wiring.connect(m, receiver.o, collect.i)
        wiring.connect(m, split.o, sender.i)
        m.d.comb += [
            *(getattr(self, f"m_axis_{name}").eq(getattr(collect, name)) for name in _TO_DESIGN),
            *(getattr(split, name).eq(getattr(self, f"s_axis_{name}")) for name in _FROM_DESIGN),
            collect.tready.eq(self.m_axis_tready),
            self.s_axis_tready.eq(split.tready),
            sender.taken.eq(receiver.o.valid & receiver.o.ready & receiver.o.payload.last),
            self.overrun.eq(receiver.overrun),
        ]
        return m

    def _line(self, m: Module, receiver: FrameReceiver, sender: FrameSender) -> None:
        """Connect the pins."""
        match self.link:
            case Link.UART:
                cycles = self.divisor or 1
                m.submodules.rx = rx = UartReceiver(cycles)
                m.submodules.tx = tx = UartTransmitter(cycles)
                wiring.connect(m, rx.o, receiver.i)
                wiring.connect(m, sender.o, tx.i)
                m.d.comb += [
                    rx.rx.eq(self.rx),
                    self.tx.eq(tx.tx),
                ]
            case Link.SPI:
                m.submodules.spi = spi = SpiPeripheral(filler=Mark.END)
                wiring.connect(m, spi.o, receiver.i)
                wiring.connect(m, sender.o, spi.i)
                m.d.comb += [
                    spi.cs_n.eq(self.cs_n),
                    spi.sck.eq(self.sck),
                    spi.copi.eq(self.copi),
                    self.cipo.eq(spi.cipo),
                ]


def link_verilog(link: Link, plan: Plan, name: str, divisor: int | None = None) -> str:
    """Return the Verilog of the link of a design, a module of that name."""
    return _verilog(link, plan.source, plan.answer, divisor).replace(_NAME, name)


_NAME = "LINK_OF_A_DESIGN"


@cache  # designs of the same streams have the same link
def _verilog(link: Link, source: Packet, answer: Packet, divisor: int | None) -> str:
    header = [
        f"// {_NAME}: vectors of {source.vector_bytes} bytes from {link.value.upper()} to a "
        f"design, its answers of {answer.vector_bytes} back.",
        "// Generated by lmu_hw. Do not edit.",
    ]
    component = SerialLink(link, source, answer, divisor)
    return component_verilog(component, name=_NAME, header=header)[f"{_NAME}.v"]
