# SPDX-License-Identifier: Apache-2.0
"""Two passes over running sums compute the bilinear memory."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.lmu import Discretizer, discretize
from lmu_hw.lmu.two_pass import closing_constants, two_pass_matrices, two_passes


def factors(order: int, theta: float) -> np.ndarray:
    return (2 * np.arange(order) + 1) / (2 * theta)


@pytest.mark.parametrize(("order", "theta"), [(1, 2.0), (2, 9.0), (6, 24.0), (16, 64.0)])
def test_the_matrices_are_those_of_the_bilinear_memory(order, theta):
    closing = closing_constants(factors(order, theta))
    matrices = two_pass_matrices(factors(order, theta), closing)
    for actual, expected in zip(
        matrices, discretize(order, theta, Discretizer.BILINEAR), strict=True
    ):
        # floats: the first pass grows, and its rounding with it
        np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize(("order", "theta"), [(3, 12.0), (8, 40.0)])
def test_the_second_pass_closes(order, theta):
    """T is the sum for which the last two running sums cancel."""
    values = factors(order, theta)
    _, second, _ = two_passes(values, closing_constants(values))
    np.testing.assert_allclose(second[order] + second[order - 1], 0.0, atol=1e-9)


def test_the_sum_of_the_means_is_the_constant_that_closes():
    values = factors(5, 30.0)
    _, second, T = two_passes(values, closing_constants(values))
    np.testing.assert_allclose(second[6:].sum(axis=0), T, rtol=0, atol=1e-9)


def test_other_constants_do_not_close():
    values = factors(5, 30.0)
    _, second, _ = two_passes(values, 1.01 * closing_constants(values))
    assert np.abs(second[5] + second[4]).max() > 1e-3
