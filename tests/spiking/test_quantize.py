# SPDX-License-Identifier: Apache-2.0
"""A quantized spiking memory has the mean of the ZOH memory, and formats that cannot overflow."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.errors import ConfigError, NetworkError
from lmu_hw.lmu import Discretizer, discretize, orthonormal_scale
from lmu_hw.proofs import StabilityError
from lmu_hw.spiking.quantize import currents, spiking_memory
from tests.spiking_memories import SOURCE, small


def orthonormal(order: int, theta: float) -> tuple[np.ndarray, np.ndarray]:
    A, B = discretize(order, theta, Discretizer.ZOH)
    scale = orthonormal_scale(order)
    return A * scale / scale[:, None], B / scale


@pytest.mark.parametrize("order", [1, 3, 8])
def test_the_mean_obeys_the_zoh_memory(order):
    memory = small(order)
    ulp = memory.weights.format.ulp * 2.0**-memory.synapse  # the synapse shrinks rounding errors
    for found, exact in zip(memory.matrices(), orthonormal(order, 20.0), strict=True):
        assert np.abs(found - exact).max() <= 0.5001 * ulp


def test_a_synapse_driven_by_the_currents_is_the_memory():
    order, theta, synapse = 4, 30.0, 5
    u = np.random.default_rng(0).uniform(-1, 1, 50)
    v = currents(order, theta, synapse, u)
    A, B = orthonormal(order, theta)
    x, y = np.zeros(order), np.zeros(order)
    for t, value in enumerate(u):
        x = A @ x + B * value
        y = y + 2.0**-synapse * (v[t] - y)
    assert np.allclose(x, y, rtol=1e-10, atol=1e-12)  # two orders of the same float operations


def test_a_spike_is_worth_at_least_sixteen_ulp():
    for neurons in (2, 64, 4096):
        memory = small(neurons=neurons)
        assert memory.spike_shift >= 4 + memory.synapse
        assert memory.state.format.frac_bits >= SOURCE.frac_bits


def test_weights_that_leave_the_memory_unstable_are_refused():
    with pytest.raises(StabilityError, match="its spectral radius is .*; use more weight bits"):
        small(12, weight_bits=3)


def test_a_window_that_is_none_is_refused():
    with pytest.raises(NetworkError, match="theta must be a positive number of steps"):
        spiking_memory(3, 0.0, neurons=8, synapse=3, range_bits=1, source=SOURCE)


@pytest.mark.parametrize("synapse", [1, 31])
def test_a_synapse_out_of_range_is_refused(synapse):
    with pytest.raises(ConfigError, match=f"the synapse must be 2 to 30, not {synapse}"):
        small(synapse=synapse)
