# SPDX-License-Identifier: Apache-2.0
"""Multiples and places without a multiplier: their values, and the multipliers of whole designs."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

import pytest
from amaranth.hdl import Module, Signal, signed
from amaranth.sim import Simulator

from lmu_hw.hdl import emit_verilog
from lmu_hw.hdl.multiples import entry_of, times
from lmu_hw.network import QuantizedNetwork
from lmu_hw.plan import Plan, Reloadable
from lmu_hw.spiking.hardware import spiking_verilog
from tests import networks, spiking_memories, structured
from tests.gated import gated_network
from tests.hdl.running_sums import plan_of
from tests.plans import fastest_plan
from tests.running_sums import memory_network, scan, two_pass

WORDS = {"weight_bits": 6, "state_bits": 10, "activation_bits": 6}


def three_memories(realization: str) -> QuantizedNetwork:
    """Return a network whose layer has three memories of order 5."""
    net = networks.network(memory_d=3, order=5, inputs=3, units=5, hidden_to_memory=True)
    if realization == "dense":
        return networks.quantized(net, **WORDS)
    return structured.with_sweeps(networks.quantized(net, memory_bits=16, **WORDS))


def running(update: Callable, *, beat: int, lanes: int, reloadable: Reloadable = Reloadable.NONE):
    """Return three memories of order 5 by running sums, and their plan."""
    network = memory_network(update(5, 32.0), segments=3)
    return network, plan_of(network, beat=beat, lanes=lanes, reloadable=reloadable)


def planned(
    build: Callable[[], QuantizedNetwork], lanes: int, *, reloadable: Reloadable = Reloadable.NONE
) -> tuple[QuantizedNetwork, Plan]:
    """Return a network, and its plan."""
    network = build()
    return network, fastest_plan(network, lanes, reloadable=reloadable)


DESIGNS: dict[str, Callable[[], tuple[QuantizedNetwork, Plan]]] = {
    "dense, 1 lane": partial(planned, partial(three_memories, "dense"), 1),
    "dense, 16 lanes": partial(planned, partial(three_memories, "dense"), 16),
    "sweeps, 1 lane": partial(planned, partial(three_memories, "sweeps"), 1),
    "sweeps, 16 lanes": partial(planned, partial(three_memories, "sweeps"), 16),
    "sweeps, reloadable": partial(
        planned, partial(three_memories, "sweeps"), 3, reloadable=Reloadable.MEMORY
    ),
    "scan": partial(running, scan, beat=4, lanes=2),
    "scan, reloadable": partial(running, scan, beat=8, lanes=8, reloadable=Reloadable.MEMORY),
    "two passes": partial(running, two_pass, beat=2, lanes=1),
    "LSTM": partial(planned, partial(gated_network, "lstm", units=9, order=3), 7),
}


@pytest.mark.parametrize("factor", [0, 1, 2, 3, 5, 12, 49, 212])
def test_multiples_are_products(factor):
    number, product = Signal(6), Signal(16)
    m = Module()
    m.d.comb += product.eq(times(number, factor))

    async def check(ctx):
        for value in range(64):
            ctx.set(number, value)
            await ctx.delay(1e-6)
            assert ctx.get(product) == value * factor

    simulator = Simulator(m)
    simulator.add_testbench(check)
    simulator.run()


def test_an_entry_is_read_and_assigned():
    entries = [Signal(signed(5), name=f"entry_{n}", init=n - 2) for n in range(3)]
    index, seen = Signal(2), Signal(signed(5))
    m = Module()
    entry = entry_of(entries, index)
    m.d.comb += seen.eq(entry)
    m.d.sync += entry.eq(entry - 5)

    async def check(ctx):
        for place in (0, 2, 1):
            ctx.set(index, place)
            assert ctx.get(seen) == place - 2
            await ctx.tick()
            assert ctx.get(seen) == place - 7

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(check)
    simulator.run()


@pytest.mark.parametrize("design", DESIGNS)
def test_no_address_and_no_place_takes_a_multiplier(design):
    network, plan = DESIGNS[design]()
    verilog = emit_verilog(network, plan, digest="0" * 64)[f"{network.name}.v"]
    tables = sum(layer.table_multipliers for layer in plan.layers)
    assert products(verilog) == plan.lanes + tables


def test_a_spiking_memory_has_one_multiplier():
    memory = spiking_memories.small(order=5, neurons=16)
    assert products(spiking_verilog(memory, 4, name="s")["s.v"]) == 1


def products(verilog: str) -> int:
    """Return the products in expressions."""
    return len(re.findall(r"^ *assign .* \* ", verilog, re.MULTILINE))
