# SPDX-License-Identifier: Apache-2.0
"""Products by structure are off by no more than they say, and only where there is structure."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lmu_hw.proofs.products import Product

ORDER = 160


def separable(rank):
    """Return a matrix of low rank above its diagonal, and of another one below."""
    random = np.random.default_rng(rank)
    above, below = (random.normal(size=(2, ORDER, rank)) / ORDER for _ in range(2))
    upper, lower = (np.triu(a @ b.T, 1) for a, b in (above, below))
    return upper + lower.T + np.diag(random.uniform(0.5, 1.0, ORDER))


def exact(row, matrix):
    """Return row times matrix as fractions."""
    columns = [[Fraction(x) for x in column] for column in matrix.T.tolist()]
    factors = [Fraction(x) for x in row.tolist()]
    return [sum(map(Fraction.__mul__, factors, column)) for column in columns]


@pytest.mark.parametrize("rank", [1, 2])
def test_a_product_by_structure_is_off_by_no_more_than_it_says(rank):
    matrix = separable(rank)[:, :40]
    row = np.random.default_rng(9).normal(size=ORDER)
    product = Product(matrix)
    assert product.structured
    off = [
        abs(Fraction(x) - y)
        for x, y in zip(product.of(row[None])[0], exact(row, matrix), strict=True)
    ]
    assert max(off) > 0
    assert sum(x * x for x in off) <= Fraction(product.error * np.linalg.norm(row)) ** 2
    assert sum(off) <= Fraction(product.error_of_sum * np.abs(row).sum())


def test_what_the_structure_leaves_out_counts():
    """An element that is not of low rank, too small for the search of structure."""
    matrix = separable(1)
    matrix[3, 150] += 2.0**-60
    product = Product(matrix)
    left_out = product.of(np.eye(ORDER)) - matrix
    assert np.abs(left_out).max() > 0
    assert np.linalg.norm(left_out, axis=1).max() <= product.error


@pytest.mark.parametrize(
    "matrix", [separable(3), np.ones((20, 20)), np.zeros((ORDER, 0))], ids=["rank", "small", "none"]
)
def test_a_matrix_without_structure_is_multiplied_as_it_is(matrix):
    product, rows = Product(matrix), np.ones((2, len(matrix)))
    assert not product.structured
    assert np.array_equal(product.of(rows), rows @ matrix)
