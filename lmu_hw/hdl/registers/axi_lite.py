# SPDX-License-Identifier: Apache-2.0
"""AXI4-Lite: a slave that turns what a master wants into single reads and writes."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, ResetSignal, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from lmu_hw.hdl.assertions import add_checker

__all__ = ["BYTES", "AxiLiteSlave", "axi_lite_inputs", "axi_lite_outputs", "axi_lite_ports"]

BYTES = 4
"""Of a word."""

_OKAY, _SLVERR = 0, 2


def axi_lite_inputs(address_bits: int) -> dict[str, int]:
    """Return the bits of each input of a slave, without the prefix of its name."""
    return {
        "awaddr": address_bits,
        "awprot": 3,
        "awvalid": 1,
        "wdata": 8 * BYTES,
        "wstrb": BYTES,
        "wvalid": 1,
        "bready": 1,
        "araddr": address_bits,
        "arprot": 3,
        "arvalid": 1,
        "rready": 1,
    }


def axi_lite_outputs() -> dict[str, int]:
    """Return the bits of each output of a slave, without the prefix of its name."""
    valid = dict.fromkeys(("awready", "wready", "bvalid", "arready", "rvalid"), 1)
    return {**valid, "bresp": 2, "rdata": 8 * BYTES, "rresp": 2}


def axi_lite_ports(address_bits: int) -> dict[str, wiring.Member]:
    """Return the ports of a slave, without the prefix of their names."""
    inputs = {name: In(bits) for name, bits in axi_lite_inputs(address_bits).items()}
    return inputs | {name: Out(bits) for name, bits in axi_lite_outputs().items()}


class AxiLiteSlave(wiring.Component):
    """Holds one address and one word of each channel; outputs follow from registers and reset.

    Address and data of a write come in any order. A write is done in one cycle, once both are there
    and the response before it was taken; a read likewise. The low bits of addresses, which choose a
    byte of a word, are ignored, and so is protection.

    Parameters
    ----------
    address_bits : int
        Of an address in bytes.
    waits : bool
        A read may have to wait for what it reads.

    Members
    -------
    awaddr ... rready
        See `axi_lite_ports`.
    write, read : Out(1)
        It is done in this cycle.
    write_word, read_word : Out
        Which word.
    write_data, write_bytes : Out
        What is written, and which bytes of it.
    write_error, read_error : In(1)
        It cannot be done: the answer is SLVERR. In the same cycle, as is `read_data`.
    read_data : In(32)
    read_waits : In(1), if it waits
        The word is not there yet; a read is done once it is.
    """

    def __init__(self, address_bits: int, *, waits: bool = False) -> None:
        self.waits = waits
        word = address_bits - (BYTES - 1).bit_length()
        super().__init__(
            {
                **axi_lite_ports(address_bits),
                "write": Out(1),
                "write_word": Out(word),
                "write_data": Out(8 * BYTES),
                "write_bytes": Out(BYTES),
                "write_error": In(1),
                "read": Out(1),
                "read_word": Out(word),
                "read_data": In(8 * BYTES),
                "read_error": In(1),
                **({"read_waits": In(1)} if waits else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        address_held = Signal()
        data_held = Signal()
        answered = Signal()  # a write, and its response waits
        wanted = Signal()  # a read
        given = Signal()  # what was read waits
        low = (BYTES - 1).bit_length()
        quiet = ResetSignal()
        m.d.comb += [
            self.awready.eq(~address_held & ~quiet),
            self.wready.eq(~data_held & ~quiet),
            self.bvalid.eq(answered & ~quiet),
            self.arready.eq(~wanted & ~quiet),
            self.rvalid.eq(given & ~quiet),
            self.write.eq(address_held & data_held & ~answered),
            self.read.eq(wanted & ~given & ~self.read_waits if self.waits else wanted & ~given),
        ]
        with m.If(self.awvalid & self.awready):
            m.d.sync += [address_held.eq(1), self.write_word.eq(self.awaddr[low:])]
        with m.If(self.wvalid & self.wready):
            m.d.sync += [data_held.eq(1), self.write_data.eq(self.wdata)]
            m.d.sync += self.write_bytes.eq(self.wstrb)
        with m.If(self.bvalid & self.bready):
            m.d.sync += answered.eq(0)
        with m.If(self.write):
            m.d.sync += [address_held.eq(0), data_held.eq(0), answered.eq(1)]
            m.d.sync += self.bresp.eq(Mux(self.write_error, _SLVERR, _OKAY))
        with m.If(self.arvalid & self.arready):
            m.d.sync += [wanted.eq(1), self.read_word.eq(self.araddr[low:])]
        with m.If(self.rvalid & self.rready):
            m.d.sync += given.eq(0)
        with m.If(self.read):
            m.d.sync += [wanted.eq(0), given.eq(1), self.rdata.eq(self.read_data)]
            m.d.sync += self.rresp.eq(Mux(self.read_error, _SLVERR, _OKAY))
        self._check(m, platform)
        return m

    def _check(self, m: Module, platform: object) -> None:
        """Let checkers watch both responses, and that there is one for each request."""
        ports = ("awvalid", "awready", "wvalid", "wready", "bvalid", "bready")
        ports += ("arvalid", "arready", "rvalid", "rready")
        add_checker(m, platform, "axi_lite", **{name: getattr(self, name) for name in ports})
        for place, valid, ready, payload in (
            ("b", self.bvalid, self.bready, self.bresp),
            ("r", self.rvalid, self.rready, Cat(self.rdata, self.rresp)),
        ):
            add_checker(
                *(m, platform, "offer", place),
                WIDTH=len(payload),
                valid=valid,
                ready=ready,
                payload=payload,
            )
