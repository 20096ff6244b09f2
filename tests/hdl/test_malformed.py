# SPDX-License-Identifier: Apache-2.0
"""What becomes of packets that are not as they must be: one vector each, and the next is whole."""

from __future__ import annotations

import pytest

from lmu_hw.fixed import FixedFormat
from lmu_hw.hdl.packets import PacketReceiver
from lmu_hw.network import Last, Packet, Signal, Stream
from tests.hdl.bench import drive

Beat = tuple[str, str, int, int]
"""Bytes in hexadecimal, the lowest first; tkeep; tlast; tuser."""

GOOD: list[Beat] = [("01000200", "1111", 0, 0), ("03000000", "0011", 1, 1)]
WHOLE = ([1, 2, 3], 1)
OF_VECTORS: dict[str, tuple[list[Beat], list[tuple[list[int], int]], int]] = {
    "as it must be": ([*GOOD, *GOOD], [WHOLE, WHOLE], 0),
    "early": ([("01000200", "1111", 1, 1), *GOOD], [([1, 2, 0], 1), WHOLE], 1),
    "early, not marked": ([("01000200", "1111", 1, 0), *GOOD], [([1, 2, 0], 0), WHOLE], 1),
    "late": (
        [GOOD[0], ("0300", "0011", 0, 1), ("ff" * 4, "1111", 0, 0), ("ff", "0001", 1, 0), *GOOD],
        [WHOLE, WHOLE],
        1,
    ),
    "late, marked too late": (
        [GOOD[0], ("0300", "0011", 0, 0), ("ff" * 4, "1111", 1, 1), *GOOD],
        [([1, 2, 3], 0), WHOLE],
        1,
    ),
    "holes": ([("01ff0201", "1001", 0, 0), GOOD[1]], [([1, 256, 3], 1)], 1),
    "nothing kept": ([("01000200", "0000", 0, 0), ("0300", "0000", 1, 0)], [([0, 0, 0], 0)], 2),
    "too much kept": ([GOOD[0], ("0300ffff", "1111", 1, 0)], [([1, 2, 3], 0)], 1),
}
"""Beats of packets of three elements; the vectors and marks of them; beats that are malformed."""

ONE, TWO, TWO_LAST = ("0100", "11", 0, 0), ("0200", "11", 0, 0), ("0200", "11", 1, 0)
OF_SEQUENCES: dict[str, tuple[list[Beat], list[tuple[list[int], int]], int]] = {
    "as it must be": ([ONE, TWO, ONE, TWO_LAST], [([1, 2], 0), ([1, 2], 1)], 0),
    "early": ([ONE, TWO, TWO_LAST, ONE, TWO], [([1, 2], 0), ([2, 0], 1), ([1, 2], 0)], 1),
}
"""The same of vectors of two elements, where tlast ends a sequence."""


def packet_of(size: int, bits: int, width: int, last: Last) -> Packet:
    fmt = FixedFormat.of_width(bits, signed=True, int_bits=0)
    return Stream(width=width, last=last).packet(Signal(size=size, format=fmt))


def received(
    packet: Packet, beat: int, beats: list[Beat]
) -> tuple[list[tuple[list[int], int]], int]:
    """Return the vectors that a receiver makes of beats, and how many it calls malformed."""
    receiver, size = PacketReceiver(packet, beat), packet.vector.size
    vectors: list[tuple[list[int], int]] = []
    codes: list[int] = []
    wrong: list[int] = []

    async def watch(ctx):
        signals = (receiver.o.valid, receiver.o.payload, receiver.malformed)
        async for _, _, valid, payload, malformed in ctx.tick().sample(*signals):
            wrong.append(malformed)
            codes.extend(payload.data if valid else [])
            ctx.set(receiver.o.freed, len(codes) >= size)
            if len(codes) >= size:
                vectors.append((codes[:size], payload.last))
                codes.clear()

    async def feed(ctx):
        ctx.set(receiver.tvalid, 1)
        for octets, kept, last, user in beats:
            ctx.set(receiver.tdata, int.from_bytes(bytes.fromhex(octets), "little"))
            ctx.set(receiver.tkeep, int(kept, 2))
            ctx.set(receiver.tlast, last)
            if packet.marks:
                ctx.set(receiver.tuser, user)
            await ctx.tick().until(receiver.tready)
        ctx.set(receiver.tvalid, 0)
        await ctx.tick().repeat(2 * size * packet.parts)

    drive(receiver, feed, watch)
    return vectors, sum(wrong)


@pytest.mark.parametrize("what", OF_VECTORS)
@pytest.mark.parametrize("beat", [1, 2])
def test_a_malformed_packet_is_one_vector_and_the_next_one_is_whole(what, beat):
    beats, *expected = OF_VECTORS[what]
    assert received(packet_of(3, 12, 32, Last.VECTOR), beat, beats) == tuple(expected)


@pytest.mark.parametrize("what", OF_SEQUENCES)
def test_where_tlast_ends_sequences_an_early_one_ends_the_vector_too(what):
    beats, *expected = OF_SEQUENCES[what]
    assert received(packet_of(2, 12, 16, Last.SEQUENCE), 1, beats) == tuple(expected)


def test_an_element_that_ends_within_its_beats_is_filled_up_with_zeros():
    cut = [("34", "1", 0, 0), ("12", "1", 1, 1), *[(f"0{n}", "1", n == 8, 0) for n in range(1, 9)]]
    packet = packet_of(2, 30, 8, Last.VECTOR)
    vectors, malformed = received(packet, 1, cut)
    assert vectors == [([0x1234, 0], 1), ([0x04030201, 0x08070605], 0)]
    assert malformed == 1
