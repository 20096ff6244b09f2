# SPDX-License-Identifier: Apache-2.0
"""The generators of a Legendre memory give its matrices back."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.errors import NetworkError
from lmu_hw.lmu import (
    Discretizer,
    alternating_signs,
    discretize,
    semiseparable,
    semiseparable_rank,
)
from tests import structured

SIZES = [(1, 2.0), (2, 5.0), (3, 3.0), (16, 64.0), (100, 100_000.0), (256, 784.0), (256, 4096.0)]


@pytest.mark.parametrize(("order", "theta"), SIZES)
def test_the_bilinear_memory_has_rank_1(order, theta):
    A, B = structured.signed_memory(order, theta)
    generators = semiseparable(A, B, 1)
    again, heard = generators.matrices()
    assert np.linalg.norm(again - A, 2) <= 1e-13
    assert np.abs(heard - B).max() <= 1e-14
    assert np.all(generators.decay > 0) and np.all(generators.coupling > 0)
    assert np.all(generators.carry[:-1] > 0.4) and np.all(generators.carry < 1.0 + 1e-12)


@pytest.mark.parametrize(("order", "theta"), SIZES)
def test_zoh_has_a_small_rank(order, theta):
    A, B = structured.signed_memory(order, theta, Discretizer.ZOH)
    for tolerance in (2.0**-8, 2.0**-14):
        rank = semiseparable_rank(A, B, tolerance)
        again, heard = semiseparable(A, B, rank).matrices()
        assert rank <= 8
        assert np.linalg.norm(again - A, 2) <= 2 * np.sqrt(order) * tolerance
        assert np.abs(heard - B).max() <= tolerance


def test_scaling_the_input_scales_what_it_adds():
    A, B = structured.signed_memory(6, 20.0)
    again, heard = semiseparable(A, 0.96 * B, 1).matrices()
    assert np.allclose(again, A, atol=1e-14) and np.allclose(heard, 0.96 * B, atol=1e-14)


@pytest.mark.parametrize("method", [Discretizer.ZOH, Discretizer.BILINEAR])
def test_discretizations_are_symmetric_up_to_signs(method):
    A, _ = structured.signed_memory(12, 40.0, method)
    signs = alternating_signs(12)
    assert np.allclose(A.T, signs[:, None] * A * signs, atol=1e-14)


def test_the_bilinear_memory_approaches_zoh():
    errors = []
    for theta in (50.0, 100.0, 200.0):
        A, B = discretize(6, theta, Discretizer.ZOH)
        other, heard = discretize(6, theta, Discretizer.BILINEAR)
        errors.append(np.abs(A - other).max() + np.abs(B - heard).max())
    assert errors[0] / errors[1] == pytest.approx(8.0, rel=0.15)  # third order in the step
    assert errors[1] / errors[2] == pytest.approx(8.0, rel=0.15)


def test_another_memory_is_refused():
    A = np.random.default_rng(0).normal(size=(4, 4)) / 4
    with pytest.raises(NetworkError, match="must be symmetric up to signs"):
        semiseparable(A, np.ones(4), 1)


def test_a_state_that_hears_nothing_is_refused():
    with pytest.raises(NetworkError, match="must hear every state"):
        semiseparable(np.diag([0.5, 0.5, 0.5]), np.zeros(3), 1)
