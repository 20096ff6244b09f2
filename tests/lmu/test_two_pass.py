# SPDX-License-Identifier: Apache-2.0
"""Two passes over running sums compute the bilinear memory."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.lmu import Discretizer, discretize
from lmu_hw.lmu.two_pass import closing_constants, two_pass_matrices, two_passes


def factors(order: int, theta: float) -> np.ndarray:
    return (2 * np.arange(order) + 1) / (2 * theta)


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


@pytest.mark.parametrize(("order", "theta"), [(1, 4.0), (8, 20.0), (64, 512.0)])
def test_two_passes_are_the_bilinear_memory(order, theta):
    values = factors(order, theta)
    found = two_pass_matrices(values, closing_constants(values))
    for actual, expected in zip(found, discretize(order, theta, Discretizer.BILINEAR), strict=True):
        # float against float: both round, and the first pass amplifies it
        np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-12)
