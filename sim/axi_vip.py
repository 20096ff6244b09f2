# SPDX-License-Identifier: Apache-2.0
"""Source, sink and monitor of somebody else's on the ports of several designs; runs in a simulator.

``frames.json`` says what is sent to each design and what must come; see `sim/test_axi_vip.py`.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, with_timeout
from cocotbext.axi import (
    AxiStreamBus,
    AxiStreamFrame,
    AxiStreamMonitor,
    AxiStreamSink,
    AxiStreamSource,
)


@cocotb.test()
async def frames_are_answered(dut: Any) -> None:
    """Send all frames under random pauses on both sides, and compare what comes, byte by byte."""
    Clock(dut.clk, 10, unit="ns").start()
    designs = [_Design(dut, **design) for design in json.loads(Path("frames.json").read_text())]
    dut.rst.value = 1
    await ClockCycles(dut.clk, 3)
    dut.rst.value = 0
    for design in designs:
        for frame in design.sent:
            design.source.send_nowait(frame)
    received = 0
    for design in designs:
        for expected in design.expected:
            frame = await with_timeout(design.sink.recv(compact=False), 2, "ms")
            seen = design.monitor.recv_nowait(compact=False)
            assert frame.tdata == seen.tdata, design.name
            kept = frame.tkeep or [1] * len(frame.tdata)
            octets = bytes(b for b, keep in zip(frame.tdata, kept, strict=True) if keep)
            mark = frame.tuser[-1] if frame.tuser else 0
            assert (octets.hex(), mark) == tuple(expected), design.name
            received += len(octets)
        assert design.sink.empty() and design.source.empty()
    Path("checked").write_text(str(received))


class _Design:
    """The ports of a design, and what goes through them."""

    def __init__(self, dut: Any, name: str, sent: list, expected: list) -> None:
        self.name, self.expected = name, expected
        self.sent = [
            AxiStreamFrame(bytes.fromhex(octets), tkeep=list(map(int, kept)), tuser=mark)
            for octets, kept, mark in sent
        ]
        source = AxiStreamBus.from_prefix(dut, f"{name}_s_axis")
        sink = AxiStreamBus.from_prefix(dut, f"{name}_m_axis")
        self.source = AxiStreamSource(source, dut.clk, dut.rst, byte_lanes=_lanes(source))
        self.sink = AxiStreamSink(sink, dut.clk, dut.rst, byte_lanes=_lanes(sink))
        self.monitor = AxiStreamMonitor(sink, dut.clk, dut.rst, byte_lanes=_lanes(sink))
        self.source.set_pause_generator(_pauses(name))
        self.sink.set_pause_generator(_pauses(f"{name}, sink"))


def _lanes(bus: AxiStreamBus) -> int | None:
    """Return the bytes of a beat where no tkeep tells them."""
    return None if hasattr(bus, "tkeep") else len(bus.tdata) // 8


def _pauses(seed: str):
    """Yield whether to pause in a cycle: seldom, often, or for long."""
    chance = random.Random(seed)
    while True:
        share, length = chance.choice([(0.1, 30), (0.7, 60), (0.5, 10), (1.0, 25), (0.0, 40)])
        yield from (chance.random() < share for _ in range(length))
