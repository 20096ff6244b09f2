# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import random

import pytest

from lmu_hw.prove.algebra.atoms import forget
from lmu_hw.prove.algebra.forms import Form, multiply, range_of, symbol, weighted_sum
from lmu_hw.prove.counterexample import Point


@pytest.mark.parametrize("seed", range(20))
def test_sums_and_products_have_the_values_of_integers(seed):
    forget()
    rng = random.Random(seed)
    symbols = [symbol("input", (0, n), -(1 << n + 2), 1 << n + 3) for n in range(3)]
    a, b = (
        weighted_sum([(rng.randint(-9, 9), s) for s in symbols], rng.randint(-9, 9))
        for _ in range(2)
    )
    results = a + b, a - b, multiply(a, b), a << 3
    for trial in range(20):
        point = Point(random.Random(f"{seed} {trial}"), trial)
        x, y = point.value(a), point.value(b)
        assert tuple(map(point.value, results)) == (x + y, x - y, x * y, x << 3)
        for value in results:
            low, high = range_of(value)
            assert low <= point.value(value) <= high


def test_equal_products_are_equal_forms():
    forget()
    x, y = (symbol("input", (0, n), -8, 7) for n in range(2))
    assert multiply(x + y, x - y) - (multiply(x, x) - multiply(y, y)) == 0


@pytest.mark.parametrize("first", [(0, 7), (3, 3)], ids=["range", "number"])
def test_a_symbol_has_one_range(first):
    forget()
    symbol("name", "n", *first)
    with pytest.raises(ValueError, match="must have one range: name n has"):
        symbol("name", "n", 0, 8)


def test_a_sum_has_the_bounds_of_its_values_where_they_are_closer():
    forget()
    x = symbol("input", 0, 0, 9)
    assert isinstance(x, Form)
    near = Form(x.terms, x.constant, 4, 6, x.mark)
    assert range_of(weighted_sum([(-2, near), (1, symbol("input", 1, 0, 1))], 5)) == (-7, -2)
