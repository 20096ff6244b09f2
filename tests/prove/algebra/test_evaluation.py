# SPDX-License-Identifier: Apache-2.0
"""What is not written the same is decided by all values, where these are few."""

from __future__ import annotations

import pytest

from lmu_hw.prove.algebra.cases import floor_by_cases
from lmu_hw.prove.algebra.choices import at_least, clamp
from lmu_hw.prove.algebra.evaluation import vanishes_everywhere
from lmu_hw.prove.algebra.forms import forget, symbol, weighted_sum
from lmu_hw.prove.data.proof import forget_all


@pytest.fixture(autouse=True)
def empty():
    forget_all()


def in_two_ways(offset=0):
    """Return a limited sum, and the same by a comparison and a product of it."""
    x, y = (symbol("input", (0, n), -20, 19) for n in range(2))
    total = floor_by_cases(weighted_sum([(3, x), (5, y)]), 2)
    beyond = at_least(total - 15 - offset)
    return clamp(total, -200, 15), total - beyond * (total - 15)


def test_equal_values_are_seen_to_be():
    limited, chosen = in_two_ways()
    assert vanishes_everywhere(limited - chosen, 8)


def test_one_point_that_differs_is_seen():
    limited, chosen = in_two_ways(offset=2)
    assert not vanishes_everywhere(limited - chosen, 8)


def test_congruent_values_are_equal_modulo_their_width_alone():
    x = symbol("input", 0, 0, 99)
    assert vanishes_everywhere(x * 64, 6)
    assert not vanishes_everywhere(x * 64, 7)


@pytest.mark.parametrize(("high", "factor"), [(1 << 20, 2), (1, 1 << 62)], ids=["many", "large"])
def test_too_many_or_too_large_values_are_not_decided(high, factor):
    forget()
    assert not vanishes_everywhere(symbol("input", 0, 0, high) * factor, 1)
