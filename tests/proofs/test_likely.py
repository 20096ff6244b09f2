# SPDX-License-Identifier: Apache-2.0
"""Rounding at a probability: the sum of squares is an upper bound, and only where it may be."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from lmu_hw.fixed import Rounding
from lmu_hw.proofs import likely, quantized_memories
from lmu_hw.proofs.likely import Spread
from tests import networks

ROWS = np.random.default_rng(4).normal(size=(3, 5))


def memory_of(**options):
    net = networks.network(hidden="none", order=5, theta=12.0, dense=3)
    (memory,) = quantized_memories(networks.quantized(net, state_bits=12, **options))
    return memory


def squared(memory, rows, steps=3000):
    """Return the sum of squares of all that errors meet, power by power."""
    N, A = memory.noise, memory.A
    if memory.error_feedback:
        total, rows = np.square(rows).sum(axis=1), rows @ (np.eye(len(A)) - A)
    else:
        total = np.zeros(len(rows))
    for _ in range(steps):
        total = total + np.square(rows).sum(axis=1) + np.square(rows @ N).sum(axis=1)
        rows = rows @ A
    return total


@pytest.mark.parametrize(
    "options", [{}, {"error_feedback": True}, {"realization": "semiseparable"}]
)
def test_the_sum_of_squares_is_hardly_above_that_of_all_powers(options):
    memory = memory_of(**options)
    found, expected = Spread(memory).squares(ROWS), squared(memory, ROWS)
    assert np.all(found >= expected)
    assert found == pytest.approx(expected, rel=1e-6)


def test_the_logarithm_is_an_upper_bound():
    assert 2.0 * math.log(2.0 / likely.CHANCE) < likely._LOGARITHM < 56.65


@pytest.mark.parametrize("rounding", [Rounding.FLOOR, Rounding.TOWARD_ZERO])
def test_of_errors_that_have_a_mean_nothing_is_said(rounding):
    memory = memory_of()
    assert Spread(memory).known
    changed = replace(memory, requant=replace(memory.requant, rounding=rounding))
    assert not Spread(changed).known


def test_of_a_recursion_that_floors_nothing_is_said():
    memory = memory_of(realization="semiseparable")
    assert not Spread(replace(memory, largest=np.full_like(memory.largest, 1.0))).known


def test_random_errors_stay_far_below_the_bound():
    memory, random = memory_of(), np.random.default_rng(6)
    spread = Spread(memory)
    squares = spread.squares(ROWS)
    state, worst, power = np.zeros((200, 5)), np.zeros(3), np.zeros(3)
    for _ in range(300):
        state = state @ memory.A.T + random.uniform(-0.5, 0.5, (200, 5)) * memory.format.ulp
        read = state @ ROWS.T
        worst, power = np.maximum(worst, np.abs(read).max(axis=0)), power + np.square(read).mean(0)
    assert np.all(worst < spread.bound(squares)) and np.all(worst > 0.3 * spread.bound(squares))
    assert np.sqrt(power / 300) == pytest.approx(spread.rms(squares), rel=0.1)
