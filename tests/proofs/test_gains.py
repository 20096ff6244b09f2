# SPDX-License-Identifier: Apache-2.0
"""Gains are upper bounds, and close ones."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lmu_hw.proofs import StabilityError
from lmu_hw.proofs import gains as module
from lmu_hw.proofs.gains import Response, difference_gain, gains_of, input_gain, rounding_gain
from tests import memories

CASES = [(1, 3.0), (4, 8.0), (16, 64.0), (32, 100.0)]


def summed(A, B, rows, steps=20_000):
    """Return sums over the impulse response, and over the powers' rows, in float64."""
    g, T, h, X = np.zeros(len(rows)), np.zeros(len(rows)), B.copy(), rows.copy()
    for _ in range(steps):
        g += np.abs(rows @ h)
        T += np.abs(X).sum(axis=1)
        h, X = A @ h, X @ A
        if np.abs(X).max() < 1e-13:
            break
    return g, T


@pytest.mark.parametrize(("order", "theta"), CASES)
@pytest.mark.parametrize("method", ["zoh", "bilinear"])
def test_gains_are_bounds_and_within_a_thousandth(order, theta, method):
    A, B = (memories.rounded(one, 14) for one in getattr(memories, method)(order, theta))
    gains = gains_of(A, what="m")
    g, T = summed(A, B, np.eye(order))
    peak = input_gain(A, B, gains.lyapunov, gains.rounding)
    for bound, exact in ((peak, g), (gains.rounding, T)):
        assert np.all(exact <= bound)
        assert np.all(bound <= exact * 1.0005)


def test_a_gain_that_is_known_exactly():
    A, B = np.array([[0.5]]), np.array([0.75])
    gains = gains_of(A, what="m")
    assert Fraction(float(gains.rounding[0])) >= 2
    assert gains.rounding[0] < 2.0001
    assert 1.5 <= input_gain(A, B, gains.lyapunov, gains.rounding)[0] < 1.5001


@pytest.mark.parametrize(("samples", "looseness"), [(16, 8.0), (100, 1.5)])
def test_sampling_the_powers_still_bounds_their_sum(samples, looseness, monkeypatch):
    A, _ = memories.zoh(6, 600.0)
    certificate = gains_of(A, what="m").lyapunov
    _, exact = summed(A, np.zeros(6), np.eye(6))
    monkeypatch.setattr(module, "_SAMPLES", samples)
    monkeypatch.setattr(module, "_CHECK", 8)
    bound = rounding_gain(A, certificate)
    assert np.all(exact <= bound)
    assert np.all(bound <= exact * looseness)


@pytest.mark.parametrize(("samples", "looseness"), [(8192, 1.0005), (16, 12.0), (100, 1.5)])
def test_errors_by_other_paths_count_in_full(samples, looseness, monkeypatch):
    A, _ = memories.zoh(6, 600.0)
    paths = np.random.default_rng(0).normal(size=(6, 9)) * 2.0 ** np.arange(-6, 3)
    certificate = gains_of(A, what="m").lyapunov
    exact, X = np.zeros(6), np.eye(6)
    for _ in range(6000):
        exact += np.abs(X).sum(axis=1) + np.abs(X @ paths).sum(axis=1)
        X = X @ A
    monkeypatch.setattr(module, "_SAMPLES", samples)
    monkeypatch.setattr(module, "_CHECK", 8)
    bound = rounding_gain(A, certificate, paths)
    assert np.all(exact <= bound)
    assert np.all(bound <= exact * looseness)


def test_gains_with_paths_are_kept_apart():
    A, _ = memories.zoh(4, 16.0)
    plain, with_paths = gains_of(A, what="m"), gains_of(A, np.eye(4), what="m")
    assert np.all(with_paths.rounding > 1.9 * plain.rounding)
    assert gains_of(A, np.zeros((4, 0)), what="m") is plain


def test_long_windows_are_bounded_closely():
    A, B = memories.zoh(8, 20_000.0)
    gains = gains_of(A, what="m")
    fine, _ = memories.zoh(8, 2_000.0)
    scaled = gains_of(fine, what="m").rounding * 10
    assert np.allclose(gains.rounding, scaled, rtol=0.01)  # the continuous system is the same
    assert np.all(input_gain(A, B, gains.lyapunov, gains.rounding) < 1.05)


@pytest.mark.parametrize("size", [8, 64])
def test_wide_blocks_bound_as_closely(size, monkeypatch):
    A, B = memories.zoh(size, 200.0)
    Aq, Bq = memories.rounded(A, 14), memories.rounded(B, 14)
    pair = [(gains_of(one, what="m"), one, other) for one, other in ((Aq, Bq), (A, B))]

    def bound():
        sides = [(Response(a, b, gains.lyapunov), gains.rounding, None) for gains, a, b in pair]
        return difference_gain(*sides)[0]

    narrow = bound()
    monkeypatch.setattr("lmu_hw.proofs.gains._MOST_BLOCKS", 1)
    assert Response(A, B, pair[1][0].lyapunov).length > 100
    exact, h, hq = np.zeros(size), B.copy(), Bq.copy()
    for _ in range(6000):
        exact += np.abs(hq - h)
        h, hq = A @ h, Aq @ hq
    wide = bound()
    assert np.all(exact <= wide) and np.all(wide <= narrow * 1.0001)


def test_a_slow_memory_is_bounded_in_few_products():
    A, B = memories.zoh(8, 1e6)
    gains = gains_of(A, what="m")
    response = Response(A, B, gains.lyapunov)
    assert response.length >= 1024
    assert np.all(input_gain(A, B, gains.lyapunov, gains.rounding) < 1.05)


def test_a_read_out_has_gains_of_its_own():
    A, B = memories.zoh(5, 20.0)
    rows = np.random.default_rng(0).normal(size=(3, 5))
    gains = gains_of(A, what="m")
    T = gains.readout(rows)
    exact_g, exact_T = summed(A, B, rows)
    assert np.all(exact_T <= T) and np.all(exact_T * 1.0005 >= T)
    g = input_gain(A, B, gains.lyapunov, T, rows)
    assert np.all(exact_g <= g) and np.all(g <= exact_g * 1.0005)


@pytest.mark.parametrize("theta", [20.0, 2_000.0])
def test_a_response_has_died_out_at_the_horizon(theta):
    A, _ = memories.zoh(5, theta)
    certificate = gains_of(A, what="m").lyapunov
    steps = module._horizon(certificate)
    assert np.exp(-12.5) < certificate.contraction**steps < np.exp(-11.5)
    assert np.linalg.norm(np.linalg.matrix_power(A, steps), 2) < 1e-4


def test_disturbances_of_half_a_gain_are_too_many():
    noise = np.array([0.3, 0.0, -0.4])
    with pytest.raises(StabilityError, match="float64 cannot bound the gains of so slow a memory"):
        module._remaining(noise * 1.001)
    left = Fraction(module._remaining(noise * 0.999))
    assert 1 - Fraction(1) / 2 * Fraction(0.999) - 2**-30 < left < 1 - Fraction(0.999) / 2


def test_a_row_of_zeros_has_no_gain():
    A, _ = memories.zoh(5, 20.0)
    rows = np.array([[0.0] * 5, [1.0] + [0.0] * 4])
    nothing, first = gains_of(A, what="m").readout(rows)
    assert 0.0 <= nothing < 1e-30
    assert first == pytest.approx(gains_of(A, what="m").rounding[0], rel=1e-6)


def test_the_difference_of_two_memories():
    A, B = memories.zoh(8, 40.0)
    Aq, Bq = memories.rounded(A, 9), memories.rounded(B, 9)
    first, second = gains_of(Aq, what="q"), gains_of(A, what="m")
    bound, _ = difference_gain(
        (Response(Aq, Bq, first.lyapunov), first.rounding, None),
        (Response(A, B, second.lyapunov), second.rounding, None),
    )
    exact, h, hq = np.zeros(8), B.copy(), Bq.copy()
    for _ in range(5000):
        exact += np.abs(hq - h)
        h, hq = A @ h, Aq @ hq
    assert np.all(exact <= bound) and np.all(bound <= exact * 1.001 + 1e-6)


def test_a_memory_does_not_differ_from_itself():
    A, B = memories.zoh(8, 40.0)
    gains = gains_of(A, what="m")
    bound, _ = difference_gain(
        (Response(A, B, gains.lyapunov), gains.rounding, None),
        (Response(A, B, gains.lyapunov), gains.rounding, None),
    )
    assert np.all(bound < 1e-6)


def test_gains_are_kept():
    A, _ = memories.zoh(4, 16.0)
    assert gains_of(A, what="a") is gains_of(A.copy(), what="b")
