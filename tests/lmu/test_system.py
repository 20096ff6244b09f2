# SPDX-License-Identifier: Apache-2.0
"""The Legendre system and its discretizations, against what the papers print."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import cont2discrete

from lmu_hw.errors import NetworkError
from lmu_hw.lmu import Discretizer, discretize, legendre_system, orthonormal_scale

ORDERS = (1, 2, 3, 8, 16, 33, 64)


@pytest.mark.parametrize("order", range(1, 9))
def test_the_system_is_the_printed_formula(order):
    a, b = legendre_system(order)
    for i in range(order):
        assert b[i] == (2 * i + 1) * (-1) ** i
        for j in range(order):
            assert a[i, j] == (2 * i + 1) * (-1 if i < j else (-1) ** (i - j + 1))


def test_the_system_of_order_3():
    a, b = legendre_system(3)
    assert a.tolist() == [[-1, -1, -1], [3, -3, -3], [-5, 5, -5]]
    assert b.tolist() == [1, -3, 5]


@pytest.mark.parametrize("order", [1, 2, 4, 8, 12])
@pytest.mark.parametrize("theta", [2.5, 16.0, 300.0])
def test_zoh_is_that_of_scipy(order, theta):
    a, b = legendre_system(order)
    system = (a / theta, b[:, None] / theta, np.eye(order), np.zeros((order, 1)))
    expected_a, expected_b, *_ = cont2discrete(system, dt=1.0, method="zoh")
    actual_a, actual_b = discretize(order, theta, Discretizer.ZOH)
    # float against float: scipy's exponential is not taken in the orthonormal basis
    assert np.allclose(actual_a, expected_a, rtol=1e-8, atol=1e-10)
    assert np.allclose(actual_b, expected_b[:, 0], rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("order", ORDERS)
def test_a_constant_input_settles_at_the_first_polynomial(order):
    a, b = discretize(order, 2.0 * order, Discretizer.ZOH)
    settled = np.linalg.solve(np.eye(order) - a, b)
    expected = np.eye(order)[0]
    assert np.allclose(settled, expected, atol=1e-9)  # float: a linear solve


def test_euler_is_one_step_of_the_derivative():
    a, b = legendre_system(5)
    actual_a, actual_b = discretize(5, 40.0, Discretizer.EULER)
    assert np.array_equal(actual_a, np.eye(5) + a / 40.0)
    assert np.array_equal(actual_b, b / 40.0)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("windows", [0.5, 4.0])
def test_the_orthonormal_memory_is_passive(order, windows):
    a, b = discretize(order, max(windows * order, 1.0), Discretizer.ZOH)
    d = orthonormal_scale(order)
    block = np.column_stack([a * d / d[:, None], b / d])
    assert np.linalg.norm(block[:, :-1], 2) <= 1 + 1e-12


def test_the_delay_is_read_out_of_the_memory():
    order, theta, steps = 12, 60.0, 400
    a, b = discretize(order, theta, Discretizer.ZOH)
    u = np.sin(2 * np.pi * np.arange(steps) / 90.0)
    m, seen = np.zeros(order), []
    for value in u:
        m = a @ m + b * value
        seen.append(m.sum())  # every shifted Legendre polynomial is 1 where the window ends
    delayed = np.interp(np.arange(steps) - theta + 0.5, np.arange(steps), u)
    assert np.max(np.abs(np.array(seen) - delayed)[150:]) < 2e-3


@pytest.mark.parametrize("order", [0, -1])
def test_an_order_below_1_is_refused(order):
    with pytest.raises(NetworkError, match=f"order of a memory must be at least 1, not {order}"):
        discretize(order, 4.0, Discretizer.ZOH)


@pytest.mark.parametrize("theta", [0.0, -1.0, np.inf, np.nan])
def test_a_window_that_is_not_positive_is_refused(theta):
    with pytest.raises(NetworkError, match="theta must be a positive number of steps, not"):
        discretize(3, theta, Discretizer.ZOH)


def test_stored_matrices_cannot_be_computed():
    message = "a memory can be discretized by zoh, euler or bilinear, not 'stored'"
    with pytest.raises(NetworkError, match=message):
        discretize(3, 4.0, Discretizer.STORED)
