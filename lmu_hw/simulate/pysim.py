# SPDX-License-Identifier: Apache-2.0
"""Amaranth's own simulator: the components before they become Verilog, on the same job."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from amaranth.sim import Simulator as AmaranthSimulator
from amaranth.sim import SimulatorContext, TickTrigger

from lmu_hw.hdl.top import NetworkTop
from lmu_hw.plan import LayerPlan, Plan
from lmu_hw.simulate.job import Job
from lmu_hw.simulate.scoreboard import Words, unpack_beats
from lmu_hw.simulate.stimuli import Stall

__all__ = ["run_amaranth"]

_PERIOD = 1e-8  # seconds
_SLICE = 64  # cycles between looks at whether the bench is done


def run_amaranth(
    plan: Plan, job: Job, tick: Callable[[int], None], waves: Path | None = None
) -> tuple[list[Words], list[tuple[int, int]]]:
    """Run a job; leave its answers with the job, like the cocotb bench does.

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
    words : list of Words
        Codes that each layer stored.
    starts : list of (layer, cycle)
    """
    top = NetworkTop(plan)
    bench = _Bench(top, job, tick)
    simulator = AmaranthSimulator(top)
    simulator.add_clock(_PERIOD)
    simulator.add_testbench(bench.source)
    simulator.add_testbench(bench.sink)
    simulator.add_testbench(bench.watch, background=True)
    with nullcontext() if waves is None else simulator.write_vcd(str(waves)):
        while not bench.done and bench.cycle < bench.progress + job.timeout_cycles:
            simulator.run_until((bench.cycle + _SLICE) * _PERIOD)
    failure = bench.failure
    expected = len(job.answer_stalls)
    if not failure and len(bench.answers) < expected:
        failure = f"no answer {len(bench.answers)} within {job.timeout_cycles} cycles"
    job.write_answers(bench.answers, bench.cycle, failure)
    words = [_words(layer, events) for layer, events in zip(plan.layers, bench.events, strict=True)]
    return words, bench.starts


class _Bench:
    """The same source and sink as in the cocotb bench, in Amaranth's idiom."""

    def __init__(self, top: NetworkTop, job: Job, tick: Callable[[int], None]) -> None:
        self.top, self.job, self.tick = top, job, tick
        self.answers: list[str] = []
        self.events: list[list[tuple[int, ...]]] = [[] for _ in top.layers]
        self.starts: list[tuple[int, int]] = []
        self.cycle = 0
        self.progress = 0  # cycle of the latest answer
        self.failure = ""
        self.done = False

    async def source(self, ctx: SimulatorContext) -> None:
        top, pauses = self.top, self.job.input_pauses
        for address, word in self.job.writes:
            ctx.set(top.coefficient_address, address)
            ctx.set(top.coefficient_data, word)
            ctx.set(top.coefficient_write, 1)
            await ctx.tick()
        if self.job.writes:
            ctx.set(top.coefficient_write, 0)
        for sequence in self.job.sequences:
            for step, codes in enumerate(sequence.codes):
                if sequence.stall & Stall.INPUT:
                    ctx.set(top.s_axis_tvalid, 0)
                    await ctx.tick().repeat(pauses.cycles())
                ctx.set(top.s_axis_tdata, self.job.pack(codes))
                ctx.set(top.s_axis_tlast, int(step == len(sequence.codes) - 1))
                ctx.set(top.s_axis_tvalid, 1)
                await ctx.tick().until(top.s_axis_tready)
        ctx.set(top.s_axis_tvalid, 0)

    async def sink(self, ctx: SimulatorContext) -> None:
        top, pauses = self.top, self.job.output_pauses
        width = len(top.m_axis_tdata)
        for stall in self.job.answer_stalls:
            pause = bool(stall & Stall.OUTPUT)
            ctx.set(top.m_axis_tready, int(not pause))
            if pause:
                await ctx.tick().until(top.m_axis_tvalid)
                await ctx.tick().repeat(pauses.cycles())
                ctx.set(top.m_axis_tready, 1)
            sampled = ctx.tick().sample(top.m_axis_tdata, top.m_axis_tlast)
            data, last = await sampled.until(top.m_axis_tvalid)
            self.answers.append(f"{data:0{width}b} {int(last)}")
            self.progress = self.cycle
            self.tick(len(self.answers))
        ctx.set(top.m_axis_tready, 1)
        for _ in range(2 * self.job.cycles_per_step):
            *_, more = await ctx.tick().sample(top.m_axis_tvalid)
            if more:
                self.failure = "there are more answers than the time steps ask for"
        self.done = True

    async def watch(self, ctx: SimulatorContext) -> None:
        signals: list[Any] = []
        for layer in self.top.layers:
            signals += [layer.start, layer.write]
        trigger: TickTrigger = ctx.tick().sample(*signals)
        async for _, _, *values in trigger:
            for place in range(len(self.top.layers)):
                start, write = values[2 * place : 2 * place + 2]
                if start:
                    self.starts.append((place, self.cycle))
                if write.valid:
                    self.events[place].append(
                        (write.node, write.segment, write.beat, write.mask, *write.data)
                    )
            self.cycle += 1


def _words(plan: LayerPlan, events: list[tuple[int, ...]]) -> Words:
    """Return the words of one layer from what was seen at its write port."""
    table = np.array(events, np.int64).reshape(-1, 4 + plan.beat)
    return unpack_beats(plan, table, np.zeros(table.shape, np.bool_))
