# SPDX-License-Identifier: Apache-2.0
"""The plan of a network: lanes of all layers, chosen together."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import numpy as np
import pytest

from lmu_hw.errors import ConfigError
from lmu_hw.network import QuantizedNetwork
from lmu_hw.plan import CHIPS, SLOWEST, Additions, Area, Goal, Plan, choose_plan, make_plan
from lmu_hw.plan.estimate import estimate_of
from tests import networks
from tests.plan.swept import swept
from tests.plans import MOST, every_plan
from tests.random_networks import random_network

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
        assert choice.chosen.area_time <= 1.1 * min(others)


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
    wide = swept(64, units=64)
    assert [make_plan(network, 4).layers[0].memory_lanes for network in (bare, wide)] == [3, 1]


def test_states_are_chained_only_at_a_clock_that_allows_it():
    network = swept(64, hidden="none", input_to_hidden=False, dense=1)

    def chain(goal: Goal) -> int:
        plan = choose_plan(network, goal).chosen.plan.layers[0]
        return plan.node(plan.layer.memories[0]).chain

    assert chain(Goal(lanes=64)) == 1
    assert chain(Goal(clock=12.0, sample_rate=12e6 / 100)) == 2


def fewest(network: QuantizedNetwork, beat: int, cycles: int) -> float:
    """Return the fewest multipliers of all plans with a beat that keep up; inf: none does."""
    plans = [every_plan(layer, beat) for layer in network.layers]
    first = Plan(layers=tuple(of_layer[0] for of_layer in plans))
    if first.transfer_cycles(len(plans), last_step=True) > cycles:
        return inf
    return sum(
        min((p.multipliers for p in of_layer if p.cycles(last_step=True) <= cycles), default=inf)
        for of_layer in plans
    )


@pytest.mark.parametrize("seed", range(12))
def test_no_plan_at_all_keeps_up_with_fewer_multipliers_in_a_random_network(seed):
    network = random_network(np.random.default_rng(seed))
    cut = any(len(layer.outputs) > 1 for layer in network.layers) or any(
        node.segments > 1 for layer in network.layers for node in layer.nodes
    )
    slowest = choose_plan(network, Goal(lanes=1)).chosen.cycles
    for cycles in {slowest, slowest * 2 // 3, slowest // 2}:
        goal = Goal(lanes=MOST, clock=1.0, sample_rate=1e6 / cycles)
        least = min(fewest(network, beat, goal.cycles) for beat in ((1,) if cut else (1, 2)))
        if least < inf:
            assert choose_plan(network, goal).chosen.plan.multipliers == least


@pytest.mark.parametrize("rate", [20e3, 50e3, 200e3, 400e3])
def test_of_as_few_multipliers_the_smallest_plan_that_keeps_up_is_taken(network, rate):
    goal = Goal(clock=50.0, sample_rate=rate)
    choice = choose_plan(network, goal)
    assert choice.chosen.plan.cycles(last_step=True) <= goal.cycles
    in_time = [option for option in choice.options if option.cycles <= goal.cycles]
    sizes = [(option.plan.multipliers, option.size) for option in in_time]
    assert (choice.chosen.plan.multipliers, choice.chosen.size) == min(sizes)


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


def test_a_plan_that_does_not_fit_the_target_is_shown_and_not_chosen(network, monkeypatch):
    free = choose_plan(network, Goal(lanes=64))
    small = replace(free.chosen.chip, name="small", sized=True, has=Area(**_has(dsp=8)))
    monkeypatch.setitem(CHIPS, "small", small)
    choice = choose_plan(network, Goal(lanes=64, target="small"))
    assert choice.chosen.area.dsp <= 8 < free.chosen.area.dsp
    assert any("DSP of 8" in option.lacking_words for option in choice.options)
    assert not choice.chosen.lacking


def test_a_target_that_no_plan_fits_is_refused_with_the_figure(network, monkeypatch):
    small = replace(CHIPS["ecp5-25k"], name="small", has=Area(**_has(ff=900)))
    monkeypatch.setitem(CHIPS, "small", small)
    match = r"`target` small, but none does: the closest one needs [\d,]+ FF of 900$"
    for goal in (Goal(target="small"), Goal(target="small", clock=50.0, sample_rate=20e3)):
        with pytest.raises(ConfigError, match=match):
            choose_plan(network, goal)


def _has(**less: float) -> dict[str, float]:
    """Return what a large chip has, with less of something."""
    return {"lut": 90_000.0, "ff": 90_000.0, "block_ram": 200.0, "dsp": 150.0, **less}


def test_the_clock_that_is_asked_for_is_not_exceeded(network):
    fast, slow = (choose_plan(network, Goal(lanes=8, clock=clock)) for clock in (1e4, 10.0))
    assert fast.chosen.samples_per_second == pytest.approx(
        1e6 * fast.chosen.mhz / fast.chosen.cycles
    )
    assert slow.chosen.samples_per_second == pytest.approx(1e7 / slow.chosen.cycles)


def test_a_clock_beyond_the_estimate_is_said_with_both_numbers(network):
    choice = choose_plan(network, Goal(lanes=8, clock=300.0))
    (warning,) = choice.warnings
    assert "a `clock` of 300 MHz" in warning
    assert f"the {choice.chosen.mhz:.0f} MHz that are estimated" in warning
    assert choose_plan(network, Goal(lanes=8, clock=50.0)).warnings == []
    assert choose_plan(network, Goal(lanes=8)).warnings == []


def test_without_a_known_clock_there_are_no_samples_a_second(network):
    choice = choose_plan(network, Goal(lanes=8, target="xilinx7", clock=500.0))
    assert choice.chosen.mhz is choice.chosen.samples_per_second is None
    assert choice.warnings == []


def test_on_a_chip_without_multipliers_they_cost_tables(network):
    areas = [choose_plan(network, Goal(lanes=1, target=name)).chosen.area for name in CHIPS]
    by_name = dict(zip(CHIPS, areas, strict=True))
    assert by_name["ice40-hx8k"].dsp == 0
    assert by_name["ice40-hx8k"].lut > by_name["ice40-up5k"].lut


WITH = {
    "reloadable": {"reloadable": "all"},
    "registers": {"additions": Additions(registers=True)},
    "streams": {"additions": Additions(streams=4)},
}


@pytest.mark.parametrize("name", WITH)
def test_what_a_plan_is_said_to_take_is_of_the_design_that_is_built(network, name):
    choice = choose_plan(network, Goal(lanes=4), **WITH[name])
    for option in choice.options:
        assert option.area == estimate_of(option.plan, option.chip).total
    plain = choose_plan(network, Goal(lanes=4)).chosen
    assert choice.chosen.area.lut + choice.chosen.area.block_ram != (
        plain.area.lut + plain.area.block_ram
    )
    assert choice.chosen.lanes == plain.lanes
