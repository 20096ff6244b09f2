# SPDX-License-Identifier: Apache-2.0
"""Amaranth's own simulator: the components before they become Verilog, on the same job."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from amaranth.hdl import ClockDomain, Const, Module
from amaranth.sim import Simulator, SimulatorContext

from lmu_hw.hdl.interleaved_layer import InterleavedLayer
from lmu_hw.hdl.top import NetworkTop
from lmu_hw.plan import Plan
from lmu_hw.simulate.driver import Driven, Driver, Seen
from lmu_hw.simulate.job import Job, Record
from lmu_hw.simulate.verdict import Stored

__all__ = ["run_amaranth"]

_PERIOD = 1e-8  # seconds


def run_amaranth(
    plan: Plan, job: Job, tick: Callable[[int], None], waves: Path | None = None
) -> tuple[Record, Stored]:
    """Run a job.

    Parameters
    ----------
    plan : Plan
    job : Job
    tick : callable
        Called with the number of answers so far.
    waves : Path or None
        File to write every signal to.

    Returns
    -------
    Record
        What the driver saw.
    Stored
        What the layers stored.
    """
    module = Module()
    module.domains.sync = domain = ClockDomain("sync")
    module.submodules.top = top = NetworkTop(plan)
    bench = _Bench(top, domain, job, tick)
    simulator = Simulator(module)
    simulator.add_clock(_PERIOD)
    simulator.add_testbench(bench.run)
    with nullcontext() if waves is None else simulator.write_vcd(str(waves)):
        simulator.run()
    return bench.driver.record, bench.stored(plan)


class _Bench:
    """Joins the driver and the design, and records what the layers store."""

    def __init__(
        self, top: NetworkTop, domain: ClockDomain, job: Job, tick: Callable[[int], None]
    ) -> None:
        if domain.rst is None:
            raise TypeError("the clock domain must have a reset")
        self.top, self.rst, self.tick = top, domain.rst, tick
        self.driver = Driver(job)
        self.packets, self.marks = not job.source.whole, job.source.marks
        self.ids, self.reloadable = job.source.id_bits, bool(job.writes)
        self.beats: list[list[tuple[int, ...]]] = [[] for _ in top.layers]
        self.streams: list[list[int]] = [[] for _ in top.layers]
        self.starts: list[tuple[int, int]] = []
        self.counts: list[list[int]] = []

    async def run(self, ctx: SimulatorContext) -> None:
        """Step driver and design until the driver is done."""
        top, driver = self.top, self.driver
        signals: list[Any] = [
            *(top.s_axis_tready, top.m_axis_tvalid, top.m_axis_tdata, top.m_axis_tlast),
            top.m_axis_tkeep if self.packets else Const(0),
            top.m_axis_tuser if self.marks else Const(0),
            top.s_axis_malformed if self.packets else Const(0),
            top.m_axis_tid if self.ids else Const(0),
        ]
        others = len(signals)
        for layer in top.layers:
            stream = layer.stream_trace if isinstance(layer, InterleavedLayer) else Const(0)
            signals += [layer.start, layer.write, stream]
        self._give(ctx, driver.driven)
        async for _, _, *values in ctx.tick().sample(*signals):
            events = values[others:]
            if not driver.driven.rst:
                self._record(events)
            seen = Seen(
                tready=bool(values[0]),
                tvalid=bool(values[1]),
                tdata=values[2],
                tlast=bool(values[3]),
                tkeep=values[4],
                tuser=bool(values[5]),
                malformed=bool(values[6]),
                tid=values[7],
                busy=any(events[::3]) or any(write.valid for write in events[1::3]),
            )
            before = len(driver.record.cuts)
            driver.step(seen)
            if len(driver.record.cuts) > before:
                self.counts.append([len(self.starts), *map(len, self.beats)])
                self.tick(len(driver.record.answers))
            if driver.done:
                return
            self._give(ctx, driver.driven)

    def _give(self, ctx: SimulatorContext, driven: Driven) -> None:
        top = self.top
        ctx.set(self.rst, driven.rst)
        ctx.set(top.s_axis_tvalid, driven.tvalid)
        ctx.set(top.s_axis_tdata, driven.tdata)
        ctx.set(top.s_axis_tlast, driven.tlast)
        ctx.set(top.m_axis_tready, driven.tready)
        if self.packets:
            ctx.set(top.s_axis_tkeep, driven.tkeep)
        if self.marks:
            ctx.set(top.s_axis_tuser, driven.tuser)
        if self.ids:
            ctx.set(top.s_axis_tid, driven.tid)
        if self.reloadable:
            address, word = driven.write or (0, 0)
            ctx.set(top.coefficient_write, driven.write is not None)
            ctx.set(top.coefficient_address, address)
            ctx.set(top.coefficient_data, word)

    def _record(self, events: list[Any]) -> None:
        layers = zip(events[::3], events[1::3], events[2::3], strict=True)
        for place, (start, write, stream) in enumerate(layers):
            if start:
                self.starts.append((place, self.driver.cycle))
            if write.valid:
                row = (write.node, write.segment, write.beat, write.mask, *write.data)
                self.beats[place].append(row)
                self.streams[place].append(stream)

    def stored(self, plan: Plan) -> Stored:
        """Return what the layers stored."""
        tables = [
            np.array(rows, np.int64).reshape(-1, 4 + layer.beat)
            for rows, layer in zip(self.beats, plan.layers, strict=True)
        ]
        return Stored(
            beats=tables,
            unknown=[np.zeros(table.shape, np.bool_) for table in tables],
            streams=[np.array(streams, np.int64) for streams in self.streams],
            starts=self.starts,
            counts=np.array(self.counts, np.int64),
        )
