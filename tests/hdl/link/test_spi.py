# SPDX-License-Identifier: Apache-2.0
"""Bytes as an SPI peripheral: one that the host breaks off was neither taken nor given."""

from __future__ import annotations

from lmu_hw.hdl.link.spi import SpiPeripheral
from tests.hdl.bench import drive

HALF, FILLER = 4, 0xC0


def test_a_byte_that_is_broken_off_is_given_again():
    spi, came, seen = SpiPeripheral(FILLER), [], []
    waiting = [0xA5, 0x0F]

    async def exchange(ctx, octet: int, bits: int = 8) -> int:
        """Return what came for so many bits of a byte."""
        given = 0
        ctx.set(spi.cs_n, 0)
        for n in range(bits):
            ctx.set(spi.copi, octet >> 7 - n & 1)
            await ctx.tick().repeat(HALF)
            ctx.set(spi.sck, 1)
            given = given << 1 | ctx.get(spi.cipo)
            await ctx.tick().repeat(HALF)
            ctx.set(spi.sck, 0)
        await ctx.tick().repeat(HALF)
        ctx.set(spi.cs_n, 1)
        await ctx.tick().repeat(HALF)
        return given

    async def host(ctx) -> None:
        await exchange(ctx, 0x11, bits=5)
        for octet in (0x81, 0x42, 0x24):
            came.append(await exchange(ctx, octet))

    async def design(ctx) -> None:
        while True:
            ctx.set(spi.i.valid, bool(waiting))
            ctx.set(spi.i.payload, waiting[0] if waiting else 0)
            _, _, taken, valid, octet = await ctx.tick().sample(
                spi.i.ready, spi.o.valid, spi.o.payload
            )
            if taken and waiting:
                waiting.pop(0)
            if valid:
                seen.append(octet)

    drive(spi, host, design)
    assert seen == [0x81, 0x42, 0x24]
    assert came == [0xA5, 0x0F, FILLER]
