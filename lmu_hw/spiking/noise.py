# SPDX-License-Identifier: Apache-2.0
"""The noise of a memory of spiking neurons, predicted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lmu_hw.spiking.memory import SpikingMemory

__all__ = ["mean_states", "noise_covariance"]

Array = NDArray[np.float64]

_SETTLED, _FORGOTTEN = 1e-6, 1e-12
_TRIES = 200


def mean_states(memory: SpikingMemory, u: Array) -> tuple[Array, Array]:
    """Return the means of the states (steps, d) after each step, and of the currents (steps, d).

    Parameters
    ----------
    memory : SpikingMemory
    u : (steps,) float64
        Input values.
    """
    A, B = memory.matrices()
    step, y = 2.0**-memory.synapse, np.zeros(memory.order)
    states, v = np.empty((len(u), memory.order)), np.empty((len(u), memory.order))
    for t, value in enumerate(u):
        states[t] = A @ y + B * value
        v[t] = y + (states[t] - y) / step
        y = states[t]
    return states, v


def noise_covariance(memory: SpikingMemory, v: Array) -> Array:
    """Return the covariance (d, d) of the states about their mean, averaged over time.

    A neuron fires with probability ``(1 + e v / R) / 2``, so that given v a population has the
    variance ``(R**2 - v**2) / n``. As v is its mean plus A' times the noise of y, the covariance P
    of that noise obeys, exactly while no current saturates,

        P = A P A^T + 4**-s diag(R**2 - mean(v)**2 - diag(A' P A'^T)) / n

    in which squares of the mean are averaged over time.

    Parameters
    ----------
    memory : SpikingMemory
    v : (steps, d) float64
        Means of the currents, long enough that their beginning does not matter.
    """
    A, _ = memory.matrices()
    step = 2.0**-memory.synapse
    inner = np.eye(memory.order) + (A - np.eye(memory.order)) / step
    largest = 4.0**memory.range_bits - np.mean(v**2, axis=0)
    powers = [A]
    while np.abs(powers[-1]).max() > _FORGOTTEN:
        powers.append(powers[-1] @ powers[-1])
    fresh, P = largest, np.zeros_like(A)
    for _ in range(_TRIES):
        P = np.diag(step**2 / memory.neurons * fresh)
        for power in powers:  # doubles how many terms of the sum of A^k Q A^kT are in P
            P = P + power @ P @ power.T
        spread = np.einsum("ij,jk,ik->i", inner, P, inner)
        better = np.maximum(largest - spread, 0.0)
        if np.allclose(better, fresh, rtol=_SETTLED):
            break
        fresh = (fresh + better) / 2.0
    return P
