# SPDX-License-Identifier: Apache-2.0
"""The loop of many memories without its dense eigenvalues."""

from __future__ import annotations

import time

import numpy as np
import pytest

from lmu_hw.proofs import spectral_radius
from lmu_hw.proofs.loop import closed_loop, loop_is_stable, loop_radius
from tests import memories

CASES = [(1, 4, 6.0), (2, 6, 20.0), (3, 6, 20.0), (4, 12, 60.0), (8, 6, 1e4)]


def encoders(count, order, size):
    return size * np.random.default_rng(0).normal(size=(count, count * order))


@pytest.fixture
def large(monkeypatch):
    """Take every loop for a large one."""
    monkeypatch.setattr("lmu_hw.proofs.loop._DENSE", 0)


@pytest.mark.parametrize("size", [1e-3, 0.02, 0.1, 0.5, 3.0])
@pytest.mark.parametrize(("count", "order", "theta"), CASES)
def test_the_radius_is_that_of_the_dense_loop(large, count, order, theta, size):
    A, B = memories.zoh(order, theta)
    E_m = encoders(count, order, size)
    dense = spectral_radius(closed_loop(A, B, E_m))
    expected = max(dense, spectral_radius(A))
    assert abs(loop_radius(A, B, E_m) - expected) <= 2e-5 * max(1.0 - spectral_radius(A), 1e-3)
    assert loop_is_stable(A, B, E_m) == (dense < 1.0)


@pytest.mark.parametrize("distance", [1e-3, 1e-6])
def test_a_loop_just_inside_or_outside_is_told(large, distance):
    A, B = memories.zoh(6, 20.0)
    E_m, low, high = encoders(2, 6, 1.0), 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        radius = spectral_radius(closed_loop(A, B, middle * E_m))
        low, high = (middle, high) if radius < 1.0 else (low, middle)
    assert loop_is_stable(A, B, low * (1.0 - distance) * E_m)
    assert not loop_is_stable(A, B, low * (1.0 + distance) * E_m)


def test_sixteen_memories_of_order_256_take_seconds():
    A, B = memories.zoh(256, 784.0)
    E_m = encoders(16, 256, 1e-3)
    start = time.process_time()
    assert loop_is_stable(A, B, E_m)
    assert not loop_is_stable(A, B, 1000.0 * E_m)
    assert time.process_time() - start < 60.0


def test_a_large_loop_is_decided_as_a_small_one():
    A, B = memories.zoh(96, 400.0)
    stable = [loop_is_stable(A, B, encoders(11, 96, size)) for size in (1e-3, 1.0)]
    assert stable == [True, False]
