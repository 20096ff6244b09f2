# SPDX-License-Identifier: Apache-2.0
"""What bounds the rounding of float64 is above it, and close, by exact fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lmu_hw.proofs.float_bounds import (
    gamma,
    inflate,
    long_matrix_power,
    matrix_power,
    path_weights,
    row_norms,
    spectral_norm,
)
from lmu_hw.proofs.gains import Response, gains_of
from tests import memories

UNIT = Fraction(1, 2**53)


def exact(matrix: np.ndarray) -> np.ndarray:
    """Return the elements as fractions."""
    return np.array([Fraction(value) for value in matrix.ravel().tolist()]).reshape(matrix.shape)


@pytest.mark.parametrize("terms", [1, 7, 1000])
def test_gamma_is_that_of_an_inner_product(terms):
    found = Fraction(gamma(terms))
    expected = terms * UNIT / (1 - terms * UNIT)
    assert abs(found / expected - 1) < 4 * UNIT


def test_sums_one_after_the_other_are_below_their_inflation():
    values = np.random.default_rng(0).uniform(0.5, 1.0, 2**14)
    total = np.cumsum(values)[-1]
    assert sum(exact(values)) < Fraction(inflate(total)) < sum(exact(values)) * (1 + 2**-29)
    assert inflate(np.zeros(1))[0] > 0.0
    assert inflate(np.full(1, 2.0**-1074))[0] > 2.0**-1074


def test_lengths_of_rows_are_bounded_from_above():
    rows = np.random.default_rng(1).normal(size=(50, 9)) * 10.0 ** np.arange(-4, 5)
    for found, squares in zip(
        row_norms(rows).tolist(), (exact(rows) ** 2).sum(axis=1), strict=True
    ):
        assert squares < Fraction(found) ** 2 < squares * (1 + 2**-28)


def test_the_spectral_norm_is_bounded_closely_for_orthogonal_matrices():
    random = np.random.default_rng(2)
    orthogonal, _ = np.linalg.qr(random.normal(size=(9, 9)))
    assert 1.0 <= spectral_norm(orthogonal) < 1.0 + 1e-8
    assert 3.0 <= spectral_norm(-3.0 * np.eye(4)) < 3.0 + 1e-8
    for matrix in random.normal(size=(20, 6, 6)):
        largest = np.linalg.norm(matrix, 2)
        assert largest <= spectral_norm(matrix) <= np.sqrt(6.0) * largest


@pytest.mark.parametrize("exponent", [1, 2, 3, 6, 37])
def test_a_power_is_off_by_no_more_than_its_error(exponent):
    A, _ = memories.zoh(4, 30.0)
    power, error = matrix_power(A, exponent)
    expected = exact(np.eye(4))
    for _ in range(exponent):
        expected = expected.dot(exact(A))
    off = float(((exact(power) - expected) ** 2).sum()) ** 0.5
    assert (off == error == 0.0) if exponent == 1 else off <= error < 300 * off


@pytest.mark.parametrize("exponent", [2, 64, 1024])
def test_a_long_power_is_off_by_no_more_than_its_error(exponent):
    A, _ = memories.zoh(3, 300.0)
    power, error = long_matrix_power(A, exponent)
    expected = exact(A)
    for _ in range(exponent.bit_length() - 1):
        expected = expected.dot(expected)
    off = float(((exact(power) - expected) ** 2).sum()) ** 0.5
    assert 0.0 < off <= error < 2.0**-40


def test_paths_weigh_as_much_as_they_are_long():
    paths = np.array([[3.0, 0.0, 1e-9], [4.0, 0.5, 0.0]])
    assert path_weights(paths).tolist() == [5.0, 0.5, 2.0**-10]


@pytest.mark.parametrize("theta", [12.0, 400.0])
def test_a_response_is_off_by_no_more_than_its_disturbance(theta):
    A, B = memories.zoh(3, theta)
    gains = gains_of(A, what="m")
    response, state, off = Response(A, B, gains.lyapunov), exact(B), np.zeros(3)
    for _ in range(4):
        for column in response.block.T:
            off += np.abs((exact(column) - state).astype(np.float64))
            state = exact(A).dot(state)
        assert np.all(off <= gains.rounding * response.disturbance)
        response.advance()
    assert off.max() > 0.0
