# SPDX-License-Identifier: Apache-2.0
"""The forward Euler memory by running sums is its matrices."""

from __future__ import annotations

import numpy as np

from lmu_hw.proofs.linear import linear
from tests.running_sums import memory_node, scan


def test_scan_is_its_matrices():
    update = scan(6, 29.5)
    system = linear(memory_node(update))
    for found, expected in zip((system.A, system.B), update.matrices(), strict=True):
        assert np.array_equal(found, expected)
    assert system.noise.shape == (6, 0)
    (running,) = system.carried
    assert np.all(np.abs(running.states) == 1) and np.all(np.abs(running.source) == 1)
