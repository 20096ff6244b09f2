# SPDX-License-Identifier: Apache-2.0
"""The plans of a layer that are looked at: no other one is smaller and as fast."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.network import QuantizedLayer
from lmu_hw.plan import LayerPlan, make_plan
from lmu_hw.plan.candidates import Front, candidates_of
from tests import networks
from tests.gated import CELLS, gated_network
from tests.plan.swept import swept
from tests.plans import MOST, every_plan
from tests.random_networks import random_network


def fewest(plans: list[LayerPlan], cycles: int) -> int:
    """Return the fewest multipliers of plans that keep up."""
    return min(plan.multipliers for plan in plans if plan.cycles(last_step=True) <= cycles)


def compare(layer: QuantizedLayer, beat: int) -> None:
    """Compare the smallest candidates at every number of cycles with all plans."""
    plans = every_plan(layer, beat)
    front = Front(candidates_of(layer, beat, lanes=MOST))
    speeds = {plan.cycles(last_step=True) for plan in plans}
    assert front.fastest.cycles == min(speeds)
    for cycles in speeds:
        candidate = front.smallest(cycles)
        assert candidate.cycles <= cycles
        assert candidate.multipliers == fewest(plans, cycles)


@pytest.mark.parametrize("seed", range(20))
def test_none_has_fewer_multipliers_and_keeps_up_in_a_random_network(seed):
    for layer in random_network(np.random.default_rng(seed)).layers:
        for beat in (1, 2):
            if beat == 1 or all(node.segments == 1 for node in layer.nodes):
                compare(layer, beat)


@pytest.mark.parametrize("beat", [1, 2])
@pytest.mark.parametrize("cell", CELLS)
def test_none_has_fewer_multipliers_and_keeps_up_in_a_gated_layer(cell, beat):
    compare(gated_network(cell, units=7, order=5).layers[0], beat)


@pytest.mark.parametrize("beat", [1, 2])
def test_none_has_fewer_multipliers_and_keeps_up_beside_a_structured_memory(beat):
    compare(swept(11, units=7).layers[0], beat)


@pytest.mark.parametrize("lanes", [3, 7, 12])
def test_layers_of_a_plan_have_the_fewest_multipliers_that_keep_up(lanes):
    network = networks.quantized(networks.network(layers=2, dense=4, order=7, units=9, inputs=2))
    plan = make_plan(network, lanes)
    cycles = max(layer.cycles(last_step=True) for layer in plan.layers)
    for layer in plan.layers:
        assert layer.multipliers == fewest(every_plan(layer.layer, plan.beat, lanes), cycles)


def test_full_candidates_have_all_rows_at_once():
    layer = networks.quantized(networks.network(order=8, units=9)).layers[0]
    candidates = candidates_of(layer, 2, lanes=None, full=True)
    assert {candidate.plan.rows for candidate in candidates} == {10}
