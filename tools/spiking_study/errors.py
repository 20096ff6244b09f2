# SPDX-License-Identifier: Apache-2.0
"""The noise of spiking memories: measured with the golden model, and predicted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmu_hw.fixed import FixedFormat
from lmu_hw.lmu import orthonormal_scale
from lmu_hw.spiking.golden import SpikingModel
from lmu_hw.spiking.memory import SpikingMemory
from lmu_hw.spiking.noise import mean_states, noise_covariance
from lmu_hw.spiking.quantize import spiking_memory
from tools.long_window import band_limited

__all__ = ["INPUTS", "SOURCE", "Point", "Setup", "exponents", "input_codes", "measure"]

Array = NDArray[np.float64]

SOURCE = FixedFormat(signed=True, int_bits=0, frac_bits=15)
INPUTS = ("sine", "noise")

_STEP = 1e-3  # seconds
_FREQUENCY = 10.0  # hertz
_AMPLITUDE = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """A window, and the populations that hold its currents.

    Attributes
    ----------
    theta : int
        Window in steps of 1 ms.
    synapse, range_bits : int
    steps : int
        That are run; the first two windows are left out.
    """

    theta: int
    synapse: int
    range_bits: int
    steps: int

    def memory(self, order: int, neurons: int) -> SpikingMemory:
        """Return the memory of an order with so many neurons for each state."""
        return spiking_memory(
            order,
            float(self.theta),
            neurons=neurons,
            synapse=self.synapse,
            range_bits=self.range_bits,
            source=SOURCE,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """The noise of one memory.

    Attributes
    ----------
    window, predicted : float
        RMS over time of the norm of the error of all states: of the decoded window, as the Legendre
        polynomials are orthonormal.
    delay, predicted_delay : float
        RMS error of the input one window ago, decoded.
    variance : float
        Of the decoded populations, over that of independent neurons.
    correlation : float
        Of one step with the next.
    saturated : float
        Share of the currents.
    rate : float
        Spikes of a neuron in a step.
    """

    order: int
    neurons: int
    window: float
    predicted: float
    delay: float
    predicted_delay: float
    variance: float
    correlation: float
    saturated: float
    rate: float

    @property
    def size(self) -> int:
        """Number of neurons, m."""
        return self.order * self.neurons


def input_codes(name: str, steps: int) -> NDArray[np.int64]:
    """Return a sine of 10 Hz, or white noise without frequencies above that, (steps,) codes."""
    if name == "sine":
        u = _AMPLITUDE * np.sin(2.0 * np.pi * _FREQUENCY * _STEP * np.arange(steps))
    else:
        u = band_limited(steps, _FREQUENCY * _STEP)[0, :, 0]
    return np.rint(u / SOURCE.ulp).astype(np.int64)


def measure(setup: Setup, order: int, neurons: int, name: str) -> Point:
    """Run a memory on an input."""
    memory = setup.memory(order, neurons)
    codes = input_codes(name, setup.steps)
    trace = SpikingModel(memory).run(codes)
    u, states = codes * SOURCE.ulp, trace.states * memory.state.format.ulp
    mean, mean_currents = mean_states(memory, u)
    used = slice(2 * setup.theta, None)
    error = (states - mean)[used]
    P = noise_covariance(memory, mean_currents[used])
    oldest = orthonormal_scale(order)  # all polynomials are 1 at the end of the window
    deviation = _deviation(memory, u, states, trace.spikes)
    return Point(
        order=order,
        neurons=neurons,
        window=_rms(np.linalg.norm(error, axis=1)),
        predicted=float(np.sqrt(np.trace(P))),
        delay=_rms(error @ oldest),
        predicted_delay=float(np.sqrt(oldest @ P @ oldest)),
        variance=float(np.mean(deviation**2)),
        correlation=float(np.mean(deviation[1:] * deviation[:-1])),
        saturated=trace.saturated / trace.spikes.size,
        rate=trace.fired / (memory.size * setup.steps),
    )


def _deviation(memory: SpikingMemory, u: Array, states: Array, spikes: NDArray[np.int64]) -> Array:
    """Return by how many standard deviations each population misses its current, (steps, d)."""
    A, B = memory.matrices()
    step, largest = 2.0**-memory.synapse, 2.0**memory.range_bits
    before = np.vstack([np.zeros(memory.order), states[:-1]])
    v = before + (before @ A.T + np.outer(u, B) - before) / step
    v = np.clip(v, -largest, largest)
    decoded = spikes * (2.0 * largest / memory.neurons)
    sigma = np.sqrt((largest**2 - v**2) / memory.neurons)
    inside = sigma > 0.0
    return np.where(inside, (decoded - v) / np.where(inside, sigma, 1.0), 0.0)


def exponents(points: list[Point], name: str) -> tuple[float, float]:
    """Return a and b of ``error ~ d**a m**b``, by least squares over an attribute of points."""
    table = np.array([[1.0, np.log(point.order), np.log(point.size)] for point in points])
    logs = np.log([getattr(point, name) for point in points])
    _, a, b = np.linalg.lstsq(table, logs, rcond=None)[0]
    return float(a), float(b)


def _rms(values: Array) -> float:
    return float(np.sqrt(np.mean(values**2)))
