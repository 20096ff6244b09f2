# SPDX-License-Identifier: Apache-2.0
"""Which nodes share a coefficient ROM, and the bits that it takes."""

from __future__ import annotations

from lmu_hw.plan.coefficient_rom import CoefficientRom
from tests import networks
from tests.plans import fastest_plan


def test_nodes_with_coefficients_of_one_width_follow_each_other():
    net = networks.network(order=5, units=4, hidden_to_memory=True)
    network = networks.quantized(net, weight_bits=6, state_bits=8, activation_bits=6)
    plan = fastest_plan(network, 4).layers[0]
    (rom,) = plan.coefficient_roms
    assert rom.nodes == tuple(plan.layer.sums)
    counts = [plan.node(node).rom_words for node in rom.nodes]
    assert list(rom.first_words.values()) == [sum(counts[:n]) for n in range(len(counts))]
    assert plan.rom_bits == rom.bits == sum(counts) * rom.width * plan.array_lanes


def test_nodes_share_a_rom_only_where_that_takes_no_more_blocks():
    net = networks.network(order=24, units=120, hidden="dense")
    network = networks.quantized(net, weight_bits=4, memory_bits=20, state_bits=12)
    plan = fastest_plan(network, 1).layers[0]
    apart = plan.coefficient_roms
    assert [rom.width for rom in apart] == [4, 20]
    together = CoefficientRom(apart[0].words | apart[1].words, plan.array_lanes)
    assert together.cost > apart[0].cost + apart[1].cost
    assert sum(rom.depth for rom in apart) == together.depth


def test_a_shared_rom_has_words_of_the_wider_node():
    net = networks.network(order=4, units=3)
    network = networks.quantized(net, weight_bits=6, memory_bits=11, state_bits=8)
    plan = fastest_plan(network, 1).layers[0]
    (rom,) = plan.coefficient_roms
    assert rom.width == 11
    assert plan.rom_bits == 11 * sum(plan.node(node).rom_words for node in rom.nodes)
