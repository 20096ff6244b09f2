# SPDX-License-Identifier: Apache-2.0
"""The schedule of a semiseparable memory: cycles, multipliers and words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lmu_hw.plan import LayerPlan, Reloadable
from tests.plan.swept import swept


@pytest.mark.parametrize(("lanes", "busy"), [(1, 85), (2, 51), (3, 34), (6, 18), (12, 10)])
def test_two_sweeps_take_the_cycles_of_their_products(lanes, busy):
    network = swept(17)
    layer = LayerPlan(layer=network.layers[0], rows=4, columns=4, beat=4, memory_lanes=lanes)
    (node,) = network.layers[0].memories
    schedule = layer.node(node)
    assert (schedule.lanes, schedule.busy) == (lanes, busy)
    assert layer.lanes == 16 + lanes
    assert busy <= 1.05 * -(-7 * 17 // lanes) + 4


def test_a_higher_rank_has_one_multiplier_or_one_for_each_product():
    network = swept(6, rank=2)
    (node,) = network.layers[0].memories
    plans = [
        LayerPlan(layer=network.layers[0], rows=1, columns=1, beat=1, memory_lanes=lanes)
        for lanes in range(1, 10)
    ]
    products = 1 + 2 + int(node.update.carried.sum())
    assert [plan.node(node).lanes for plan in plans] == [
        1 if lanes < products else products for lanes in range(1, 10)
    ]
    assert plans[0].node(node).busy == 6 * (2 * products - 1)
    assert plans[-1].node(node).busy == 6 * 2


@pytest.mark.parametrize(
    ("hidden", "lanes", "slots", "pause"), [("rnn", 3, 2, 0), ("none", 3, 2, 2), ("none", 1, 5, 0)]
)
def test_segments_that_follow_each_other_pause_where_the_loop_takes_one_cycle(
    hidden, lanes, slots, pause
):
    network = swept(4, memory_d=3, hidden=hidden, input_to_hidden=False)
    layer = LayerPlan(layer=network.layers[0], rows=1, columns=1, beat=1, memory_lanes=lanes)
    (node,) = network.layers[0].memories
    assert layer.node(node).busy == 3 * 4 * slots + 2 * pause


def test_rom_bits_of_sweeps_are_a_word_for_each_state():
    network = swept(17)
    layer = LayerPlan(layer=network.layers[0], rows=4, columns=4, beat=4, memory_lanes=12)
    (node,) = network.layers[0].memories
    update = node.update
    word = 3 * 8 + update.max_shift.bit_length()
    assert update.max_shift > 0
    assert layer.node(node).rom_bits == 20 * word
    sums = sum(
        layer.node(n).rom_words * 16 * max(t.weights.format.width for t in n.terms)
        for n in network.layers[0].sums
    )
    assert layer.rom_bits == sums + 20 * word
    assert replace(layer, reloadable=Reloadable.MEMORY).node(node).rom_bits == 20 * (3 * 8 + 4)
