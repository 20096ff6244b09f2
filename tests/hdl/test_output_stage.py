# SPDX-License-Identifier: Apache-2.0
"""The drain alone: its beats, and its latency."""

from __future__ import annotations

import pytest

from lmu_hw.hdl.mac import MacArray
from lmu_hw.hdl.output_stage import OutputStage
from lmu_hw.plan import DRAIN_LATENCY, TABLE_LATENCY
from tests.hdl.bench import drive

# What a test constructs without simulating it is never elaborated.
pytestmark = [
    pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable"),
    pytest.mark.usefixtures("collected"),
]


def test_the_drain_writes_its_first_beat_after_its_latency(plan):
    drain = OutputStage(plan, MacArray(plan).sums.shape())
    assert drain.latency == DRAIN_LATENCY + TABLE_LATENCY - 1  # the layer has a table
    seen = []

    async def check(ctx):
        ctx.set(drain.tag.node, 1)
        ctx.set(drain.tag.restart, 1)
        ctx.set(drain.upcoming, 1)
        await ctx.tick()
        ctx.set(drain.upcoming, 0)
        await ctx.tick()
        ctx.set(drain.sums, [100 * n for n in range(plan.rows)])
        await ctx.tick()
        for cycle in range(1, 2 * (drain.latency + plan.beats_per_group)):
            if ctx.get(drain.write.valid):
                seen.append((cycle, ctx.get(drain.write.beat), ctx.get(drain.write.mask)))
            await ctx.tick()

    drive(drain, check)
    full = (1 << plan.beat) - 1
    first = drain.latency + 1
    assert seen == [(first + n, n, full) for n in range(plan.beats_per_group)]
