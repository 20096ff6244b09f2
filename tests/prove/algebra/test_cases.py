# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import random

import pytest

from lmu_hw.prove.algebra.atoms import forget
from lmu_hw.prove.algebra.cases import floor_by_cases
from lmu_hw.prove.algebra.choices import at_least, choose, clamp, equal
from lmu_hw.prove.algebra.directions import forget_directions
from lmu_hw.prove.algebra.forms import Value, symbol, weighted_sum
from lmu_hw.prove.algebra.names import forget_names, name
from lmu_hw.prove.algebra.words import Word, as_signed, join, normal, part
from lmu_hw.prove.counterexample import Point
from lmu_hw.prove.hardware.cell_shape import Shape
from lmu_hw.prove.hardware.cells import evaluate


@pytest.fixture(autouse=True)
def empty():
    for each in (forget, forget_names, forget_directions):
        each()


def total(rng: random.Random) -> Value:
    symbols = [symbol("input", (0, n), -128, 127) for n in range(4)]
    return weighted_sum([(rng.randint(-99, 99), s) for s in symbols], rng.randint(-999, 999))


@pytest.mark.parametrize("seed", range(30))
def test_results_by_cases_have_the_values_of_integers(seed):
    rng = random.Random(seed)
    a, b, level = total(rng), total(rng), rng.randint(0, 4000)
    limited = clamp(floor_by_cases(a, 4), -100, 99)
    results = at_least(a), equal(a, 20), choose(at_least(a), a, b, None), limited
    further = floor_by_cases(limited + level, 3)
    for trial in range(30):
        point = Point(random.Random(f"{seed} {trial}"), trial)
        x, y = point.value(a), point.value(b)
        near = min(max(x >> 4, -100), 99)
        expected = int(x >= 0), int(x % (1 << 20) == 0), x if x >= 0 else y, near
        assert tuple(map(point.value, results)) == expected
        assert point.value(further) == near + level >> 3


def cell(kind: str, widths: tuple[int, ...], width: int, *words: Word) -> Word:
    return evaluate(Shape(kind=kind, widths=widths, signed=(False, False), width=width))(*words)


def saturated(value: Value, wide: int, width: int) -> Value:
    """As emitted: the bits above a code are alike, or its end stands in the place of low bits."""
    negative, above = part(value, wide, wide - 1, 1), part(value, wide, width - 1, wide - width + 1)
    alike = cell("$reduce_and", (wide - width + 1,), 1, above)
    other = cell("$not", (1,), 1, cell("$reduce_or", (wide - width + 1,), 1, above))
    fits = cell("$or", (1, 1), 1, alike, other)
    end = normal(as_signed(cell("$not", (1,), 1, negative), 1), width - 1)
    shape = (width - 1, width - 1, 1)
    low = cell("$mux", shape, width - 1, end, part(value, wide, 0, width - 1), fits)
    return as_signed(join([(low, width - 1), (negative, 1)]), width)


@pytest.mark.parametrize("seed", range(10))
def test_saturation_by_bits_is_the_limited_result(seed):
    value = floor_by_cases(total(random.Random(seed)) + 8, 4)
    result = name("r", clamp(value, -128, 127), -128, 127)
    assert saturated(value, 14, 8) - result == 0


def test_a_limit_that_is_reached_but_not_passed():
    value = floor_by_cases(symbol("input", (0, 0), -2048, 2047) + 16, 5)  # from -64 to 64
    result = name("r", clamp(value, -64, 63), -64, 63)
    assert saturated(value, 12, 7) - result == 0
