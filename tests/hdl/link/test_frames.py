# SPDX-License-Identifier: Apache-2.0
"""Vectors of a serial line: what is lost is said."""

from __future__ import annotations

from lmu_hw.hdl.link.frames import FrameReceiver
from lmu_hw.network.frames import Mark, framed
from tests.hdl.bench import drive


def test_a_queue_that_is_full_is_said_and_empty_vectors_are_none():
    receiver, seen = FrameReceiver(4), []

    async def line(ctx) -> None:
        for octet in [Mark.END, *framed(bytes([1, 0xC2]), ends=True), Mark.END_OF_SEQUENCE]:
            await send(ctx, octet)
        assert not ctx.get(receiver.overrun)
        for octet in framed(bytes(range(6)), ends=False):
            await send(ctx, octet)
        assert ctx.get(receiver.overrun)
        ctx.set(receiver.o.ready, 1)
        for _ in range(4):
            beat = receiver.o.p
            tick = ctx.tick().sample(beat.byte, beat.last, beat.ends)
            seen.append(await tick.until(receiver.o.valid))

    async def send(ctx, octet: int) -> None:
        ctx.set(receiver.i.valid, 1)
        ctx.set(receiver.i.payload, octet)
        await ctx.tick()
        ctx.set(receiver.i.valid, 0)
        await ctx.tick()

    drive(receiver, line)
    assert [(byte, last) for byte, last, _ in seen] == [(1, 0), (0xC2, 1), (0, 0), (1, 0)]
    assert seen[1][2] == 1
