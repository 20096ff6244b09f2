# SPDX-License-Identifier: Apache-2.0
"""The pipeline of layers: transfers between them."""

from __future__ import annotations

from lmu_hw.plan import LayerPlan
from lmu_hw.plan.pipeline import Plan
from tests import networks


def test_vectors_take_their_beats():
    network = networks.quantized(networks.network(inputs=9, units=5, return_sequences=False))
    layer = LayerPlan(layer=network.layers[0], rows=2, columns=2, beat=2)
    plan = Plan(layers=(layer,))
    assert plan.transfer_cycles(1, last_step=False) == 5
    assert plan.transfer_cycles(1, last_step=True) == 5
    assert layer.layer.last_only
    assert plan.every_step == (layer,)
