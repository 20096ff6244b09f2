# SPDX-License-Identifier: Apache-2.0
"""Lyapunov certificates: found for stable matrices, exact, and refused otherwise."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from lmu_hw.proofs import StabilityError, spectral_radius
from lmu_hw.proofs.stability import holds, lyapunov
from tests import memories

CASES = [(1, 4.0), (4, 8.0), (16, 64.0), (32, 4096.0)]


@pytest.mark.parametrize(("order", "theta"), CASES)
@pytest.mark.parametrize("method", ["zoh", "bilinear"])
def test_a_stable_memory_gets_a_certificate_that_holds(order, theta, method):
    A, _ = getattr(memories, method)(order, theta)
    certificate = lyapunov(A)
    assert holds(A, certificate)
    assert spectral_radius(A) < certificate.contraction < 1.0


@pytest.mark.parametrize("method", ["zoh", "bilinear"])
@pytest.mark.parametrize("theta", [0.01, 0.05, 0.5, 3.0, 1e6])
@pytest.mark.parametrize("order", [1, 6, 48])
def test_the_fastest_and_the_slowest_memories_get_one(order, theta, method):
    A, _ = getattr(memories, method)(order, theta)
    assert holds(A, lyapunov(A))
    codes = memories.rounded(A, 5)
    if spectral_radius(codes) < 1.0:
        assert holds(codes, lyapunov(codes))


@pytest.mark.parametrize("largest", [0.0, 0.5, 3.0, 40.0])
@pytest.mark.parametrize("order", [1, 2, 5])
def test_a_memory_that_forgets_everything_gets_one(order, largest):
    nilpotent = np.triu(np.full((order, order), largest), 1)
    assert holds(nilpotent, lyapunov(nilpotent))


def test_the_norm_contracts_at_every_step():
    A, _ = memories.zoh(8, 40.0)
    certificate = lyapunov(A)
    x = np.random.default_rng(0).normal(size=(8, 50))
    norms = certificate.norms(x)
    assert np.all(certificate.norms(A @ x) <= certificate.contraction * norms * (1 + 1e-9))
    assert np.all(np.abs(x).max(axis=0) <= np.sqrt(2.0) * norms)


def test_tails_bound_what_is_left_of_a_response():
    A, B = memories.zoh(6, 30.0)
    certificate = lyapunov(A)
    x, total = B.copy(), np.zeros(6)
    for _ in range(5000):
        total += np.abs(x)
        x = A @ x
    assert np.all(total <= certificate.tails(B[:, None])[0])
    rows, summed = np.eye(6), np.zeros(6)
    for _ in range(5000):
        summed += np.abs(rows).sum(axis=1)
        rows = rows @ A
    assert np.all(summed <= certificate.row_tails(np.eye(6)))


@pytest.mark.parametrize("radius", [1.0, 1.0 - 1e-9, 1.1])
def test_no_certificate_at_or_beyond_one(radius):
    with pytest.raises(StabilityError, match="its spectral radius must be below 1, not 1"):
        lyapunov(np.array([[radius, 0.5], [0.0, 0.3]]))


def test_a_certificate_of_another_matrix_does_not_hold():
    A, _ = memories.zoh(8, 40.0)
    certificate = lyapunov(A)
    worse = A.copy()
    worse[0, 0] += 0.2
    assert spectral_radius(worse) > 1.0
    assert not holds(worse, certificate)


@pytest.mark.parametrize(
    "change",
    [
        lambda c: replace(c, rate=Fraction(1)),
        lambda c: replace(c, rate=c.rate / 4),
        lambda c: replace(c, P=c.P // 4),
        lambda c: replace(c, P=c.P + np.eye(len(c.P), k=1, dtype=np.int64)),
        lambda c: replace(c, L_P=c.L_P * 2),
        lambda c: replace(c, L_M=-c.L_P),
        lambda c: replace(c, L_M=c.L_M * 2),
    ],
)
def test_a_changed_certificate_does_not_hold(change):
    A, _ = memories.zoh(8, 40.0)
    assert not holds(A, change(lyapunov(A)))


def test_a_tail_of_rows_holds_for_every_vector_of_signs():
    A, _ = memories.zoh(5, 20.0)
    certificate = lyapunov(A)
    signs = np.array(np.meshgrid(*[[-1.0, 1.0]] * 5)).reshape(5, -1)
    longest = certificate.norms(signs).max()
    assert longest**2 > 1.05 * float(certificate.P.sum()) * 2.0**-12  # of mixed signs itself
    rows = np.random.default_rng(0).normal(size=(4, 5))
    lengths = np.linalg.norm(rows, axis=1)
    expected = lengths * np.sqrt(2.0) * longest / (1.0 - certificate.contraction)
    found = certificate.row_tails(rows)
    assert np.all(expected <= found) and np.all(found <= 1.5 * expected)
