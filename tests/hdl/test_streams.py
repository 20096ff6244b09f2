# SPDX-License-Identifier: Apache-2.0
"""The input buffer and the queue of answers, each alone; room that is counted at the sender."""

from __future__ import annotations

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from lmu_hw.fixed import FixedFormat
from lmu_hw.hdl.streams import AnswerQueue, InputBuffer, has_room
from lmu_hw.network import Signal as Vector
from lmu_hw.plan import LayerPlan
from tests.hdl.bench import drive


def _beats(codes: list[int], beat: int) -> list[list[int]]:
    padded = codes + [0] * (-len(codes) % beat)
    return [padded[n : n + beat] for n in range(0, len(padded), beat)]


def test_the_input_buffer_holds_two_vectors_and_gives_their_room_back(plan):
    buffer = InputBuffer(plan)
    vectors = [[1, -2, 3], [4, 5, -6]]
    beats = [b for vector in vectors for b in _beats(vector, plan.beat)]

    async def check(ctx):
        ctx.set(buffer.i.valid, 1)
        for number, beat in enumerate(beats):
            assert not ctx.get(buffer.i.freed)
            ctx.set(buffer.i.payload.data, beat)
            ctx.set(buffer.i.payload.last, number >= plan.input_beats)
            await ctx.tick()
        ctx.set(buffer.i.valid, 0)
        for n in range(2):
            assert ctx.get(buffer.available)
            assert ctx.get(buffer.last) == n
            assert await _words(ctx, plan, buffer) == vectors[n]
            ctx.set(buffer.drop, 1)
            assert ctx.get(buffer.i.freed)
            await ctx.tick()
            ctx.set(buffer.drop, 0)
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


class Sender(wiring.Component):
    """Counts room, and nothing else."""

    def __init__(self) -> None:
        super().__init__({"sent": In(1), "freed": In(1), "room": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += self.room.eq(has_room(m, platform, self.freed, self.sent).there)
        return m


def test_a_sender_has_room_for_two_vectors_until_one_is_freed():
    sender = Sender()
    # sent, freed, room after it
    events = [
        (1, 0, 1),
        (1, 0, 0),
        (0, 1, 1),
        (1, 1, 1),
        (1, 0, 0),
        (0, 0, 0),
        (0, 1, 1),
        (0, 1, 1),
    ]

    async def check(ctx):
        assert ctx.get(sender.room)
        for sent, freed, room in events:
            ctx.set(sender.sent, sent)
            ctx.set(sender.freed, freed)
            await ctx.tick()
            assert ctx.get(sender.room) == room

    drive(sender, check)


@pytest.mark.parametrize("beats", [1, 2, 5])
def test_an_answer_waits_by_its_beats_while_the_one_before_is_at_the_output(beats):
    fmt = FixedFormat(signed=True, int_bits=1, frac_bits=6)
    queue = AnswerQueue(Vector(size=2 * beats, format=fmt), 2)
    vectors = [[[10 * v + n, -n - 1] for n in range(beats)] for v in range(3)]

    async def check(ctx):
        for number, vector in enumerate(vectors):
            ctx.set(queue.i.valid, 1)
            for beat in vector:
                ctx.set(queue.i.payload.data, beat)
                ctx.set(queue.i.payload.last, number == 1)
                await ctx.tick()
            ctx.set(queue.i.valid, 0)
            for _ in range(4):  # nothing leaves, nothing is lost
                await ctx.tick()
            ctx.set(queue.o.ready, 1)
            for beat in vector:  # a beat in every cycle
                assert ctx.get(queue.o.valid)
                assert [ctx.get(code) for code in queue.o.payload.data] == beat
                assert ctx.get(queue.o.payload.last) == (number == 1)
                await ctx.tick()
            assert not ctx.get(queue.o.valid)
            ctx.set(queue.o.ready, 0)
            ctx.set(queue.taken, 1)
            assert ctx.get(queue.i.freed)
            await ctx.tick()
            ctx.set(queue.taken, 0)

    drive(queue, check)
