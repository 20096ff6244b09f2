# SPDX-License-Identifier: Apache-2.0
"""Which multiplier computes what: every product once, those with W alone and last."""

from __future__ import annotations

import pytest

from lmu_hw.hdl.semiseparable_products import Use, multipliers
from lmu_hw.plan import LayerPlan
from lmu_hw.plan.semiseparable import SemiseparablePlan
from tests.plan.swept import swept

PRODUCTS = {True: ["carry", "coupling"], False: ["carry", "coupling", "decay"]}


def schedule_of(lanes: int, **options: object) -> SemiseparablePlan:
    """Return the schedule of a memory of order 4 on so many multipliers."""
    (layer,) = swept(4, **options).layers
    plan = LayerPlan(layer=layer, rows=1, columns=1, beat=1, memory_lanes=lanes)
    return plan.node(layer.memories[0])


def uses(schedule: SemiseparablePlan) -> list[Use]:
    """Return the uses of all multipliers."""
    return [use for one in multipliers(schedule.update, schedule) for use in one.uses]


@pytest.mark.parametrize("lanes", [1, 2, 3])
@pytest.mark.parametrize("backward", [False, True])
def test_every_product_is_computed_once_in_a_recursion(lanes, backward):
    schedule = schedule_of(lanes)
    of_recursion = [use for use in uses(schedule) if use.backward == backward]
    assert sorted(use.product.kind for use in of_recursion) == PRODUCTS[backward]
    slots = schedule.backward_slots if backward else schedule.forward_slots
    assert all(0 <= use.before_last < slots for use in of_recursion)


@pytest.mark.parametrize("lanes", [1, 2, 3])
def test_the_product_with_W_is_in_the_last_slot_which_the_loop_follows(lanes):
    carries = [use for use in uses(schedule_of(lanes)) if use.product.kind == "carry"]
    assert [use.before_last for use in carries] == [0, 0]


@pytest.mark.parametrize("lanes", [2, 3])
def test_nothing_is_chosen_in_front_of_the_multiplier_of_a_loop_of_one_cycle(lanes):
    schedule = schedule_of(lanes)
    assert schedule.loop_cycles == 1
    in_loop, *others = multipliers(schedule.update, schedule)
    assert {product.kind for product in in_loop.products} == {"carry"}
    assert all(product.kind != "carry" for one in others for product in one.products)


@pytest.mark.parametrize(("lanes", "early"), [(1, 0), (2, 1), (3, 1)])
def test_a_product_without_a_slot_before_the_last_is_early(lanes, early):
    schedule = schedule_of(lanes)
    found = [use for use in uses(schedule) if use.early]
    assert len(found) == early
    assert all(use.backward and use.product.kind == "coupling" for use in found)
