# SPDX-License-Identifier: Apache-2.0
"""The stages of a pipeline: names, and one cycle from each to the next."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import data
from amaranth.sim import Simulator

from lmu_hw.hdl.pipeline import pipeline


def test_each_stage_is_the_one_before_it_a_cycle_later():
    m = Module()
    stages = pipeline(m, data.StructLayout({"valid": 1, "word": 4}), 4)
    assert [stage.as_value().name for stage in stages] == ["s0", "s1", "s2", "s3"]
    seen = []

    async def drive(ctx) -> None:
        for word in range(8):
            ctx.set(stages[0].word, word)
            seen.append([ctx.get(stage.word) for stage in stages])
            await ctx.tick()

    simulator = Simulator(m)
    simulator.add_clock(1e-8)
    simulator.add_testbench(drive)
    simulator.run()
    assert seen == [[max(word - stage, 0) for stage in range(4)] for word in range(8)]
