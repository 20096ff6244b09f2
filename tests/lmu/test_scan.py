# SPDX-License-Identifier: Apache-2.0
"""The window from which on forward Euler is stable."""

from __future__ import annotations

import pytest

from lmu_hw.lmu import Discretizer, discretize
from lmu_hw.lmu.scan import smallest_euler_window
from lmu_hw.proofs import spectral_radius


def test_one_state_needs_half_a_step():
    assert smallest_euler_window(1) == pytest.approx(0.5)  # 1 - 1/theta above -1


def test_windows_grow_with_the_order_by_five_thirds():
    for order in (16, 32, 64):
        assert smallest_euler_window(order) == pytest.approx(0.63 * order ** (5 / 3), rel=0.08)


@pytest.mark.parametrize("order", [1, 2, 5, 8, 16, 32])
def test_forward_euler_is_stable_above_its_smallest_window_only(order):
    limit = smallest_euler_window(order)
    for window, stable in ((limit * (1 - 1e-6), False), (limit * (1 + 1e-6), True)):
        radius = spectral_radius(discretize(order, window, Discretizer.EULER)[0])
        assert (radius < 1.0) is stable
