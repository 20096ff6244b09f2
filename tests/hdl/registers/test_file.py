# SPDX-License-Identifier: Apache-2.0
"""Registers in Amaranth's simulator: coefficients, and what is refused."""

from __future__ import annotations

from amaranth.sim import Simulator

from lmu_hw.hdl.registers.file import RegisterFile
from lmu_hw.hdl.registers.map import register_map
from lmu_hw.hdl.registers.top import port_widths
from lmu_hw.hdl.reload import AddressMap
from tests import registered
from tests.hdl.registers.bus import OKAY, SLVERR, write


def session(hold):
    """Run a coroutine of a context and a file of registers; return what is written to the core."""
    plan = registered.small()[1]
    file, words = RegisterFile(plan, register_map(plan, registered.DIGEST)), []
    simulator = Simulator(file)
    simulator.add_clock(1e-6)

    async def watch(ctx):
        async for _, _, writes, address, word in ctx.tick().sample(
            file.coefficient_write, file.coefficient_address, file.coefficient_data
        ):
            if writes:
                words.append((address, word))

    async def run(ctx):
        await hold(ctx, file)

    simulator.add_process(watch)
    simulator.add_testbench(run)
    simulator.run()
    return words


def test_a_word_of_coefficients_is_written_with_its_last_part():
    bits = AddressMap(registered.small()[1]).data_bits
    given = [int("5a" * 64, 16) % (1 << bits), 1, (1 << bits) - 1]

    async def hold(ctx, file):
        ctx.set(file.still, 1)
        assert await write(ctx, file, "COEFFICIENT_ADDRESS", 1) == OKAY
        for word in given:
            for part in range(-(-bits // 32)):
                data = word >> 32 * part & 0xFFFFFFFF
                assert await write(ctx, file, "COEFFICIENT_DATA", data) == OKAY

    assert session(hold) == [(1 + n, word) for n, word in enumerate(given)]


def test_coefficients_are_refused_while_something_moves_or_bytes_lack():
    async def hold(ctx, file):
        assert await write(ctx, file, "COEFFICIENT_DATA", 1) == SLVERR
        ctx.set(file.still, 1)
        assert await write(ctx, file, "COEFFICIENT_DATA", 1, strobe=7) == SLVERR
        assert await write(ctx, file, "COEFFICIENT_ADDRESS", 1, strobe=0) == OKAY
        assert await write(ctx, file, "STATUS", 1) == SLVERR

    assert session(hold) == []


def test_ports_are_those_of_the_emitted_top():
    plan, text = registered.small()[1], registered.emitted()["tiny.v"]
    module = text[text.index("module tiny(") : text.index("endmodule")]
    for name, output, bits in port_widths(plan):
        size = f"[{bits - 1}:0] " if bits > 1 else ""
        assert f"  {'output' if output else 'input'} {size}{name};" in module


def test_registers_change_nothing_of_the_network():
    text = registered.emitted()["tiny.v"]
    assert "  tiny__core core (" in text and "module tiny__core(" in text
    assert (
        "coefficient_write"
        not in text[text.index("module tiny(") : text.index("\n", text.index("module tiny("))]
    )
