# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import random

import pytest

from lmu_hw.prove.algebra.floors import floor, forget_names, name, signed, unsigned
from lmu_hw.prove.algebra.forms import Form, Value, forget, symbol, weighted_sum
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


def test_a_definition_is_its_symbol():
    x, y = (symbol("input", (0, n), -128, 127) for n in range(2))
    result = name("r", floor(x * 50 + y * 77 + 8, 4), -2048, 2047)
    again = floor(x * 100 + y * 154 + 17, 5)
    assert isinstance(result, Form)
    assert isinstance(again, Form)
    assert again.terms == result.terms


def test_what_wraps_is_its_symbol_as_a_word_of_its_width_alone():
    x = symbol("input", 0, -100, 100)
    wrapped = name("wrapped", weighted_sum([(1, x), (-64, floor(x + 32, 6))]), -32, 31)
    assert signed(x, 6) - wrapped == 0
    assert all(signed(x, width) - wrapped != 0 for width in (4, 5, 7, 8))


def test_two_definitions_are_never_one_symbol():
    x = symbol("input", (0, 0), 0, 9)
    y = symbol("input", (0, 1), 0, 9)
    first = name((0, 0, "u[0]"), x + y, -99, 99)
    second = name((0, 0, "u[0]"), x - y, -99, 99)
    assert first - second != 0
