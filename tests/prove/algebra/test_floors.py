# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import random

import pytest

from lmu_hw.prove.algebra.atoms import forget
from lmu_hw.prove.algebra.floors import floor, signed, unsigned, within
from lmu_hw.prove.algebra.forms import Value, symbol, weighted_sum
from lmu_hw.prove.algebra.names import forget_names
from lmu_hw.prove.counterexample import Point


@pytest.fixture(autouse=True)
def empty():
    forget()
    forget_names()


def drawn(rng: random.Random) -> Value:
    symbols = [symbol("input", (0, n), -(1 << 7), (1 << 7) - 1) for n in range(3)]
    pairs = [(rng.randint(-300, 300), s) for s in symbols]
    value = weighted_sum(pairs, rng.randint(-999, 999))
    for _ in range(rng.randint(0, 2)):
        value = floor(value, rng.randint(0, 5)) + weighted_sum([(rng.randint(-9, 9), symbols[0])])
    return value


@pytest.mark.parametrize("seed", range(40))
def test_floors_and_words_have_the_values_of_integers(seed):
    rng = random.Random(seed)
    value, bits, width = drawn(rng), rng.randint(0, 8), rng.randint(1, 14)
    half, span = 1 << width - 1, 1 << width
    results = floor(value, bits), signed(value, width), unsigned(value, width)
    for trial in range(30):
        point = Point(random.Random(f"{seed} {trial}"), trial)
        v = point.value(value)
        expected = v >> bits, (v + half) % span - half, v % span
        assert tuple(map(point.value, results)) == expected


@pytest.mark.parametrize("seed", range(20))
def test_a_floor_of_a_floor_is_one_floor(seed):
    rng = random.Random(seed)
    value, a, b = drawn(rng), rng.randint(0, 5), rng.randint(0, 5)
    one, two = floor(value, a + b), floor(floor(value, a), b)
    assert one == two if isinstance(one, int) else (one - two) == 0


def test_a_sum_that_is_0_or_less_by_1_is_its_own_sign():
    x = symbol("input", 0, 0, 1)
    assert floor(x - 1, 3) - (x - 1) == 0
    assert floor(-x, 3) + x == 0


def test_what_a_product_leaves_of_a_divisor_is_not_taken_for_a_floor_of_its_own():
    """15 F in 16 is -F beside multiples of 16; the rest of 15 F is no floor to be merged."""
    x, y = (symbol("input", (0, n), -500, 500) for n in range(2))
    product = (floor(x * 3, 4) + y) * 15
    assert floor(floor(product, 4) + 1, 1) - floor(product + 16, 5) == 0


def test_of_several_floors_the_latest_is_merged():
    x, y = (symbol("input", (0, n), -500, 500) for n in range(2))
    before = floor(x * 3, 4)
    later = floor(y * 5 + before * 7, 4)
    assert floor(later + before + 1, 1) - floor(y * 5 + before * 23 + 16, 5) == 0


def test_a_floor_of_two_values_by_closer_bounds_is_a_sign():
    x = symbol("input", 0, -500, 500)
    assert floor(within(x * 3 + 1, -90, 90), 7) - floor(within(x * 3 + 1, -90, 90), 9) == 0
    assert floor(x * 3 + 1, 7) - floor(x * 3 + 1, 9) != 0
