# SPDX-License-Identifier: Apache-2.0
"""Points of a sweep: which are on the front, and why a point has no design."""

from __future__ import annotations

from dataclasses import replace

import pytest

import lmu_hw
from lmu_hw.search import Cost
from lmu_hw.search.points import with_front


@pytest.mark.parametrize("cost", Cost)
def test_the_front_is_what_comparing_everything_finds(swept, cost):
    points = with_front(swept[0].points, cost)

    def beats(a, b) -> bool:
        no_worse = a.costs.get(cost) <= b.costs.get(cost) and a.loss <= b.loss
        return no_worse and (a.costs.get(cost), a.loss) != (b.costs.get(cost), b.loss)

    undominated = [point for point in points if not any(beats(other, point) for other in points)]
    expected = {(point.costs.get(cost), point.loss) for point in undominated}
    front = [point for point in points if point.pareto]
    assert {(point.costs.get(cost), point.loss) for point in front} == expected
    assert len(front) == len(expected)


def test_of_equal_designs_the_one_that_is_cheaper_otherwise_is_on_the_front(swept):
    point = swept[0].points[0]
    dear = replace(point, costs=replace(point.costs, multiplier_area=10**9), pareto=False)
    other = replace(dear, lengths=replace(dear.lengths, weight_bits=2))
    marked = with_front([other, point], Cost.STATE_BITS)
    assert [one.pareto for one in marked] == [False, True]


def test_word_lengths_without_a_design_are_rows_with_the_reason(classifier):
    report = lmu_hw.sweep(classifier.network, classifier.x[:20], activation_bits=[6, 20])
    good, bad = report.points
    assert good.reason is None and good.pareto
    assert "must have at most 20 address bits" in bad.reason
    assert (bad.costs, bad.task, bad.pareto) == (None, None, False)
