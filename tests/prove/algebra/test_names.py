# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from lmu_hw.prove.algebra.atoms import forget
from lmu_hw.prove.algebra.floors import floor, signed
from lmu_hw.prove.algebra.forms import Form, exact, range_of, symbol, weighted_sum
from lmu_hw.prove.algebra.names import (
    define_only,
    drop,
    forget_names,
    name,
    with_closer_bounds,
)


@pytest.fixture(autouse=True)
def empty():
    forget()
    forget_names()


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


def test_a_result_has_the_bounds_of_what_it_stands_for_while_that_is_known():
    with_closer_bounds(True)
    x = symbol("input", 0, -100, 100)
    result = name("r", floor(x, 2), -2048, 2047)
    assert range_of(result + 5) == range_of(floor(x + 20, 2)) == (-20, 30)
    assert range_of(exact(result)) == (-2048, 2047)
    define_only({})
    assert range_of(floor(x, 2)) == (-25, 25)
    assert floor(x, 2) - result != 0


def test_a_result_stays_itself_where_another_differs_by_what_wraps():
    first = name("first", symbol("input", 0, -100, 100) * 2, -64, 63)
    assert isinstance(first, Form)
    second = name("second", signed(first - 88, 7), -64, 63)
    assert signed(first - 88, 7) - second == 0
    word = drop(first, 7)
    assert isinstance(word, Form)
    assert word.terms == first.terms
