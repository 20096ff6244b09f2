# SPDX-License-Identifier: Apache-2.0
"""Exact integers: products, rounding within its error, roots and positive matrices."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lmu_verify.errors import NotShown
from lmu_verify.integers import (
    Codes,
    ceil_root,
    digit_bits,
    exact_product,
    identity,
    require_positive,
    rounded,
    split,
)
from lmu_verify.powers import Multiplier
from tests.verify.systems import codes


@pytest.mark.parametrize("order", [1, 5, 256, 4096])
def test_digits_are_exact_and_their_products_fit_float64(order):
    width = digit_bits(order)
    assert order * 4 ** (width - 1) <= 2**53 < order * 4 ** (width + 1)
    random = np.random.default_rng(order)
    x = np.append(random.integers(-(2**59), 2**59, 500), [0, -1, 2**59, -(2**59)])
    digits = split(x, width)
    assert all(np.abs(digit).max() <= 2 ** (width - 1) for digit in digits)
    together = sum(d.astype(np.int64).astype(object) << width * i for i, d in enumerate(digits))
    assert np.array_equal(together, x)


@pytest.mark.parametrize("bits", [3, 60, 400])
def test_products_are_exact(bits):
    random = np.random.default_rng(bits)
    x, y = ([[int(v) << bits for v in row] for row in random.integers(-9, 9, (4, 4))] for _ in "ab")
    left, right = (Codes(np.array(z, dtype=object) + 1, bits) for z in (x, y))
    found = exact_product(left, right)
    assert np.array_equal(found.codes, left.codes.dot(right.codes))
    assert found.bits == 2 * bits


def test_numbers_too_large_for_int64_are_not_multiplied():
    multiply = Multiplier(identity(2), 44)
    assert np.array_equal(multiply(np.full((1, 2), 2**58)), [[2**58, 2**58]])
    with pytest.raises(NotShown, match="too large for the arithmetic"):
        multiply(np.full((1, 2), 2**60))


@pytest.mark.parametrize("limit", [-3, 0, 4])
def test_rounding_is_within_its_error(limit):
    x = Codes(np.arange(-300, 300).astype(object), 6)
    near, error = rounded(x, limit)
    assert near.bits == limit
    off = [abs(Fraction(int(c)) / Fraction(2) ** limit - Fraction(int(x_), 64)) for c, x_ in zip(near.codes, x.codes, strict=True)]  # fmt: skip  # noqa: E501
    assert max(off) == error


@pytest.mark.parametrize("value", [0, Fraction(1, 3), 2, 4, Fraction(2**400 + 1), Fraction(9, 4)])
def test_a_root_is_rounded_up(value):
    root = ceil_root(Fraction(value), 32)
    assert root**2 >= value > max(root - Fraction(1, 1 << 31), 0) ** 2 - (value == 0)


def test_a_positive_matrix_is_shown_and_others_are_not():
    good = codes([[2.0, 1.0], [1.0, 2.0]], 10)
    require_positive("M", good)
    with pytest.raises(NotShown, match="M must be symmetric"):
        require_positive("M", codes([[2.0, 1.0], [0.0, 2.0]], 10))
    for bad in ([[1.0, 2.0], [2.0, 1.0]], [[-1.0, 0.0], [0.0, 1.0]]):
        with pytest.raises(NotShown, match="M is not positive"):
            require_positive("M", codes(bad, 10))
    with pytest.raises(NotShown, match="M is not shown to be positive by its factor: row 1"):
        require_positive("M", good, codes([[1.0, 0.0], [0.0, 1.5]], 10))
