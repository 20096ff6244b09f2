# SPDX-License-Identifier: Apache-2.0
"""The clock of plans: what makes it slower."""

from __future__ import annotations

from dataclasses import replace

from lmu_hw.plan import LayerPlan
from lmu_hw.plan.clock import shape_ns, shape_period
from tests.plan.swept import swept


def test_columns_and_loops_of_one_cycle_make_the_clock_slower():
    layer = swept(16, units=16).layers[0]
    plan = LayerPlan(layer=layer, rows=4, columns=4, beat=4, memory_lanes=1)
    wider = replace(plan, columns=32)
    loops = [replace(plan, memory_lanes=lanes) for lanes in (3, 6, 12)]
    periods = [shape_period(each) for each in (plan, *loops)]
    assert periods == sorted(set(periods))
    assert shape_period(wider) > shape_period(plan) == shape_period(replace(plan, rows=8))


def test_products_of_two_columns_are_added_before_they_are_stored():
    layer = swept(16, units=16).layers[0]
    plan = LayerPlan(layer=layer, rows=4, columns=1, beat=1, memory_lanes=1)
    times = [shape_ns(replace(plan, columns=columns)) for columns in (1, 2, 16, 32)]
    assert times[0] == times[1] < times[2] < times[3]
