# SPDX-License-Identifier: Apache-2.0
"""The schedule of element-wise nodes: one beat after the other, behind what they read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lmu_hw.errors import NetworkError
from lmu_hw.lmu import Role
from lmu_hw.network import ElementwiseNode, Factor, Product
from lmu_hw.plan import (
    DRAIN_LATENCY,
    ELEMENTWISE_LATENCY,
    MAC_LATENCY,
    TABLE_LATENCY,
    LayerPlan,
    make_plan,
)
from tests import networks
from tests.gated import CELLS, gated_network

LANES = (1, 2, 3, 5, 7, 8, 16, 33, 64, 100)

TABLE_WAIT = TABLE_LATENCY - 1


def stalls_and_beats(layer: LayerPlan) -> dict[str, tuple[int, int]]:
    """Return the wait and the beats of the element-wise nodes, by the last part of their names."""
    plans = {node.name.rpartition(".")[2]: layer.node(node) for node in layer.layer.elementwise}
    return {name: (plan.stall, plan.busy) for name, plan in plans.items()}


@pytest.mark.parametrize(("units", "apart"), [(3, 8), (9, 5), (15, 2), (40, 0)])
def test_element_wise_nodes_follow_each_other_as_their_codes_come(units, apart):
    network = gated_network("lstm", units=units)
    layer = LayerPlan(layer=network.layers[0], rows=4, columns=4, beat=2)
    beats = -(-units // 2)
    tail = MAC_LATENCY + 2 + DRAIN_LATENCY + TABLE_WAIT
    expected = {"c": (tail, beats), "s": (apart, beats), "h": (apart, beats)}
    assert stalls_and_beats(layer) == expected
    gates = sum(layer.node(node).cycles for node in network.layers[0].sums)
    step = gates + tail + 2 * apart + 3 * beats + ELEMENTWISE_LATENCY + TABLE_WAIT
    assert layer.cycles(last_step=False) == step


def test_a_sum_of_an_element_wise_node_waits_for_all_of_it():
    network = gated_network("gru, reset before", units=9)
    layer = LayerPlan(layer=network.layers[0], rows=4, columns=4, beat=2)
    (n,) = (node for node in network.layers[0].sums if node.name.endswith(".n"))
    assert [term.source for term in n.terms][-1].endswith(".q")
    assert layer.node(n).stall == ELEMENTWISE_LATENCY + TABLE_WAIT - layer.node(n).blocks[0]


@pytest.mark.parametrize("cell", CELLS)
def test_element_wise_nodes_share_the_multipliers_of_a_beat(cell):
    network = gated_network(cell, units=9)
    for lanes in (*LANES, None):
        (plan,) = make_plan(network, lanes).layers
        assert plan.lanes == plan.array_lanes + 2 * plan.beat
        assert lanes is None or plan.array_lanes <= lanes


def test_more_lanes_never_make_a_gated_layer_slower():
    network = gated_network("lstm", units=9, order=4)
    cycles = [make_plan(network, lanes).cycles(last_step=False) for lanes in range(1, 20)]
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
