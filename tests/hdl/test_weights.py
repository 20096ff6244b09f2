# SPDX-License-Identifier: Apache-2.0
"""Coefficient ROMs of a layer: banks, sharing, and when a word is there."""

from __future__ import annotations

from operator import mul
from typing import Any

import pytest

from lmu_hw.hdl.coefficients import coefficient_roms, rom_words
from lmu_hw.hdl.weights import BankedRom
from tests import networks
from tests.hdl.bench import drive, simulate
from tests.plans import fastest_plan

# What a test constructs without simulating it is never elaborated.
pytestmark = [
    pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable"),
    pytest.mark.usefixtures("collected"),
]
WORDS: dict[str, Any] = {"weight_bits": 6, "state_bits": 8, "activation_bits": 6}
DEEP = 20_000  # more words than a bank has


@pytest.mark.parametrize(("words", "banks"), [(5, 1), (DEEP, 2)])
def test_a_word_is_there_two_cycles_after_its_address(words, banks):
    contents = [(7 * n) % 31 for n in range(words)]
    rom = BankedRom(name="r", words=contents, width=5)
    assert len(rom.roms) == banks
    read = [0, words - 1, 3, min(16384, words - 2), min(16383, words - 3)]

    async def check(ctx):
        seen = []
        for address in [*read, 0, 0]:
            ctx.set(rom.address, address)
            await ctx.tick()
            seen.append(ctx.get(rom.data))
        assert seen[1:-1] == [contents[address] for address in read]

    drive(rom, check)


def test_nodes_of_a_layer_share_a_rom_one_after_the_other(plan):
    (rom,) = coefficient_roms(plan)
    assert rom.nodes == tuple(plan.layer.sums)
    words = [rom_words(plan, node, rom.width) for node in rom.nodes]
    assert rom.words() == [word for of_node in words for word in of_node]
    assert rom.first_words == tuple(sum(map(len, words[:n])) for n in range(len(words)))


def test_nodes_share_a_rom_only_where_that_takes_no_more_blocks():
    net = networks.network(order=24, units=120, hidden="dense")
    network = networks.quantized(net, weight_bits=4, memory_bits=20, state_bits=12)
    plan = fastest_plan(network, 1).layers[0]
    apart = coefficient_roms(plan)
    assert [rom.width for rom in apart] == [4, 20]
    together = apart[0].with_nodes_of(apart[1])
    assert together.cost > apart[0].cost + apart[1].cost
    assert sum(rom.depth for rom in apart) == together.depth


@pytest.mark.parametrize("lanes", [1, 5])
def test_roms_that_are_not_shared_take_turns(lanes, monkeypatch):
    monkeypatch.setattr("lmu_hw.hdl.coefficients.memory_cost", mul)  # bits: sharing never pays
    net = networks.network(order=4, memory_d=2, memory_to_memory=True)
    network = networks.quantized(net, memory_bits=11, **WORDS)
    plan = fastest_plan(network, lanes)
    assert len(coefficient_roms(plan.layers[0])) == 2
    simulate(network, plan)
