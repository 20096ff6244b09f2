# SPDX-License-Identifier: Apache-2.0
"""The schedule of a memory by two passes: one multiplier, both passes in turn."""

from __future__ import annotations

import pytest

from lmu_hw.plan.two_pass import TwoPassPlan
from tests.running_sums import two_pass


def planned(order: int, segments: int = 1) -> TwoPassPlan:
    return TwoPassPlan(
        update=two_pass(order, 4.0 * order),
        segments=segments,
        lanes=1,
        stall=0,
        reloadable=False,
        in_order=False,
    )


def test_there_is_one_multiplier_whatever_is_allowed():
    assert TwoPassPlan.lane_counts(two_pass(4, 16.0), None, 64) == [1]


@pytest.mark.parametrize("order", [1, 4, 16])
def test_the_digits_of_the_closing_constants_cover_them(order):
    plan = planned(order)
    width = plan.update.closing.format.width
    assert (plan.digits - 1) * plan.digit < width <= plan.digits * plan.digit


def test_a_state_more_takes_two_cycles_more_for_each_segment():
    # Of these orders the largest factors are equally wide, so that T takes as long.
    plans = [planned(order, segments=3) for order in (13, 14)]
    assert plans[0].digits == plans[1].digits
    assert plans[1].busy - plans[0].busy == 2 * 3


def test_segments_follow_each_other():
    assert planned(6, segments=4).busy - planned(6, segments=3).busy == planned(6).period
