# SPDX-License-Identifier: Apache-2.0
"""A master of somebody else's on the registers of several designs; runs in a simulator.

``session.json`` says what is sent to each design and what must come; see `sim/test_registers.py`.
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
async def sessions_are_held(dut: Any) -> None:
    """Hold all sessions at once, under random pauses on every channel."""
    Clock(dut.clk, 10, unit="ns").start()
    sessions = [
        _Session(dut, **session) for session in json.loads(Path("session.json").read_text())
    ]
    dut.rst.value = 1
    await ClockCycles(dut.clk, 3)
    dut.rst.value = 0
    tasks = [cocotb.start_soon(session.hold()) for session in sessions]
    await with_timeout(Combine(*tasks), 20, "ms")
    Path("checked").write_text(str(sum(session.checked for session in sessions)))


class _Session:
    """The ports of a design, and what is done with it."""

    def __init__(self, dut: Any, name: str, registers: dict, resets: dict, **streams: Any) -> None:
        self.name, self.registers, self.resets, self.streams = name, registers, resets, streams
        self.clk, self.checked = dut.clk, 0
        source, sink = (AxiStreamBus.from_prefix(dut, f"{name}_{side}_axis") for side in "sm")
        self.source = AxiStreamSource(source, dut.clk, dut.rst, byte_lanes=_lanes(source))
        self.sink = AxiStreamSink(sink, dut.clk, dut.rst, byte_lanes=_lanes(sink))
        self.master = AxiLiteMaster(AxiLiteBus.from_prefix(dut, f"{name}_s_axi"), dut.clk, dut.rst)
        write, read = self.master.write_if, self.master.read_if
        channels = (write.aw_channel, write.w_channel, write.b_channel)
        channels += (read.ar_channel, read.r_channel)
        for place, channel in enumerate((*channels, self.source, self.sink)):
            channel.set_pause_generator(_pauses(f"{name}, {place}"))

    async def hold(self) -> None:
        await self._identify()
        await self._refuse()
        await self._bytes()
        await self._answers("ordinary")
        await self._write("SEQUENCE_LENGTH", 3)
        await self._answers("counted")
        await self._write("SEQUENCE_LENGTH", 0)
        await self._stop()
        if "cleared" in self.streams:
            await self._clear()
        await self._withdraw()
        await self._counted()

    async def _read(self, name: str) -> int:
        response = await self.master.read(self.registers[name], 4)
        self._check(response.resp, AxiResp.OKAY)
        return int.from_bytes(response.data, "little")

    async def _write(self, name: str, value: int) -> None:
        response = await self.master.write(self.registers[name], value.to_bytes(4, "little"))
        self._check(response.resp, AxiResp.OKAY)

    def _check(self, got: Any, expected: Any) -> None:
        assert got == expected, f"{self.name}: expected {expected}, got {got}"
        self.checked += 1

    async def _identify(self) -> None:
        for name, reset in self.resets.items():
            self._check((name, await self._read(name)), (name, reset))

    async def _refuse(self) -> None:
        """Nothing is written to what is only read, and there is nothing between registers."""
        for address in (self.registers["STEPS"], 0x2C, 0x70):
            self._check((await self.master.write(address, b"abcd")).resp, AxiResp.SLVERR)
        for address in (0x2C, 0x70):
            self._check((await self.master.read(address, 4)).resp, AxiResp.SLVERR)

    async def _bytes(self) -> None:
        """Only the bytes of a word are written that are given, and several words follow."""
        where = self.registers["SEQUENCE_LENGTH"]
        await self.master.write(where, b"\x12")
        await self.master.write(where + 2, b"\x34")
        self._check(await self._read("SEQUENCE_LENGTH"), 0x00340012)
        await self._write("SEQUENCE_LENGTH", 0)
        both = (await self.master.read(self.registers["DIGEST_0"], 16)).data
        words = [self.resets[f"DIGEST_{n}"].to_bytes(4, "little") for n in range(4)]
        self._check(bytes(both), b"".join(words))

    async def _answers(self, what: str) -> None:
        """Send frames; the answers are right, whatever is read meanwhile."""
        self._send(what)
        await self._taken(what)

    def _send(self, what: str) -> None:
        for octets, kept, mark, tid in self.streams[what]["sent"]:
            keep, data = list(map(int, kept)), bytes.fromhex(octets)
            self.source.send_nowait(AxiStreamFrame(data, tkeep=keep, tuser=mark, tid=tid))

    async def _taken(self, what: str) -> None:
        for expected in self.streams[what]["expected"]:
            await self._read("STATUS")
            frame = await self.sink.recv(compact=False)
            kept = frame.tkeep or [1] * len(frame.tdata)
            octets = bytes(b for b, keep in zip(frame.tdata, kept, strict=True) if keep)
            mark, tid = (values[-1] if values else 0 for values in (frame.tuser, frame.tid))
            self._check((what, octets.hex(), mark, tid), (what, *expected))

    async def _until(self, bit: int, value: int) -> None:
        while (await self._read("STATUS")) >> bit & 1 != value:
            pass

    async def _stop(self) -> None:
        """Nothing is taken while the design is stopped, and nothing is lost."""
        await self._write("CONTROL", 0)
        await self._until(4, 1)
        steps = await self._read("STEPS")
        sending = cocotb.start_soon(self._answers("ordinary"))
        await ClockCycles(self.clk, 300)
        self._check(await self._read("STEPS"), steps)
        await self._write("CONTROL", 1)
        await sending

    async def _clear(self) -> None:
        """What is under way is answered; then a sequence begins, whether one had ended or not."""
        await self._answers("begun")
        await self._write("CONTROL", 3)
        await self._answers("cleared")
        self._send("begun")
        while not self.source.empty():
            await ClockCycles(self.clk, 3)
        taking = cocotb.start_soon(self._taken("begun"))
        await self._write("CONTROL", 3)
        await self._until(3, 0)
        await taking
        await self._answers("cleared")

    async def _withdraw(self) -> None:
        """Offer beats for a cycle each, as a source that cannot wait, while none is taken."""
        await self._write("CONTROL", 0)
        await self._until(4, 1)
        valid = self.source.bus.tvalid
        for _ in range(self.streams["counts"]["OVERRUNS"]):
            await FallingEdge(self.clk)
            valid.value = 1
            await FallingEdge(self.clk)
            valid.value = 0

    async def _counted(self) -> None:
        await self._write("CONTROL", 0)
        await self._until(4, 1)
        for name, count in self.streams["counts"].items():
            self._check((name, await self._read(name)), (name, count))
        await self._write("CONTROL", 5)
        for name in self.streams["counts"]:
            self._check(await self._read(name), 0)
