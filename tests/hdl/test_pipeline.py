# SPDX-License-Identifier: Apache-2.0
"""The stages of a pipeline: names, one cycle from each to the next, and what clocks them."""

from __future__ import annotations

from amaranth.hdl import Module
from amaranth.lib import data
from amaranth.sim import Simulator

from lmu_hw.hdl.pipeline import pipeline


def words_of_stages(valid):
    """Return the words of four stages in each cycle; words count up, and are there if `valid`."""
    m = Module()
    stages = pipeline(m, data.StructLayout({"valid": 1, "word": 4}), 4)
    assert [stage.as_value().name for stage in stages] == ["s0", "s1", "s2", "s3"]
    seen = []

    async def drive(ctx) -> None:
        for word, there in enumerate(valid):
            ctx.set(stages[0].valid, there)
            ctx.set(stages[0].word, word)
            seen.append([ctx.get(stage.word) for stage in stages])
            await ctx.tick()

    simulator = Simulator(m)
    simulator.add_clock(1e-8)
    simulator.add_testbench(drive)
    simulator.run()
    return seen


def test_each_stage_is_the_one_before_it_a_cycle_later():
    seen = words_of_stages([True] * 8)
    assert seen == [[max(word - stage, 0) for stage in range(4)] for word in range(8)]


def test_a_stage_keeps_its_word_where_none_follows():
    seen = words_of_stages([True, True, False, False, True, False, False])
    assert [stages[1] for stages in seen] == [0, 0, 1, 1, 1, 4, 4]
    assert [stages[2] for stages in seen] == [0, 0, 0, 1, 1, 1, 4]
