# SPDX-License-Identifier: Apache-2.0
"""The pipeline of layers: transfers between them."""

from __future__ import annotations

import pytest

from lmu_hw.network import stream_of
from lmu_hw.plan import LayerPlan
from lmu_hw.plan.pipeline import Plan
from tests import networks
from tests.plans import fastest_plan


def test_vectors_take_their_beats():
    network = networks.quantized(networks.network(inputs=9, units=5, return_sequences=False))
    layer = LayerPlan(layer=network.layers[0], rows=2, columns=2, beat=2)
    plan = Plan(layers=(layer,))
    assert plan.transfer_cycles(1, last_step=False) == 5
    assert plan.transfer_cycles(1, last_step=True) == 5
    assert layer.layer.last_only
    assert plan.every_step == (layer,)


@pytest.mark.parametrize(
    ("width", "lanes", "cycles"),
    [("vector", 1, (97, 97)), (32, 1, (96, 96)), (8, 1, (97, 101)), (8, None, (66, 66))],
)
def test_the_latency_is_what_was_simulated(width, lanes, cycles):
    """97, 96, 97 and 66 cycles, on Icarus."""
    network = networks.quantized(networks.network(order=3, inputs=2, dense=3))
    assert fastest_plan(network, lanes, stream=stream_of(width)).latency == cycles


def test_no_answer_waits_for_beats_of_a_group_that_have_no_rows():
    """96 cycles, on Icarus: three rows in groups of two."""
    network = networks.quantized(networks.network(order=4, inputs=2, dense=5))
    first, second = network.layers
    layers = (
        LayerPlan(layer=first, rows=2, columns=1, beat=1),
        LayerPlan(layer=second, rows=1, columns=1, beat=1),
    )
    assert Plan(layers=layers, stream=stream_of(8)).latency == (96, 104)
