# SPDX-License-Identifier: Apache-2.0
"""Constants, guard bits and refusals of the bilinear memory by two passes."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.errors import ConfigError
from lmu_hw.fixed.ops import dequantize
from lmu_hw.lmu import Discretizer, discretize, orthonormal_scale
from lmu_hw.lmu.two_pass import closing_constants, two_pass_matrices
from lmu_hw.realize.two_pass import guard_bits
from tests.running_sums import two_pass


def rates(order: int, theta: float) -> np.ndarray:
    """Return ``(2i+1) / (2 theta)``."""
    return np.asarray((2.0 * np.arange(order) + 1.0) / (2.0 * theta))


@pytest.mark.parametrize(
    ("order", "theta"), [(4, 16.0), (8, 8.0), (16, 1024.0), (32, 128.0), (32, 64.0)]
)
def test_constants_of_T_are_precise_enough(order, theta):
    update = two_pass(order, theta)
    closing = dequantize(update.closing.codes, update.closing.format)
    scale = orthonormal_scale(order)
    A, B = discretize(order, theta, Discretizer.BILINEAR)
    A2, B2 = two_pass_matrices(rates(order, theta), closing)
    x, y, error, size = B.copy(), B2.copy(), 0.0, 0.0
    for _ in range(int(8 * theta)):
        error += np.sum(((x - y) / scale) ** 2)
        size += np.sum((x / scale) ** 2)
        x, y = A @ x, A2 @ y
    assert error / size < 2.0**-28


def test_first_pass_grows_exponentially():
    for order, theta in ((16, 64.0), (64, 1024.0), (64, 512.0)):
        factors = rates(order, theta)
        G = closing_constants(factors)[0]
        assert G * np.exp(order**2 / (2 * theta)) == pytest.approx(1.0, rel=0.2)


def test_guard_bits_grow_with_the_first_pass():
    bits = [guard_bits(rates(32, theta)) for theta in (1024.0, 128.0, 64.0)]
    assert bits == sorted(bits)
    assert bits[0] == 1 < bits[-1]


def test_short_window_of_two_passes_is_refused():
    with pytest.raises(ConfigError, match="window of at least 11 steps at order 16, not 10"):
        two_pass(16, 10.0)
