# SPDX-License-Identifier: Apache-2.0
"""The bilinear memory by two passes as a linear system: exact matrices, and what rounding adds."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import scipy.linalg

from lmu_hw.fixed import Overflow
from lmu_hw.fixed.ops import dequantize
from lmu_hw.lmu import orthonormal_scale
from lmu_hw.lmu.two_pass import two_pass_matrices
from lmu_hw.proofs.linear import linear
from tests.running_sums import STATE, memory_node, two_pass


@pytest.mark.parametrize(("order", "theta"), [(1, 3.0), (4, 16.0), (16, 40.0), (32, 128.0)])
def test_two_passes_are_their_matrices(order, theta):
    update = two_pass(order, theta)
    system = linear(memory_node(update))
    factors = dequantize(update.factors, update.rate.format)
    found = two_pass_matrices(factors, dequantize(update.closing.codes, update.closing.format))
    for values, expected in zip((system.A, system.B), found, strict=True):
        # the float form rounds on its way, the other is exact
        np.testing.assert_allclose(values, expected, rtol=0, atol=1e-11)


@pytest.mark.parametrize(("order", "theta"), [(4, 16.0), (8, 16.0), (16, 64.0), (32, 128.0)])
def test_rounding_inside_two_passes_adds_a_quarter_to_that_of_the_states(order, theta):
    system = linear(memory_node(two_pass(order, theta)))
    scale = orthonormal_scale(order)
    moving = system.A * scale / scale[:, None]
    powers = [
        np.trace(scipy.linalg.solve_discrete_lyapunov(moving, source / np.outer(scale, scale)))
        for source in (system.noise @ system.noise.T, np.eye(order))
    ]
    assert powers[0] < 0.26 * powers[1]
    guard = system.carried[0].format.frac_bits - STATE.frac_bits
    assert guard == 1 or powers[0] > 0.06 * powers[1]  # a guard bit less adds four times that


def test_growth_of_the_first_pass_is_carried():
    node = memory_node(two_pass(8, 16.0, overflow=Overflow.FORBID))
    first, closing, second = linear(node).carried
    assert np.abs(first.states).max() > 4 * np.abs(second.states).max()
    assert closing.states.shape == (1, 8)


def test_exact_in_fractions():
    """One state by hand: z = m + c s, s = u - T, R = m, T = G R + H u."""
    update = two_pass(1, 3.0)
    rate = Fraction(update.rate.codes.item(), 2**update.rate.format.frac_bits)
    G, H = (Fraction(c, 2**update.closing.format.frac_bits) for c in update.closing.codes.tolist())
    system = linear(memory_node(update))
    assert system.A[0, 0] == float(2 * (1 - rate * G) - 1)
    assert system.B[0] == float(2 * rate * (1 - H))
