# SPDX-License-Identifier: Apache-2.0
"""Coefficient ROMs of a layer: banks, sharing, and when a word is there."""

from __future__ import annotations

from dataclasses import replace
from operator import mul
from typing import Any

import pytest

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


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize(
    ("words", "width", "banks"),
    [
        (5, 5, [5]),
        (2_000, 9, [2_000]),
        (20_000, 5, [16_384, 2_048, 1_568]),
        (4_300, 9, [1_024] * 4 + [204]),
    ],
)
def test_a_word_is_there_two_cycles_after_its_address(words, width, banks, alone):
    contents = [(7 * n) % 31 for n in range(words)]
    rom = BankedRom(name="r", words=contents, width=width, banks=banks, alone=alone)
    read = [0, words - 1, 3, min(16384, words - 2), words // 2, min(2048, words - 3)]
    read = [address for address in read for _ in range(1 + address % 3)]  # some wait

    async def check(ctx):
        seen, before = [], None
        for address in [*read, 0, 0]:
            ctx.set(rom.address, address)
            ctx.set(rom.moved, address != before)
            ctx.set(rom.taken, before is not None)
            before = address
            await ctx.tick()
            seen.append(ctx.get(rom.data))
        assert seen[1:-1] == [contents[address] for address in read]

    drive(rom, check)


@pytest.mark.parametrize(("words", "banks"), [(40, [40]), (40, [32, 8]), (5, [5])])
def test_a_word_that_is_written_where_the_address_rests_is_the_new_one(words, banks):
    rom = BankedRom(name="r", words=[1] * words, width=9, banks=banks, writable=True)

    async def check(ctx):
        ctx.set(rom.moved, 1)  # to address 0, where it stays
        await ctx.tick()
        ctx.set(rom.moved, 0)
        await ctx.tick()
        ctx.set(rom.load.word, 2)
        ctx.set(rom.load.enable, 1)
        await ctx.tick()
        ctx.set(rom.load.enable, 0)
        await ctx.tick().repeat(2)
        ctx.set(rom.taken, 1)
        await ctx.tick()
        assert ctx.get(rom.data) == 2

    drive(rom, check)


@pytest.mark.parametrize("lanes", [1, 5])
def test_roms_that_are_not_shared_take_turns(lanes, monkeypatch):
    monkeypatch.setattr("lmu_hw.plan.coefficient_rom.memory_cost", mul)  # bits: sharing never pays
    net = networks.network(order=4, memory_d=2, memory_to_memory=True)
    network = networks.quantized(net, memory_bits=11, **WORDS)
    plan = fastest_plan(network, lanes)
    assert len(plan.layers[0].coefficient_roms) == 2
    simulate(network, plan)


def test_banks_of_a_few_words_change_no_word_and_no_cycle():
    network = networks.quantized(networks.network(order=6, units=5), **WORDS)
    plan = fastest_plan(network, 1)
    banked = replace(plan, layers=tuple(replace(layer, bank_words=16) for layer in plan.layers))
    assert [len(rom.banks) for rom in banked.layers[0].coefficient_roms] > [1]
    assert banked.cycles(last_step=True) == plan.cycles(last_step=True)
    simulate(network, banked)
