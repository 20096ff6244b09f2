# SPDX-License-Identifier: Apache-2.0
"""Rounding gains from one matrix: bounds of the sums over all powers, verified in integers."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from lmu_hw.proofs import StabilityError
from lmu_hw.proofs.gains import gains_of
from lmu_hw.proofs.gramian import _source, float_gains, gramian, holds
from tests import memories


def summed(A, paths, rows):
    total, X = np.zeros(len(rows)), rows
    while np.abs(X).max() > 1e-13:
        total += np.abs(X).sum(axis=1) + np.abs(X @ paths).sum(axis=1)
        X = X @ A
    return total


@pytest.mark.parametrize(("order", "theta"), [(1, 3.0), (4, 12.0), (16, 64.0), (32, 2000.0)])
@pytest.mark.parametrize("count", [0, 7])
def test_it_bounds_the_sums_over_all_powers(order, theta, count):
    A, _ = memories.zoh(order, theta)
    random = np.random.default_rng(1)
    paths, rows = random.normal(size=(order, count)), random.normal(size=(5, order))
    exact = summed(A, paths, rows)
    bound = gramian(A, paths).gains(rows)
    assert np.all(exact <= bound)
    assert np.all(bound <= 3.5 * exact)


def test_the_same_memory_is_not_searched_for_twice():
    A, _ = memories.zoh(4, 12.0)
    paths = np.ones((4, 2))
    again = gramian(A.copy(), np.asfortranarray(paths))
    assert again is gramian(A, paths)
    assert again is not gramian(A, 2.0 * paths)
    assert not again.Q.flags.writeable


@pytest.mark.parametrize(
    "change",
    [
        lambda g: replace(g, rate=Fraction(1)),
        lambda g: replace(g, rate=g.rate / 2),
        lambda g: replace(g, Q=g.Q // 2),
        lambda g: replace(g, Q=g.Q + np.eye(len(g.Q), k=1, dtype=np.int64)),
        lambda g: replace(g, L_Q=2 * g.L_Q),
        lambda g: replace(g, L_S=64 * g.L_S),
    ],
)
def test_a_changed_one_does_not_hold(change):
    A, _ = memories.zoh(6, 24.0)
    paths = np.random.default_rng(1).normal(size=(6, 4))
    found = gramian(A, paths)
    S = _source(paths * found.scales)
    assert holds(A, S, found)
    assert not holds(A, S, change(found))


def test_float_gains_are_above_the_sums_and_kept():
    A, _ = memories.zoh(8, 40.0)
    found = float_gains(A, what="m")
    assert found is float_gains(A.copy(), what="m")
    assert np.all(found.readout(None) >= gains_of(A, what="m").rounding / 1.001)
    with pytest.raises(StabilityError, match="m: the memory is not stable"):
        float_gains(2.0 * A, what="m")
