# SPDX-License-Identifier: Apache-2.0
"""A memory is two matrices that fit each other, and a window that is one."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.errors import NetworkError
from lmu_hw.lmu import Discretizer, Memory
from lmu_hw.lmu.system import discretize


def test_a_memory_is_square():
    with pytest.raises(NetworkError, match=r"memory: A must have the shape \(2, 2\), not \(3, 3\)"):
        Memory(A=np.eye(3), B=np.ones(2), theta=None, discretizer=Discretizer.STORED)


@pytest.mark.parametrize("theta", [0.0, -1.0, float("nan"), float("inf"), "8"])
def test_a_window_is_a_positive_number_of_steps(theta):
    with pytest.raises(NetworkError, match="theta must be a positive number of steps"):
        Memory(A=np.eye(2), B=np.ones(2), theta=theta, discretizer=Discretizer.STORED)


@pytest.mark.parametrize("discretizer", [Discretizer.ZOH, Discretizer.EULER, Discretizer.BILINEAR])
def test_a_legendre_memory_has_the_matrices_of_its_discretizer(discretizer):
    memory = Memory.legendre(3, 9.0, discretizer)
    a, b = discretize(3, 9.0, discretizer)
    assert np.array_equal(memory.A, a) and np.array_equal(memory.B, b)
    assert (memory.order, memory.theta, memory.discretizer) == (3, 9.0, discretizer)
