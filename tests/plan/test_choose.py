# SPDX-License-Identifier: Apache-2.0
"""The plan of a network: lanes of all layers, chosen together."""

from __future__ import annotations

import pytest

from lmu_hw.errors import ConfigError
from lmu_hw.plan import SLOWEST, Goal, choose_plan, make_plan
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


def test_more_lanes_never_take_more_time(network):
    for net in (network, swept(16)):
        times = [choose_plan(net, Goal(lanes=lanes)).chosen.time for lanes in range(1, 20)]
        assert times == sorted(times, reverse=True)


def test_no_plan_is_much_slower_than_the_fastest(network):
    for lanes in LANES:
        choice = choose_plan(network, Goal(lanes=lanes))
        assert choice.chosen.time <= SLOWEST * choice.options[0].time


def test_of_all_options_none_has_clearly_less_area_times_time(network):
    for lanes in LANES:
        choice = choose_plan(network, Goal(lanes=lanes))
        longest = SLOWEST * choice.options[0].time
        others = [option.area_time for option in choice.options if option.time <= longest]
        assert choice.chosen.area_time <= 1.05 * min(others)


def test_one_lane_more_does_not_double_the_multipliers_for_a_wider_beat():
    network = networks.quantized(networks.network(order=8, units=12, layers=2, dense=1))
    assert make_plan(network, 16).lanes <= 1.5 * make_plan(network, 15).lanes


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
        network = swept(40, hidden="none", input_to_hidden=False, dense=outputs)
        plan = make_plan(network, 3)
        lanes.append(plan.layers[0].memory_lanes)
        assert plan.layers[0].cycles(last_step=False) <= plan.cycles(last_step=False)
    assert lanes == [3, 1]


def test_a_loop_of_one_cycle_that_saves_few_cycles_is_not_worth_a_slower_clock():
    bare = swept(64, hidden="none", input_to_hidden=False, dense=1)
    wide = swept(64, units=32)
    assert [make_plan(network, 4).layers[0].memory_lanes for network in (bare, wide)] == [3, 1]


def test_states_are_chained_only_at_a_clock_that_allows_it():
    network = swept(64, hidden="none", input_to_hidden=False, dense=1)

    def chain(goal: Goal) -> int:
        plan = choose_plan(network, goal).chosen.plan.layers[0]
        return plan.node(plan.layer.memories[0]).chain

    assert chain(Goal(lanes=64)) == 1
    assert chain(Goal(clock=12.0, sample_rate=12e6 / 100)) == 2


@pytest.mark.parametrize("rate", [20e3, 50e3, 200e3, 400e3])
def test_the_smallest_plan_that_keeps_up_with_a_sample_rate_is_taken(network, rate):
    goal = Goal(clock=50.0, sample_rate=rate)
    choice = choose_plan(network, goal)
    assert choice.chosen.plan.cycles(last_step=True) <= goal.cycles
    in_time = [option for option in choice.options if option.cycles <= goal.cycles]
    assert choice.chosen.area.tables == min(option.area.tables for option in in_time)


def test_a_sample_rate_that_no_plan_keeps_up_with_is_refused(network):
    match = r"a step needs \d+ cycles with at most 4 multipliers for a layer, 10 are there at a "
    with pytest.raises(
        ConfigError, match=match + "`clock` of 50 MHz and a `sample_rate` of 5,000,"
    ):
        choose_plan(network, Goal(lanes=4, clock=50.0, sample_rate=5e6))


def test_the_chosen_plan_is_among_a_few_that_are_shown(network):
    choice = choose_plan(network, Goal(lanes=64))
    shown = choice.shown
    assert choice.chosen in shown
    assert len(shown) <= 9
    assert [option.time for option in shown] == sorted(option.time for option in shown)
