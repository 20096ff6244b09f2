# SPDX-License-Identifier: Apache-2.0
"""Area of plans: what it grows with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lmu_hw.plan import Area, LayerPlan
from lmu_hw.plan.area import area_of
from tests import networks
from tests.plan.swept import swept


@pytest.fixture(scope="module")
def plan():
    layer = swept(16, units=16).layers[0]
    return LayerPlan(layer=layer, rows=4, columns=4, beat=1, memory_lanes=1)


@pytest.mark.parametrize("more", [{"rows": 8}, {"columns": 8}, {"memory_lanes": 3}])
def test_more_multipliers_take_more_area(plan, more):
    larger = replace(plan, **more)
    assert area_of(larger).dsp - area_of(plan).dsp >= larger.lanes - plan.lanes
    assert area_of(larger).tables > area_of(plan).tables


def test_a_wider_beat_takes_more_area(plan):
    assert area_of(replace(plan, beat=4)).tables > area_of(plan).tables


def test_wide_products_take_several_multipliers():
    network = networks.quantized(networks.network(), weight_bits=20)
    plan = LayerPlan(layer=network.layers[0], rows=1, columns=1, beat=1)
    assert area_of(plan).dsp == 2 + plan.table_multipliers


def test_areas_are_added():
    assert Area(lut=1, ff=2, block_ram=3, dsp=4) + Area(dsp=1) == Area(
        lut=1, ff=2, block_ram=3, dsp=5
    )
