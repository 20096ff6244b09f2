# SPDX-License-Identifier: Apache-2.0
"""Functions of one symbol, by their values."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.prove.algebra.atoms import forget
from lmu_hw.prove.algebra.floors import floor
from lmu_hw.prove.algebra.forms import add, scale, symbol
from lmu_hw.prove.algebra.functions import applied, forget_functions, leaf_of, values_of


@pytest.fixture(autouse=True)
def empty():
    forget()
    forget_functions()


def small(name, low=-8, high=7):
    return symbol("input", name, low, high, tabulated=True)


def test_a_sum_of_19_bits_may_be_tabulated():
    wide = small("wide", -(1 << 18), (1 << 18) - 1)
    assert leaf_of([wide]) is not None


def test_the_same_of_another_symbol_is_computed_once():
    calls = []

    def square(array):
        calls.append(1)
        return array * array

    for name in ("a", "b"):
        value = add(small(name), floor(scale(small(name), 3), 2))
        (leaf,) = small(name).terms
        squared = applied(square, [value], leaf, "square")
        codes = np.arange(-8, 8)
        assert (values_of(squared, leaf) == (codes + (3 * codes >> 2)) ** 2).all()
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("ends", "value", "what"),
    [((-8, 6), 1, "half"), ((-8, 7), 2, "half"), ((-8, 7), 1, "third")],
    ids=["another range", "another value", "another operation"],
)
def test_anything_else_is_computed_anew(ends, value, what):
    a, b = small("a"), small("b", *ends)
    applied(lambda array: array // 2, [a], *a.terms, "half")
    (leaf,) = b.terms
    answer = applied(lambda array: array // 3, [scale(b, value)], leaf, what)
    codes = np.arange(ends[0], ends[1] + 1)
    assert (values_of(answer, leaf) == value * codes // 3).all()
