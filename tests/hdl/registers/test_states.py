# SPDX-License-Identifier: Apache-2.0
"""Registers of states in Amaranth's simulator, beside a memory that answers as late as the core."""

from __future__ import annotations

from dataclasses import replace

from amaranth.sim import Simulator

from lmu_hw.hdl.registers.file import RegisterFile
from lmu_hw.hdl.registers.map import register_map
from lmu_hw.plan import STATE_LATENCY
from tests import registered
from tests.hdl.registers.bus import OKAY, SLVERR, write


def session(hold, *, busy=False):
    """Run a coroutine of a context and a file of registers; return the memory behind it."""
    plan = replace(registered.small()[1], state_access=True)
    file = RegisterFile(plan, register_map(plan, registered.DIGEST))
    codes, addresses = {n: n - 3 for n in range(64)}, [0] * (STATE_LATENCY - 1)

    async def core(ctx):
        async for _, _, address, taken, word in ctx.tick().sample(
            file.state_address, file.state_write, file.state_write_data
        ):
            addresses.append(address)
            code = codes[addresses.pop(0) % 64]
            ctx.set(file.state_read_data, code & (1 << len(file.state_read_data)) - 1)
            if taken:
                codes[address % 64] = word

    async def run(ctx):
        ctx.set(file.still, not busy)
        ctx.set(file.sequence_step, 7)
        await hold(ctx, file)

    simulator = Simulator(file)
    simulator.add_clock(1e-6)
    simulator.add_testbench(core, background=True)
    simulator.add_testbench(run)
    simulator.run()
    return codes


async def read(ctx, file, name):
    """Return the word and the response of a read, at once after the one before."""
    ctx.set(file.araddr, file.registers[name].offset)
    ctx.set(file.arvalid, 1)
    ctx.set(file.rready, 1)
    await ctx.tick().until(file.arready)
    ctx.set(file.arvalid, 0)
    word, response = await ctx.tick().sample(file.rdata, file.rresp).until(file.rvalid)
    return word, response


def test_codes_are_read_one_after_the_other_with_their_signs():
    async def hold(ctx, file):
        assert await write(ctx, file, "STATE_ADDRESS", 1) == OKAY
        for expected in (-2, -1, 0, 1):
            assert await read(ctx, file, "STATE_DATA") == (expected & 0xFFFFFFFF, OKAY)
        assert await read(ctx, file, "STATE_ADDRESS") == (5, OKAY)

    session(hold)


def test_codes_are_written_one_after_the_other():
    async def hold(ctx, file):
        assert await write(ctx, file, "STATE_ADDRESS", 2) == OKAY
        for code in (5, 6):
            assert await write(ctx, file, "STATE_DATA", code) == OKAY
        assert await write(ctx, file, "STATE_ADDRESS", 3) == OKAY
        assert await read(ctx, file, "STATE_DATA") == (6, OKAY)

    codes = session(hold)
    assert [codes[n] for n in range(5)] == [-3, -2, 5, 6, 1]


def test_while_something_moves_nothing_is_exchanged():
    async def hold(ctx, file):
        for name in ("STATE_DATA", "SEQUENCE_STEP"):
            assert await write(ctx, file, name, 1) == SLVERR
            assert (await read(ctx, file, name))[1] == SLVERR
        assert await read(ctx, file, "STATE_ADDRESS") == (0, OKAY)

    assert session(hold, busy=True)[0] == -3


def test_a_step_of_a_sequence_is_read_and_written():
    async def hold(ctx, file):
        assert await read(ctx, file, "SEQUENCE_STEP") == (7, OKAY)
        assert await write(ctx, file, "STATE_DATA", 1, strobe=7) == SLVERR
        assert await write(ctx, file, "SEQUENCE_STEP", 9) == OKAY

    session(hold)
