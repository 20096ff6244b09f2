# SPDX-License-Identifier: Apache-2.0
"""The plan: lanes, cycles in closed form, and what it may not do."""

from __future__ import annotations

import pytest

from lmu_hw.plan import DRAIN_LATENCY, MAC_LATENCY, LayerPlan, make_plan
from tests import networks


def test_fully_unrolled_has_all_rows_at_once():
    network = networks.quantized(networks.network(order=8, units=9))
    (layer,) = make_plan(network, None).layers
    assert all(layer.node(node).groups == 1 for node in layer.layer.sums)


def test_memories_are_computed_one_after_the_other():
    network = networks.quantized(networks.network(memory_d=3, order=4))
    plan = make_plan(network, 4)
    assert plan.beat == 1
    assert plan.layers[0].node(network.layers[0].nodes[1]).segments == 3


def test_the_cycles_of_a_layer_are_its_words_and_its_waits():
    network = networks.quantized(networks.network(order=3, hidden="none", input_to_hidden=False))
    layer = LayerPlan(layer=network.layers[0], rows=1, columns=1, beat=1)
    tail = MAC_LATENCY + 1 + DRAIN_LATENCY
    # u reads x; three rows of m read m[t-1] and u, the first one when u is there.
    assert layer.cycles(last_step=False) == 1 + (tail - 3) + 3 * 4 + tail


def test_rows_drain_before_those_of_the_next_node_arrive():
    network = networks.quantized(networks.network(order=8, hidden="none"))
    layer = LayerPlan(layer=network.layers[0], rows=8, columns=8, beat=1)
    copy = layer.node(network.layers[0].nodes[-1])
    assert (copy.idle, copy.period, copy.stall) == (7, 8, 0)


def test_idle_cycles_shorten_the_wait_for_the_node_before():
    network = networks.quantized(networks.network(order=8, hidden="none"))
    layer = LayerPlan(layer=network.layers[0], rows=8, columns=8, beat=1)
    memory = layer.node(network.layers[0].nodes[1])
    assert memory.idle + memory.blocks[0] + memory.stall == layer.tail


def test_the_last_step_counts_the_nodes_of_the_last_step():
    net = networks.network(hidden="dense", order=8, units=9, return_sequences=False, dense=3)
    plan = make_plan(networks.quantized(net), 4)
    assert plan.cycles(last_step=True) > plan.cycles(last_step=False)
    assert plan.cycles(last_step=False) == plan.layers[0].cycles(last_step=False)


def test_utilization_is_the_share_of_useful_products():
    network = networks.quantized(networks.network(order=6))
    plan = make_plan(network, 4)
    products = network.layers[0].multiplications(last_step=False)
    expected = products / (plan.layers[0].lanes * plan.cycles(last_step=False))
    assert plan.utilization(plan.layers[0]) == expected <= 1


@pytest.mark.parametrize(("order", "lanes"), [(64, 16), (64, 32), (128, 64)])
def test_multipliers_are_the_limit_at_full_load(order, lanes):
    network = networks.quantized(networks.network(order=order, theta=4.0 * order, units=32))
    plan = make_plan(network, lanes)
    needed = -(-network.layers[0].multiplications(last_step=False) // lanes)
    constant = 3 * plan.layers[0].tail
    assert plan.cycles(last_step=False) <= 1.05 * needed + constant


def test_rom_bits_include_padding():
    network = networks.quantized(networks.network(order=5), weight_bits=7, memory_bits=9)
    layer = LayerPlan(layer=network.layers[0], rows=4, columns=4, beat=1)
    u, m, h = network.layers[0].nodes
    words = [layer.node(node).rom_words for node in (u, m, h)]
    assert words == [1, 2 * (2 + 1), 1 * (1 + 1 + 2)]
    widths = [max(t.weights.format.width for t in node.terms) for node in (u, m, h)]
    assert widths == [7, 9, 7]
    assert layer.rom_bits == 16 * sum(words) * 9  # one ROM, with words of the wider node
