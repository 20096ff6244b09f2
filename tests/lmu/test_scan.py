# SPDX-License-Identifier: Apache-2.0
"""The window from which on forward Euler is stable."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.lmu import Discretizer, discretize
from lmu_hw.lmu.scan import smallest_euler_window


def radius(order: int, theta: float) -> float:
    A, _ = discretize(order, theta, Discretizer.EULER)
    return float(np.abs(np.linalg.eigvals(A)).max())


@pytest.mark.parametrize("order", [1, 2, 5, 12])
def test_a_memory_is_stable_just_above_its_window_and_not_below(order):
    window = smallest_euler_window(order)
    assert radius(order, 1.001 * window) < 1.0 < radius(order, 0.999 * window)


def test_one_state_needs_half_a_step():
    assert smallest_euler_window(1) == pytest.approx(0.5)  # 1 - 1/theta above -1


def test_windows_grow_with_the_order_by_five_thirds():
    for order in (16, 32, 64):
        assert smallest_euler_window(order) == pytest.approx(0.63 * order ** (5 / 3), rel=0.08)
