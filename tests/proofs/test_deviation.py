# SPDX-License-Identifier: Apache-2.0
"""The largest deviation of one linear memory from another, beside the sum over all steps."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.proofs import StabilityError, largest_deviation
from tests import memories


def summed(first, rows, second, other_rows) -> float:
    (A, B), (F, G), total = first, second, np.zeros(len(rows))
    for _ in range(2000):
        total += np.abs(rows @ B - other_rows @ G)
        B, G = A @ B, F @ G
    return float(total.max())


def test_it_is_the_sum_over_all_steps():
    first, second = memories.bilinear(4, 20.0), memories.zoh(5, 30.0)
    rows, other_rows = np.random.default_rng(0).normal(size=(2, 3, 5))
    for left, right in ((rows[:, :4], other_rows), (rows[:, :4], 0.0 * other_rows)):
        bound = largest_deviation(first, left, second, right, what="m")
        exact = summed(first, left, second, right)
        assert exact <= bound <= 1.001 * exact


def test_without_rows_the_ideal_states_are_read():
    first, second = memories.bilinear(4, 20.0), memories.zoh(4, 20.0)
    rows = np.eye(4) + 0.1
    bound = largest_deviation(first, rows, second, None, what="m")
    exact = summed(first, rows, second, np.eye(4))
    assert exact <= bound <= 1.001 * exact
    assert largest_deviation(second, np.eye(4), second, None, what="m") < 1e-6


def test_the_memory_that_is_not_stable_is_named():
    A, B = memories.zoh(4, 20.0)
    for pair, name in ((((2 * A, B), (A, B)), "m: "), (((A, B), (2 * A, B)), "m in float: ")):
        with pytest.raises(StabilityError, match=f"^{name}the memory is not stable"):
            largest_deviation(pair[0], np.eye(4), pair[1], None, what="m")
