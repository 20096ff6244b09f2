# SPDX-License-Identifier: Apache-2.0
"""States of several designs read and written, through registers or a port; runs in a simulator.

``states.json`` says what is sent to each design, what must come, and where its states lie; see
`sim/test_states.py`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cocotb
from axi_vip import _lanes, _pauses
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, Combine, FallingEdge, with_timeout
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiResp,
    AxiStreamBus,
    AxiStreamFrame,
    AxiStreamSink,
    AxiStreamSource,
)


@cocotb.test()
async def states_are_exchanged(dut: Any) -> None:
    """Hold all sessions at once, with random pauses on every channel."""
    Clock(dut.clk, 10, unit="ns").start()
    designs = [_Design(dut, **design) for design in json.loads(Path("states.json").read_text())]
    dut.rst.value = 1
    await ClockCycles(dut.clk, 3)
    dut.rst.value = 0
    tasks = [cocotb.start_soon(design.hold()) for design in designs]
    await with_timeout(Combine(*tasks), 20, "ms")
    Path("checked").write_text(str(sum(design.checked for design in designs)))


class _Design:
    """The ports of a design, and what is done with it."""

    def __init__(self, dut: Any, name: str, addresses: list, registers: dict, **session: Any):
        self.dut, self.name, self.session, self.checked = dut, name, session, 0
        self.addresses, self.registers = addresses, registers
        source, sink = (AxiStreamBus.from_prefix(dut, f"{name}_{side}_axis") for side in "sm")
        self.source = AxiStreamSource(source, dut.clk, dut.rst, byte_lanes=_lanes(source))
        self.sink = AxiStreamSink(sink, dut.clk, dut.rst, byte_lanes=_lanes(sink))
        channels: list[Any] = [self.source, self.sink]
        if registers:
            lite = AxiLiteBus.from_prefix(dut, f"{name}_s_axi")
            self.master = AxiLiteMaster(lite, dut.clk, dut.rst)
            write, read = self.master.write_if, self.master.read_if
            channels += [write.aw_channel, write.w_channel, write.b_channel]
            channels += [read.ar_channel, read.r_channel]
        else:
            for port in ("address", "write", "write_data"):
                self._port(port).value = 0
        for place, channel in enumerate(channels):
            channel.set_pause_generator(_pauses(f"{name}, {place}"))

    async def hold(self) -> None:
        """Begin with a state, run, save, clear, and go on from what was saved.

        If there are several streams, another one runs a sequence of its own meanwhile.
        """
        state, zeros = self.session["state"], [0] * len(self.addresses)
        await self._other()
        await self._load(state)
        await self._answers("rest")
        await self._clear()
        await self._other()
        self._check(await self._save(), zeros)
        await self._answers("first")
        await self._other()
        self._check(await self._save(), state)
        await self._clear()
        self._check(await self._save(), zeros)
        await self._other()
        await self._load(state)
        await self._other()
        self._check(await self._save(), state)
        await self._answers("rest")
        await self._other()

    def _check(self, got: Any, expected: Any) -> None:
        assert got == expected, f"{self.name}: expected {expected}, got {got}"
        self.checked += 1

    def _port(self, name: str) -> Any:
        return getattr(self.dut, f"{self.name}_state_{name}")

    async def _answers(self, what: str) -> None:
        for octets in self.session[what]["sent"]:
            self._send(octets, self.session["stream"])
        for expected in self.session[what]["expected"]:
            await self._answered(what, expected, self.session["stream"])

    async def _other(self) -> None:
        """Run a step of another stream."""
        if other := self.session["other"]:
            self._send(other["sent"].pop(0), 0)
            await self._answered("other", other["expected"].pop(0), 0)

    def _send(self, octets: str, stream: int, *, last: int = 0) -> None:
        keep, data = [1] * (len(octets) // 2), bytes.fromhex(octets)
        self.source.send_nowait(AxiStreamFrame(data, tkeep=keep, tuser=last, tid=stream))

    async def _answered(self, what: str, expected: str, stream: int) -> None:
        frame = await self.sink.recv(compact=False)
        kept = frame.tkeep or [1] * len(frame.tdata)
        octets = bytes(b for b, keep in zip(frame.tdata, kept, strict=True) if keep)
        tid = frame.tid[-1] if frame.tid else 0
        self._check((what, octets.hex(), tid), (what, expected, stream))

    async def _idle(self) -> None:
        if self.registers:
            await self._write("CONTROL", 0)
            while not await self._read("STATUS") >> 4 & 1:
                pass
            return
        await FallingEdge(self.dut.clk)
        while not int(self._port("ready").value):
            await FallingEdge(self.dut.clk)

    async def _clear(self) -> None:
        if self.registers and not self.session["other"]:
            await self._write("CONTROL", 3)
            while await self._read("STATUS") >> 3 & 1:
                pass
            return
        # The port, and one stream alone, have no other way than the end of a sequence.
        self._send(self.session["rest"]["sent"][0], self.session["stream"], last=1)
        await self.sink.recv(compact=False)

    async def _save(self) -> list[int]:
        await self._idle()
        codes = []
        for place, address in enumerate(self.addresses):
            if self.registers:
                if place == 0 or address != self.addresses[place - 1] + 1:
                    await self._write("STATE_ADDRESS", address)
                word, bits = await self._read("STATE_DATA"), 32
            else:
                self._port("address").value = address
                await ClockCycles(self.dut.clk, self.session["latency"])
                await FallingEdge(self.dut.clk)
                word, bits = int(self._port("read_data").value), len(self._port("read_data"))
            codes.append(word - (1 << bits) if word >> bits - 1 else word)
        await self._go_on()
        return codes

    async def _load(self, state: list[int]) -> None:
        await self._idle()
        for place, (address, code) in enumerate(zip(self.addresses, state, strict=True)):
            if self.registers:
                if place == 0 or address != self.addresses[place - 1] + 1:
                    await self._write("STATE_ADDRESS", address)
                await self._write("STATE_DATA", code & 0xFFFFFFFF)
            else:
                word = self._port("write_data")
                self._port("address").value = address
                word.value = code & (1 << len(word)) - 1
                self._port("write").value = 1
                await FallingEdge(self.dut.clk)
                self._port("write").value = 0
        await self._go_on()

    async def _go_on(self) -> None:
        if self.registers:
            await self._write("CONTROL", 1)

    async def _read(self, name: str) -> int:
        response = await self.master.read(self.registers[name], 4)
        assert response.resp == AxiResp.OKAY, (self.name, name)
        return int.from_bytes(response.data, "little")

    async def _write(self, name: str, value: int) -> None:
        response = await self.master.write(self.registers[name], value.to_bytes(4, "little"))
        assert response.resp == AxiResp.OKAY, (self.name, name)
