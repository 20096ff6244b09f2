# SPDX-License-Identifier: Apache-2.0
"""The cocotb bench: drives the AXI4-Stream input, collects the output, with random stalls.

Runs inside the simulator. The job file says what to drive; every stored code is recorded by the
wrapper, every answer by the sink, and the comparison happens outside, where both are files.
Everything is driven and sampled at falling edges, where all simulators agree.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge, SimTimeoutError, with_timeout

from lmu_hw.simulate.job import Job
from lmu_hw.simulate.stimuli import Stall

PERIOD_NS = 10


class Source:
    """Offers input vectors, with pauses where the stimulus asks for them."""

    def __init__(self, dut: Any, job: Job) -> None:
        self.dut, self.job, self.pauses = dut, job, job.input_pauses

    async def send(self, codes: np.ndarray, *, last: bool, pause: bool) -> None:
        """Transfer one vector of codes; returns at the falling edge after the transfer."""
        dut = self.dut
        if pause:
            dut.s_axis_tvalid.value = 0
            await ClockCycles(dut.clk, self.pauses.cycles())
            await FallingEdge(dut.clk)
        dut.s_axis_tdata.value = self.job.pack(codes)
        dut.s_axis_tlast.value = int(last)
        dut.s_axis_tvalid.value = 1
        while True:
            if not is_high(dut.s_axis_tready):
                await RisingEdge(dut.s_axis_tready)
                await FallingEdge(dut.clk)
                continue
            await FallingEdge(dut.clk)  # the transfer was at the rising edge before
            return

    async def run(self) -> None:
        """Send all sequences of the job."""
        for sequence in self.job.sequences:
            for step, codes in enumerate(sequence.codes):
                last = step == len(sequence.codes) - 1
                await self.send(codes, last=last, pause=bool(sequence.stall & Stall.INPUT))
        self.dut.s_axis_tvalid.value = 0


class Sink:
    """Takes answers, and keeps the design waiting where the stimulus asks for it."""

    def __init__(self, dut: Any, job: Job) -> None:
        self.dut, self.job, self.pauses = dut, job, job.output_pauses
        self.answers: list[str] = []

    async def run(self) -> None:
        """Take as many answers as the job expects."""
        for stall in self.job.answer_stalls:
            taken = self.take(pause=bool(stall & Stall.OUTPUT))
            await with_timeout(taken, self.job.timeout_cycles * PERIOD_NS, "ns")
            if len(self.answers) % 16 == 0:
                self.job.report_progress(len(self.answers))
        self.dut.m_axis_tready.value = 1

    async def take(self, *, pause: bool) -> None:
        """Take one answer; while it waits it must not change."""
        dut = self.dut
        dut.m_axis_tready.value = int(not pause)
        while not is_high(dut.m_axis_tvalid):
            await RisingEdge(dut.m_axis_tvalid)
            await FallingEdge(dut.clk)
        offered = str(dut.m_axis_tdata.value), str(dut.m_axis_tlast.value)
        if pause:
            for _ in range(self.pauses.cycles()):
                await FallingEdge(dut.clk)
                now = str(dut.m_axis_tdata.value), str(dut.m_axis_tlast.value)
                if now != offered or not is_high(dut.m_axis_tvalid):
                    raise AssertionError(
                        f"answer {len(self.answers)} changed while m_axis_tready was low"
                    )
            dut.m_axis_tready.value = 1
        self.answers.append(" ".join(offered))
        await FallingEdge(dut.clk)


def is_high(handle: Any) -> bool:
    """Say whether a signal is 1; an unknown bit is not."""
    return str(handle.value) == "1"


async def offers_more(dut: Any, job: Job) -> bool:
    """Say whether an answer comes although all have been taken."""
    if is_high(dut.m_axis_tvalid):
        return True
    try:
        settle = 2 * job.cycles_per_step * PERIOD_NS
        await with_timeout(RisingEdge(dut.m_axis_tvalid), settle, "ns")
    except SimTimeoutError:
        return False
    return True


async def reset(dut: Any) -> None:
    """Hold reset for a few cycles; leaves at a falling edge."""
    dut.rst.value = 1
    dut.s_axis_tvalid.value = 0
    dut.m_axis_tready.value = 1
    await ClockCycles(dut.clk, 4)
    await FallingEdge(dut.clk)
    dut.rst.value = 0
    await FallingEdge(dut.clk)  # s_axis_tready is low in reset: let it rise before it is looked at


async def disturb(dut: Any, job: Job) -> None:
    """Leave state behind: send a few vectors of a sequence, and reset in the middle of a step."""
    source = Source(dut, job)
    for _ in range(3):
        await source.send(job.sequences[-1].codes[0] + 1, last=False, pause=False)
    random = np.random.default_rng(job.seed)
    await ClockCycles(dut.clk, int(random.integers(1, job.cycles_per_step)))
    await FallingEdge(dut.clk)
    await reset(dut)


async def reload(dut: Any, job: Job) -> None:
    """Write the coefficients of the job, one in each cycle."""
    for address, word in job.writes:
        dut.coefficient_address.value = address
        dut.coefficient_data.value = word
        dut.coefficient_write.value = 1
        await FallingEdge(dut.clk)
    dut.coefficient_write.value = 0


@cocotb.test()
async def run_job(dut: Any) -> None:
    """Drive the whole job; the recorded files are the result."""
    job = Job.read(Path(os.environ["LMU_HW_JOB"]))
    for name in ("record", "finish", "s_axis_tdata", "s_axis_tlast"):
        getattr(dut, name).value = 0
    if job.reloadable:
        for name in ("coefficient_write", "coefficient_address", "coefficient_data"):
            getattr(dut, name).value = 0
    Clock(dut.clk, PERIOD_NS, unit="ns").start()
    await reset(dut)
    await with_timeout(disturb(dut, job), job.timeout_cycles * PERIOD_NS, "ns")
    if job.writes:
        await reload(dut, job)
    dut.record.value = 1
    sink = Sink(dut, job)
    sending = cocotb.start_soon(Source(dut, job).run())
    failure = ""
    try:
        await sink.run()
    except (SimTimeoutError, AssertionError) as error:
        failure = str(error) or f"no answer {len(sink.answers)} within {job.timeout_cycles} cycles"
    cycles = int(dut.cycle.value)
    if not failure and (await offers_more(dut, job) or not sending.done()):
        failure = "there are more answers than the time steps ask for"
    dut.record.value = 0
    dut.finish.value = 1
    await ClockCycles(dut.clk, 2)
    job.write_answers(sink.answers, cycles, failure)
