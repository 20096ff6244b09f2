# SPDX-License-Identifier: Apache-2.0
"""Memories by running sums as linear systems: exact matrices, and bounds that hold."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import scipy.linalg

from lmu_hw.fixed import Overflow
from lmu_hw.fixed.ops import dequantize
from lmu_hw.golden import GoldenModel
from lmu_hw.lmu import orthonormal_scale
from lmu_hw.lmu.two_pass import two_pass_matrices
from lmu_hw.proofs.inner_ranges import chain_interval
from lmu_hw.proofs.linear import linear
from tests.golden.test_scan import full_scale
from tests.running_sums import SOURCE, STATE, memory_network, scan, two_pass


def node_of(update):
    return memory_network(update).layers[0].memories[0]


def test_scan_is_its_matrices():
    update = scan(6, 29.5)
    system = linear(node_of(update))
    for found, expected in zip((system.A, system.B), update.matrices(), strict=True):
        assert np.array_equal(found, expected)
    assert system.noise.shape == (6, 0)
    (running,) = system.carried
    assert np.all(np.abs(running.states) == 1) and np.all(np.abs(running.source) == 1)


@pytest.mark.parametrize(("order", "theta"), [(1, 3.0), (4, 16.0), (16, 40.0), (32, 128.0)])
def test_two_passes_are_their_matrices(order, theta):
    update = two_pass(order, theta)
    system = linear(node_of(update))
    factors = dequantize(update.factors, update.rate.format)
    found = two_pass_matrices(factors, dequantize(update.closing.codes, update.closing.format))
    for values, expected in zip((system.A, system.B), found, strict=True):
        # the float form rounds on its way, the other is exact
        np.testing.assert_allclose(values, expected, rtol=0, atol=1e-11)


@pytest.mark.parametrize("kind", [scan, two_pass])
@pytest.mark.parametrize(("order", "theta"), [(1, 3.0), (5, 29.5), (12, 48.0)])
def test_every_step_is_within_the_errors(kind, order, theta):
    """A step is off the linear system by what its narrowings can add, and comes close to it."""
    update = kind(order, theta)
    node = node_of(update)
    system, ulp = linear(node), STATE.ulp
    network = memory_network(update)
    x = full_scale(4, 300, 1)
    m = GoldenModel(network).run(x)[0] * ulp
    before = np.concatenate([np.zeros_like(m[:, :1]), m[:, :-1]], axis=1)
    expected = before @ system.A.T + x * SOURCE.ulp * system.B
    off = np.abs(m - expected) / ulp
    inside = np.abs(m) < STATE.max_value - ulp  # not saturated
    bound = 0.5 + np.abs(system.noise) @ system.largest
    allowed = bound + system.off(STATE.max_value, 1.0, ulp)
    assert np.all((off <= allowed) | ~inside)
    assert np.any(off[inside] > 0.45)


@pytest.mark.parametrize("kind", [scan, two_pass])
def test_formats_of_saturating_states_hold_any_state(kind):
    node = node_of(kind(8, 32.0))
    for one in linear(node).carried:
        assert chain_interval(one, STATE, SOURCE) <= one.format.max_code


@pytest.mark.parametrize(("order", "theta"), [(4, 16.0), (8, 16.0), (16, 64.0), (32, 128.0)])
def test_rounding_inside_two_passes_adds_a_quarter_to_that_of_the_states(order, theta):
    system = linear(node_of(two_pass(order, theta)))
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
    node = node_of(two_pass(8, 16.0, overflow=Overflow.FORBID))
    first, closing, second = linear(node).carried
    assert np.abs(first.states).max() > 4 * np.abs(second.states).max()
    assert closing.states.shape == (1, 8)


def test_exact_in_fractions():
    """One state by hand: z = m + c s, s = u - T, R = m, T = G R + H u."""
    update = two_pass(1, 3.0)
    rate = Fraction(update.rate.codes.item(), 2**update.rate.format.frac_bits)
    G, H = (Fraction(c, 2**update.closing.format.frac_bits) for c in update.closing.codes.tolist())
    system = linear(node_of(update))
    assert system.A[0, 0] == float(2 * (1 - rate * G) - 1)
    assert system.B[0] == float(2 * rate * (1 - H))
