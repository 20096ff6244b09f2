# SPDX-License-Identifier: Apache-2.0
"""Writes on AXI4-Lite in Amaranth's simulator."""

from __future__ import annotations

OKAY, SLVERR = 0, 2


async def write(ctx, file, name, value, strobe=15):
    """Return the response to a write: the data first, then the address."""
    ctx.set(file.wdata, value)
    ctx.set(file.wstrb, strobe)
    ctx.set(file.wvalid, 1)
    await ctx.tick()
    ctx.set(file.wvalid, 0)
    ctx.set(file.awaddr, file.registers[name].offset)
    ctx.set(file.awvalid, 1)
    await ctx.tick()
    ctx.set(file.awvalid, 0)
    ctx.set(file.bready, 1)
    response = (await ctx.tick().sample(file.bresp).until(file.bvalid))[0]
    ctx.set(file.bready, 0)
    return response
