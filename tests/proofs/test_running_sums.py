# SPDX-License-Identifier: Apache-2.0
"""Memories by running sums as linear systems: exact matrices, and bounds that hold."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.golden import GoldenModel
from lmu_hw.proofs.inner_ranges import chain_interval
from lmu_hw.proofs.linear import linear
from tests.running_sums import (
    SOURCE,
    STATE,
    full_scale,
    memory_network,
    memory_node,
    scan,
    two_pass,
)


@pytest.mark.parametrize("kind", [scan, two_pass])
@pytest.mark.parametrize(("order", "theta"), [(1, 3.0), (5, 29.5), (12, 48.0)])
def test_every_step_is_within_the_errors(kind, order, theta):
    """A step is off the linear system by what its narrowings can add, and comes close to it."""
    update = kind(order, theta)
    node = memory_node(update)
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
    node = memory_node(kind(8, 32.0))
    for one in linear(node).carried:
        assert chain_interval(one, STATE, SOURCE) <= one.format.max_code
