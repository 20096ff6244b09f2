# SPDX-License-Identifier: Apache-2.0
"""Cycles that a run must show, and what is said where it does not."""

from __future__ import annotations

from lmu_hw.simulate.throughput import last_layer_throughput, step_throughput
from tests import networks
from tests.plans import fastest_plan


def starts(plan, *, own, late=0):
    """Return starts: five vectors wait, nothing moves, and the last layer takes two of them."""
    step = plan.cycles(last_step=True)
    before = [(0, step * n) for n in range(5)]
    release = 20 * step
    return [*before, (1, release), (1, release + own + late), (0, release + own + late + 1)]


def planned(plan):
    layer = plan.layers[-1]
    return max(layer.cycles(last_step=False), layer.output_beats + 1)


def test_the_last_layer_must_be_as_fast_as_planned(plan):
    own, step = planned(plan), plan.cycles(last_step=True)
    assert last_layer_throughput(plan, starts(plan, own=own), step) == ""
    words = f"must take {own} cycles where the next one waits, but took {own + 1}"
    assert words in last_layer_throughput(plan, starts(plan, own=own, late=1), step)


def test_the_last_layer_may_wait_for_vectors(plan):
    """Nothing waits for it after an ordinary pause."""
    step = plan.cycles(last_step=True)
    assert last_layer_throughput(plan, [(0, 0), (1, 20 * step), (1, 30 * step)], step) == ""


def test_steps_at_full_load_take_what_the_plan_says(plan):
    step = plan.cycles(last_step=False)
    layers = plan.every_step
    slowest = max(range(len(layers)), key=lambda n: layers[n].cycles(last_step=False))
    even = [(slowest, step * n) for n in range(9)]
    assert step_throughput(plan, even, [], [False] * 9) == (step, "")
    late = [*even[:8], (slowest, 8 * step + 1)]
    measured, complaint = step_throughput(plan, late, [], [False] * 9)
    assert measured == step + 1 and f"must take {step} cycles at full load" in complaint


def test_last_steps_that_take_longer_may_hold_up_those_that_follow():
    net = networks.network(order=2, units=2, layers=2, hidden="dense", return_sequences=False)
    plan = fastest_plan(networks.quantized(net), 1)
    step = plan.cycles(last_step=False)
    assert plan.cycles(last_step=True) > step

    def complaint(held_up):
        cycles = [step * n + (n > held_up) for n in range(20)]
        lasts = [n == 6 for n in range(20)]
        return step_throughput(plan, [(0, cycle) for cycle in cycles], [], lasts)[1]

    assert [complaint(step_held) for step_held in (6, 7, 10)] == ["", "", ""]
    assert "at full load" in complaint(5) and "at full load" in complaint(11)
