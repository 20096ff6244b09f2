# SPDX-License-Identifier: Apache-2.0
"""The multiplier array alone: its sums, and its latency."""

from __future__ import annotations

import numpy as np

from lmu_hw.hdl.mac import MacArray, shift_amounts
from lmu_hw.plan import MAC_LATENCY
from tests.hdl.bench import drive


def test_the_multiplier_array_finishes_a_sum_after_its_latency(plan):
    mac = MacArray(plan)
    assert mac.latency == MAC_LATENCY - 1  # one more cycle reads the memories
    random = np.random.default_rng(2)
    weights = random.integers(-32, 32, (3, plan.rows, plan.columns))
    operands = random.integers(-128, 128, (3, plan.columns))
    shifts = random.integers(0, len(shift_amounts(plan.layer)), 3)
    amounts = np.array(shift_amounts(plan.layer))[shifts]
    expected = sum((w @ x) << a for w, x, a in zip(weights, operands, amounts, strict=True))

    async def check(ctx):
        for index in range(3):
            ctx.set(mac.control.valid, 1)
            ctx.set(mac.control.first, index == 0)
            ctx.set(mac.control.last, index == 2)
            ctx.set(mac.control.shift, int(shifts[index]))
            ctx.set(mac.weights, weights[index].ravel().tolist())
            ctx.set(mac.operand, operands[index].tolist())
            await ctx.tick()
        ctx.set(mac.control.valid, 0)
        for _ in range(mac.latency - 1):
            assert not ctx.get(mac.done)
            await ctx.tick()
        assert ctx.get(mac.done)
        assert [ctx.get(mac.sums[row]) for row in range(plan.rows)] == expected.tolist()
        await ctx.tick()
        assert not ctx.get(mac.done)

    drive(mac, check)
