# SPDX-License-Identifier: Apache-2.0
"""The plan of a network: lanes of all layers, chosen together."""

from __future__ import annotations

import pytest

from lmu_hw.errors import ConfigError
from lmu_hw.plan import make_plan
from tests import networks
from tests.plan.swept import swept

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


def test_fully_unrolled_is_at_least_as_fast_as_any_number_of_lanes(network):
    fastest = make_plan(network, None).cycles(last_step=False)
    assert all(make_plan(network, lanes).cycles(last_step=False) >= fastest for lanes in LANES)


def test_layers_share_a_beat(network):
    for lanes in LANES:
        plan = make_plan(network, lanes)
        assert {layer.beat for layer in plan.layers} == {plan.beat}


def test_a_memory_and_the_array_beside_it_have_up_to_the_lanes_asked_for():
    network = swept(16)
    for lanes in LANES:
        (plan,) = make_plan(network, lanes).layers
        assert plan.array_lanes <= lanes
        assert plan.lanes - plan.array_lanes <= lanes


def test_a_memory_before_a_slower_layer_has_fewer_multipliers():
    lanes = []
    for outputs in (1, 64):
        network = swept(6, hidden="none", input_to_hidden=False, dense=outputs)
        plan = make_plan(network, 3)
        lanes.append(plan.layers[0].memory_lanes)
        assert plan.layers[0].cycles(last_step=False) <= plan.cycles(last_step=False)
    assert lanes == [3, 1]


def test_states_are_chained_only_where_that_is_worth_a_slower_clock():
    bare = swept(64, hidden="none", input_to_hidden=False, dense=1)
    wide = swept(64, units=64)
    plans = [make_plan(network, 16).layers[0] for network in (bare, wide)]
    assert [plan.node(plan.layer.memories[0]).chain for plan in plans] == [4, 1]
