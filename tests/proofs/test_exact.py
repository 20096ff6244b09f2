# SPDX-License-Identifier: Apache-2.0
"""Exact matrices against Python integers and fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lmu_hw.proofs.exact import ExactMatrix
from tests import memories


def fractions(matrix: ExactMatrix) -> np.ndarray:
    return matrix.integers() * Fraction(1, 2**matrix.frac_bits)


def floats(random: np.random.Generator, order: int, spread: int) -> np.ndarray:
    matrix = random.normal(size=(order, order)) * 2.0 ** random.integers(-spread, 1, (order, order))
    matrix[0, -1] = 0.0
    return matrix


def exactly(matrix: np.ndarray) -> np.ndarray:
    return np.array([Fraction(float(x)) for x in matrix.flat]).reshape(matrix.shape)


@pytest.mark.parametrize("spread", [0, 40, 300])
@pytest.mark.parametrize("order", [1, 2, 9])
def test_floats_are_what_they_are(order, spread):
    matrix = floats(np.random.default_rng(order), order, spread)
    assert np.array_equal(fractions(ExactMatrix.of_floats(matrix)), exactly(matrix))
    memory, _ = memories.zoh(5, 17.0)
    assert np.array_equal(fractions(ExactMatrix.of_floats(memory)), exactly(memory))


@pytest.mark.parametrize("spread", [0, 40, 300])
def test_sums_products_and_multiples_are_exact(spread):
    random = np.random.default_rng(3)
    left, right = floats(random, 9, spread), floats(random, 9, 20)
    x, y = ExactMatrix.of_floats(left), ExactMatrix.of_floats(right)
    p, q = exactly(left), exactly(right)
    assert np.array_equal(fractions(x @ y), p.dot(q))
    assert np.array_equal(fractions(x.T @ y @ x), p.T.dot(q).dot(p))
    assert np.array_equal(fractions(x - y), p - q)
    assert np.array_equal(fractions(x - x), 0 * p)
    factor = 2**50 - 12345
    assert np.array_equal(fractions(x.times(factor, 50)), p * Fraction(factor, 2**50))


@pytest.mark.parametrize("largest", [1, 2**21, 2**62])
def test_integers_of_all_sizes_are_exact(largest):
    random = np.random.default_rng(5)
    left, right = (random.integers(-largest, largest, (256, 256)) for _ in range(2))
    left[:, 0], right[0] = -largest, largest  # all sums of digits as long as they can be
    x, y = (ExactMatrix.of_integers(matrix, 7) for matrix in (left, right))
    rows = (left[:4].astype(object)).dot(right.astype(object))
    assert np.array_equal((x @ y).integers()[:4], rows)
    assert (x @ y).frac_bits == 14


@pytest.mark.parametrize(("off", "dominated"), [(-1, True), (0, True), (1, False)])
@pytest.mark.parametrize("scale", [1, 2**40, 2**60])
def test_a_row_is_dominated_to_the_last_unit(off, dominated, scale):
    matrix = np.array([[3 * scale, -scale, 2 * scale], [0, 1, 0], [0, -1, 1]], np.int64)
    matrix[0, 2] += off
    assert ExactMatrix.of_integers(matrix, 12).dominated_by_its_diagonal() == dominated
    negative = np.array([[-1, 0], [0, 1]], np.int64) * scale
    assert not ExactMatrix.of_integers(negative, 0).dominated_by_its_diagonal()
