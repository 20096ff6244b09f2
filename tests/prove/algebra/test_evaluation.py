# SPDX-License-Identifier: Apache-2.0
"""What is not written the same is decided by all values, where these are few."""

from __future__ import annotations

import pytest

from lmu_hw.prove.algebra.atoms import forget
from lmu_hw.prove.algebra.cases import floor_by_cases
from lmu_hw.prove.algebra.choices import at_least, clamp
from lmu_hw.prove.algebra.evaluation import vanishes_everywhere
from lmu_hw.prove.algebra.forms import symbol, weighted_sum
from lmu_hw.prove.algebra.functions import applied
from lmu_hw.prove.algebra.names import name, name_total
from lmu_hw.prove.attempts import forget_all


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


def test_results_are_what_they_stand_for_where_that_decides():
    """A table at a limited sum of a large total, against a table at the total."""
    x, y = (symbol("input", (0, n), -(1 << 9), (1 << 9) - 1) for n in range(2))
    total = name_total("total", x * 3 + y * 5, tabulated=True)
    limited = name("sum", clamp(floor_by_cases(total, 6), -4, 3), -4, 3, tabulated=True)
    at_sum = applied(lambda v: v * v, [limited], *limited.terms, "square")
    result = name("result", at_sum, 0, 99)
    at_total = applied(lambda v: (v >> 6).clip(-4, 3) ** 2, [total], *total.terms, "clamped")
    assert vanishes_everywhere(result - at_total, 8)
    assert not vanishes_everywhere(result - at_total - at_least(total - 4000), 8)


def test_a_sum_of_large_symbols_is_one_where_it_occurs_as_a_whole():
    x, y, z = (symbol("input", (0, n), -8192, 8191) for n in range(3))
    direction = x - y * 2 + z
    value = floor_by_cases(direction * 3 + 32, 6)
    sign = 1 - at_least(direction * 3 + 32)
    assert vanishes_everywhere(floor_by_cases(value, 13) + sign, 14)
    assert not vanishes_everywhere(floor_by_cases(value + 1, 13) + sign, 14)


def test_a_symbol_has_no_values_that_what_it_stands_for_has_not():
    x = symbol("input", 0, 0, 40)
    result = name("r", floor_by_cases(x, 2), -(1 << 20), 1 << 20)
    assert vanishes_everywhere(at_least(result + 1) - 1, 4)
    assert not vanishes_everywhere(at_least(result - 1) - 1, 4)


def test_results_of_many_values_may_all_be_of_one_symbol():
    x = symbol("input", 0, 0, 40)
    first = name("first", floor_by_cases(x * 70_000, 3), 0, 1 << 20)
    second = name("second", floor_by_cases(x * 50_000 + first, 2), 0, 1 << 20)
    again = floor_by_cases(x * 50_000 + floor_by_cases(x * 70_000, 3), 2)
    assert vanishes_everywhere(second - again + first * 4 - x * 35_000, 20)
    assert not vanishes_everywhere(second - again + first * 4 - x * 35_000 + at_least(x - 40), 20)
