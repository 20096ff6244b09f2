# SPDX-License-Identifier: Apache-2.0
"""The window of stored matrices is found from them, whatever floats hold them."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.lmu import (
    Discretizer,
    Memory,
    discretize,
    find_window,
    measured_window,
    transposed_window,
    window,
)

METHODS = (Discretizer.ZOH, Discretizer.BILINEAR, Discretizer.EULER)
CASES = [(2, 2.0), (3, 7.3), (6, 2.0), (12, 1e5), (32, 40.5), (64, 128.0), (128, 2.0), (256, 784.0)]


def stored(A, B, theta=None):
    return Memory(A=A, B=B, theta=theta, discretizer=Discretizer.STORED)


def rounded(order, theta, method, kind):
    A, B = discretize(order, theta, method)
    return A.astype(kind).astype(np.float64), B.astype(kind).astype(np.float64)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("kind", "close"), [("float32", 4e-7), ("float64", 1e-12)])
@pytest.mark.parametrize(("order", "theta"), CASES)
def test_the_window_is_found(order, theta, method, kind, close):
    memory = stored(*rounded(order, theta, method, kind))
    found = find_window(memory)
    assert found is not None
    if theta < 1e3:  # beyond, the discretizations differ by less than rounding
        assert found.discretizer is method
        assert found.theta == pytest.approx(theta, rel=close)
        assert found.deviation < 2e-3 if kind == "float32" else 1e-9
    assert window(memory) == found.theta == pytest.approx(theta, rel=1e-4)


@pytest.mark.parametrize(("order", "theta"), [(6, 30.0), (32, 128.0), (256, 784.0)])
def test_the_window_of_half_floats_is_found(order, theta):
    found = find_window(stored(*rounded(order, theta, Discretizer.ZOH, "float16")))
    assert found is not None and found.theta == theta


def test_a_window_within_rounding_of_a_whole_number_is_whole():
    assert window(stored(*rounded(256, 784.0, Discretizer.ZOH, "float32"))) == 784.0
    assert window(stored(*rounded(16, 40.25, Discretizer.ZOH, "float32"))) != 40.0


def test_the_discretizer_of_one_state_cannot_be_told():
    found = find_window(stored(*discretize(1, 4.0, Discretizer.BILINEAR)))
    assert found is not None and found.discretizer is Discretizer.ZOH
    A, _ = discretize(1, found.theta, Discretizer.ZOH)
    assert A[0, 0] == pytest.approx(1 - 1 / 4.5, rel=1e-12)


@pytest.mark.parametrize("size", [1e-2, 1e-3])
@pytest.mark.parametrize(("order", "theta"), [(2, 2.0), (8, 40.0), (32, 128.0)])
def test_trained_matrices_have_no_window(order, theta, size):
    A, B = discretize(order, theta, Discretizer.ZOH)
    noise = np.random.default_rng(0).normal(size=A.shape)
    moved = A + size * np.abs(A - np.eye(order)).max() * noise
    assert window(stored(moved, B)) is None
    assert window(stored(A, B * (1.0 + size))) is None
    assert window(stored(A, -B)) is None and window(stored(A, 0 * B)) is None


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("order", "theta"), [(2, 2.0), (8, 40.0), (64, 128.0)])
def test_a_transposed_matrix_is_known(order, theta, method):
    A, B = rounded(order, theta, method, "float32")
    assert transposed_window(stored(A, B)) is None
    assert find_window(stored(A.T, B)) is None
    found = transposed_window(stored(A.T, B))
    assert found is not None and found.theta == pytest.approx(theta, rel=4e-7)


def test_a_stated_window_is_measured():
    A, B = discretize(8, 40.0, Discretizer.BILINEAR)
    found = measured_window(stored(A, B, 40.0))
    assert found is not None
    assert (found.theta, found.discretizer) == (40.0, Discretizer.BILINEAR)
    assert found.deviation < 1e-12
    off = measured_window(stored(A, B, 44.0))
    assert off is not None and 0.01 < off.deviation < 1.0
    exact = measured_window(Memory.legendre(8, 40.0, Discretizer.ZOH))
    assert exact is not None and exact.deviation == 0.0
