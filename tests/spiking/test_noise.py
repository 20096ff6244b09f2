# SPDX-License-Identifier: Apache-2.0
"""The predicted noise of spiking memories is the measured one, and follows d / sqrt(m)."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.fixed import FixedFormat
from lmu_hw.spiking.golden import SpikingModel
from lmu_hw.spiking.noise import mean_states, noise_covariance
from lmu_hw.spiking.quantize import currents, spiking_memory

SOURCE = FixedFormat(signed=True, int_bits=0, frac_bits=15)


def memory(order: int, neurons: int, theta: float = 100.0):
    return spiking_memory(
        order, theta, neurons=neurons, synapse=5, range_bits=1, source=SOURCE, seed=7
    )


def predicted(order: int, neurons: int) -> float:
    return float(np.sqrt(np.trace(noise_covariance(memory(order, neurons), np.zeros((1, order))))))


def test_the_predicted_covariance_is_measured():
    spiking, steps = memory(3, 64, 20.0), 10_000
    u = 0.5 * np.sin(0.0628 * np.arange(steps))
    trace = SpikingModel(spiking).run(np.rint(u / SOURCE.ulp).astype(np.int64))
    mean, v = mean_states(spiking, u)
    error = trace.states * spiking.state.format.ulp - mean
    assert trace.saturated == 0
    P = noise_covariance(spiking, v)
    assert np.trace(error.T @ error / steps) == pytest.approx(np.trace(P), rel=0.1)
    assert np.abs(error.T @ error / steps - P).max() < 0.1 * np.trace(P)


def test_means_are_those_of_the_synapse():
    u = np.random.default_rng(1).uniform(-1, 1, 60)
    states, v = mean_states(memory(4, 16), u)
    assert np.allclose(v, currents(4, 100.0, 5, u), atol=1e-2)  # weights have 16 bits
    assert np.allclose(states[1:], states[:-1] + (v[1:] - states[:-1]) / 32, atol=1e-12)


def test_four_times_the_neurons_halve_the_noise():
    assert predicted(4, 512) == pytest.approx(predicted(4, 128) / 2, rel=0.01)


def test_twice_the_states_with_as_many_neurons_double_the_noise():
    assert predicted(8, 256) == pytest.approx(2 * predicted(4, 512), rel=0.06)
