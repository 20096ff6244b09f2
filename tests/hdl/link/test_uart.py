# SPDX-License-Identifier: Apache-2.0
"""Bytes on an asynchronous line: with clocks that differ, with noise, and without a stop bit."""

from __future__ import annotations

import pytest

from lmu_hw.hdl.link.uart import UartReceiver
from tests.hdl.bench import drive

BIT = 50


def received(levels: list[tuple[int, int]]) -> list[int]:
    """Return the bytes of a line that has each level for so many cycles."""
    receiver, seen = UartReceiver(BIT), []

    async def line(ctx) -> None:
        for level, cycles in [*levels, (1, 2 * BIT)]:
            ctx.set(receiver.rx, level)
            await ctx.tick().repeat(cycles)

    async def watch(ctx) -> None:
        async for _, _, valid, octet in ctx.tick().sample(receiver.o.valid, receiver.o.payload):
            if valid:
                seen.append(octet)

    drive(receiver, line, watch)
    return seen


def byte(octet: int, bit: int = BIT, stop: int = 1) -> list[tuple[int, int]]:
    return [(0, bit), *((octet >> n & 1, bit) for n in range(8)), (stop, bit)]


@pytest.mark.parametrize("bit", [48, 50, 52])
def test_bytes_of_a_clock_that_is_some_percent_off(bit):
    assert received([*byte(0x55, bit), *byte(0x00, bit), *byte(0xC2, bit)]) == [0x55, 0x00, 0xC2]


def test_a_spike_is_no_start_bit():
    assert received([(1, BIT), (0, BIT // 4), (1, BIT), *byte(0x81)]) == [0x81]


def test_a_byte_without_a_stop_bit_is_dropped():
    assert received([*byte(0x0F, stop=0), (1, BIT), *byte(0x3C)]) == [0x3C]
