# SPDX-License-Identifier: Apache-2.0
"""The plan: lanes, cycles in closed form, and what it may not do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lmu_hw.errors import ConfigError, NetworkError
from lmu_hw.lmu import Role
from lmu_hw.network import ElementwiseNode, Factor, Product
from lmu_hw.plan import (
    DRAIN_LATENCY,
    ELEMENTWISE_LATENCY,
    MAC_LATENCY,
    LayerPlan,
    make_plan,
)
from tests import networks, structured
from tests.gated import CELLS, gated_network

LANES = (1, 2, 3, 5, 7, 8, 16, 33, 64, 100)


@pytest.fixture(scope="module")
def network():
    return networks.quantized(networks.network(layers=2, dense=4, order=8, units=9, inputs=2))


@pytest.mark.parametrize("lanes", [0, -3])
def test_fewer_than_one_lane_is_refused(network, lanes):
    with pytest.raises(ConfigError, match=f"`lanes` must be at least 1, not {lanes}"):
        make_plan(network, lanes)


@pytest.mark.parametrize("lanes", LANES)
def test_no_layer_has_more_lanes_than_asked_for(network, lanes):
    assert all(layer.lanes <= lanes for layer in make_plan(network, lanes).layers)


def test_more_lanes_never_take_more_cycles(network):
    cycles = [make_plan(network, lanes).cycles(last_step=False) for lanes in range(1, 50)]
    assert cycles == sorted(cycles, reverse=True)


def test_faster_layers_get_no_more_lanes_than_keep_up():
    network = networks.quantized(networks.network(order=16, units=16, dense=2))
    first, second = make_plan(network, 8).layers
    assert second.lanes < first.lanes
    assert second.cycles(last_step=False) <= first.cycles(last_step=False)


def test_fully_unrolled_has_all_rows_at_once():
    network = networks.quantized(networks.network(order=8, units=9))
    (layer,) = make_plan(network, None).layers
    assert all(layer.node(node).groups == 1 for node in layer.layer.sums)


def test_fully_unrolled_is_at_least_as_fast_as_any_number_of_lanes(network):
    fastest = make_plan(network, None).cycles(last_step=False)
    assert all(make_plan(network, lanes).cycles(last_step=False) >= fastest for lanes in LANES)


def test_memories_are_computed_one_after_the_other():
    network = networks.quantized(networks.network(memory_d=3, order=4))
    plan = make_plan(network, 4)
    assert plan.beat == 1
    assert plan.layers[0].node(network.layers[0].nodes[1]).segments == 3


def test_layers_share_a_beat(network):
    for lanes in LANES:
        plan = make_plan(network, lanes)
        assert {layer.beat for layer in plan.layers} == {plan.beat}


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
    assert layer.rom_bits == 16 * sum(w * b for w, b in zip(words, widths, strict=True))


@pytest.fixture(scope="module")
def swept():
    """Return a builder of networks whose memory is computed by two sweeps."""

    def built(order: int, rank: int = 1, **shape):
        net = networks.network(order=order, theta=4.0 * order, **shape)
        words = {"weight_bits": 6, "memory_bits": 16, "state_bits": 16, "activation_bits": 6}
        return structured.with_sweeps(
            networks.quantized(net, **words), theta=4.0 * order, rank=rank
        )

    return built


@pytest.mark.parametrize(("lanes", "busy"), [(1, 85), (2, 51), (3, 34), (6, 18), (12, 10)])
def test_two_sweeps_take_the_cycles_of_their_products(swept, lanes, busy):
    network = swept(17)
    layer = LayerPlan(layer=network.layers[0], rows=4, columns=4, beat=4, memory_lanes=lanes)
    (node,) = network.layers[0].memories
    schedule = layer.node(node)
    assert (schedule.lanes, schedule.busy) == (lanes, busy)
    assert layer.lanes == 16 + lanes
    assert busy <= 1.05 * -(-7 * 17 // lanes) + 4


def test_a_higher_rank_has_one_multiplier_or_one_for_each_product(swept):
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


def test_segments_that_follow_each_other_are_one_cycle_apart(swept):
    for hidden, apart in (("rnn", 0), ("none", 1)):
        network = swept(4, memory_d=3, hidden=hidden, input_to_hidden=False)
        layer = LayerPlan(layer=network.layers[0], rows=1, columns=1, beat=1, memory_lanes=3)
        (node,) = network.layers[0].memories
        assert layer.node(node).busy == 3 * 4 * 2 + 2 * apart


def test_a_memory_and_the_array_beside_it_have_up_to_the_lanes_asked_for(swept):
    network = swept(16)
    for lanes in LANES:
        (plan,) = make_plan(network, lanes).layers
        assert plan.array_lanes <= lanes
        assert plan.lanes - plan.array_lanes <= lanes


def test_a_memory_before_a_slower_layer_has_fewer_multipliers(swept):
    lanes = []
    for outputs in (1, 64):
        network = swept(6, hidden="none", input_to_hidden=False, dense=outputs)
        plan = make_plan(network, 3)
        lanes.append(plan.layers[0].memory_lanes)
        assert plan.layers[0].cycles(last_step=False) <= plan.cycles(last_step=False)
    assert lanes == [3, 1]


def test_states_are_chained_only_where_that_is_worth_a_slower_clock(swept):
    bare = swept(64, hidden="none", input_to_hidden=False, dense=1)
    wide = swept(64, units=64)
    plans = [make_plan(network, 16).layers[0] for network in (bare, wide)]
    assert [plan.node(plan.layer.memories[0]).chain for plan in plans] == [4, 1]


def test_rom_bits_of_sweeps_are_a_word_for_each_state(swept):
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
    assert replace(layer, reloadable=True).node(node).rom_bits == 20 * (3 * 8 + 4)


def stalls_and_beats(layer: LayerPlan) -> dict[str, tuple[int, int]]:
    """Return the wait and the beats of the element-wise nodes, by the last part of their names."""
    plans = {node.name.rpartition(".")[2]: layer.node(node) for node in layer.layer.elementwise}
    return {name: (plan.stall, plan.busy) for name, plan in plans.items()}


@pytest.mark.parametrize(("units", "apart"), [(3, 6), (9, 3), (15, 0), (40, 0)])
def test_element_wise_nodes_follow_each_other_as_their_codes_come(units, apart):
    network = gated_network("lstm", units=units)
    layer = LayerPlan(layer=network.layers[0], rows=4, columns=4, beat=2)
    beats = -(-units // 2)
    tail = MAC_LATENCY + 2 + DRAIN_LATENCY
    expected = {"c": (tail, beats), "s": (apart, beats), "h": (apart, beats)}
    assert stalls_and_beats(layer) == expected
    gates = sum(layer.node(node).cycles for node in network.layers[0].sums)
    step = gates + tail + 2 * apart + 3 * beats + ELEMENTWISE_LATENCY
    assert layer.cycles(last_step=False) == step


def test_a_sum_of_an_element_wise_node_waits_for_all_of_it():
    network = gated_network("gru, reset before", units=9)
    layer = LayerPlan(layer=network.layers[0], rows=4, columns=4, beat=2)
    (n,) = (node for node in network.layers[0].sums if node.name.endswith(".n"))
    assert [term.source for term in n.terms][-1].endswith(".q")
    assert layer.node(n).stall == ELEMENTWISE_LATENCY - layer.node(n).blocks[0]


@pytest.mark.parametrize("cell", CELLS)
def test_element_wise_nodes_share_the_multipliers_of_a_beat(cell):
    network = gated_network(cell, units=9)
    for lanes in (*LANES, None):
        (plan,) = make_plan(network, lanes).layers
        assert plan.lanes == plan.array_lanes + 2 * plan.beat
        assert lanes is None or plan.array_lanes <= lanes


def test_more_lanes_never_make_a_gated_layer_slower():
    network = gated_network("lstm", units=9, order=4)
    cycles = [make_plan(network, lanes).cycles(last_step=False) for lanes in range(1, 40)]
    assert cycles == sorted(cycles, reverse=True)


def test_element_wise_source_in_segments_is_refused():
    network = networks.quantized(networks.network(memory_d=2, order=3, hidden="none"))
    layer = network.layers[0]
    memory = layer.nodes[1]
    node = ElementwiseNode(
        layer="lmu0",
        role=Role.HIDDEN,
        rows=6,
        products=(Product(factors=(Factor(source=memory.name, delayed=False),)),),
        sum_frac_bits=memory.requant.format.frac_bits,
        requant=memory.requant,
        activation=None,
    )
    gated = replace(layer, nodes=(*layer.nodes, node))
    match = "lmu0.h: lmu0.m must be stored in one piece in hardware, not in 2 segments"
    with pytest.raises(NetworkError, match=match):
        LayerPlan(layer=gated, rows=1, columns=1, beat=1)
