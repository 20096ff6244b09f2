# SPDX-License-Identifier: Apache-2.0
"""The input buffer alone: two vectors, and then it waits."""

from __future__ import annotations

from lmu_hw.hdl.streams import InputBuffer
from lmu_hw.plan import LayerPlan
from tests.hdl.bench import drive


def _beats(codes: list[int], beat: int) -> list[list[int]]:
    padded = codes + [0] * (-len(codes) % beat)
    return [padded[n : n + beat] for n in range(0, len(padded), beat)]


def test_the_input_buffer_holds_two_vectors_and_then_waits(plan):
    buffer = InputBuffer(plan)
    vectors = [[1, -2, 3], [4, 5, -6]]
    beats = [b for vector in vectors for b in _beats(vector, plan.beat)]

    async def check(ctx):
        ctx.set(buffer.i.valid, 1)
        for number, beat in enumerate(beats):
            assert ctx.get(buffer.i.ready)
            ctx.set(buffer.i.payload.data, beat)
            ctx.set(buffer.i.payload.last, number >= plan.input_beats)
            await ctx.tick()
        for _ in range(5):
            assert not ctx.get(buffer.i.ready)
            await ctx.tick()
        ctx.set(buffer.i.valid, 0)
        for n in range(2):
            assert ctx.get(buffer.available)
            assert ctx.get(buffer.last) == n
            assert await _words(ctx, plan, buffer) == vectors[n]
            ctx.set(buffer.drop, 1)
            await ctx.tick()
            ctx.set(buffer.drop, 0)
            assert ctx.get(buffer.i.ready)
        assert not ctx.get(buffer.available)

    drive(buffer, check)


async def _words(ctx, plan: LayerPlan, buffer: InputBuffer) -> list[int]:
    """Read the present vector."""
    width, size = plan.layer.input.format.width, plan.layer.input.size
    codes = []
    for word in range(-(-size // plan.columns)):
        ctx.set(buffer.read_word, word)
        await ctx.tick()
        data = ctx.get(buffer.read_data)
        codes += [(data >> (width * n)) % (1 << width) for n in range(plan.columns)]
    half = 1 << (width - 1)
    return [(code ^ half) - half for code in codes[:size]]
