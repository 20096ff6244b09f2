# SPDX-License-Identifier: Apache-2.0
"""The schedule of a forward Euler memory: one word of states in every cycle."""

from __future__ import annotations

import pytest

from lmu_hw.plan.memory_plan import MEMORY_LATENCY
from lmu_hw.plan.scan import ScanPlan
from tests.running_sums import scan


def planned(order: int, lanes: int, segments: int = 1, stall: int = 0) -> ScanPlan:
    return ScanPlan(
        update=scan(order, 64.0),
        segments=segments,
        lanes=lanes,
        stall=stall,
        reloadable=False,
        in_order=False,
    )


@pytest.mark.parametrize(("order", "lanes", "words"), [(8, 1, 8), (8, 4, 2), (9, 4, 3), (3, 8, 1)])
def test_a_word_has_a_state_for_each_multiplier(order, lanes, words):
    plan = planned(order, lanes, segments=3)
    assert (plan.words, plan.busy, plan.chain) == (words, 3 * words, lanes)


def test_waiting_and_reading_take_turns_with_other_nodes():
    plan = planned(8, 2, stall=5)
    assert plan.cycles == 5 + 4
    assert plan.tail == MEMORY_LATENCY


@pytest.mark.parametrize(
    ("lanes", "beat", "counts"),
    [(None, 64, [1, 2, 4, 8, 16, 32, 64]), (5, 64, [1, 2, 4]), (None, 2, [1, 2]), (1, 8, [1])],
)
def test_multipliers_are_a_power_of_two_within_lanes_and_beat(lanes, beat, counts):
    assert ScanPlan.lane_counts(scan(8, 64.0), lanes, beat) == counts


def test_no_coefficients_lie_in_memories():
    assert planned(8, 2).rom_bits == 0
