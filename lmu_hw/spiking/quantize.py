# SPDX-License-Identifier: Apache-2.0
"""Integers and formats of a memory of spiking neurons."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lmu_hw.checked import instance, whole
from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding
from lmu_hw.lmu import Discretizer, discretize, orthonormal_scale
from lmu_hw.proofs import StabilityError, spectral_radius
from lmu_hw.realize.weights import weight_codes, weight_format
from lmu_hw.spiking.memory import SpikingMemory

__all__ = ["currents", "spiking_memory", "synapse_mapped"]

Array = NDArray[np.float64]

_GUARD_BITS = 4
"""A spike is worth at least as many bits of a state: rounding is far below the noise of spikes."""

_SHORTEST, _LONGEST = 2, 30
_WHERE = "spiking memory"


def synapse_mapped(order: int, theta: float, synapse: int) -> tuple[Array, Array]:
    """Return A' (d, d) and B' (d,) of the ZOH memory in the orthonormal Legendre basis.

    A synapse ``y' = a y + (1 - a) v`` with ``a = 1 - 2**-synapse`` that is driven by
    ``v = A' y + B' u`` is the memory ``y' = A y + B u``.
    """
    A, B = discretize(order, theta, Discretizer.ZOH)
    scale, step = orthonormal_scale(order), 2.0**-synapse
    A = A * scale / scale[:, None] - (1.0 - step) * np.eye(order)
    return A / step, B / scale / step


def currents(order: int, theta: float, synapse: int, u: Array) -> Array:
    """Return v (steps, d) that an input (steps,) causes in a memory without noise."""
    A, B = synapse_mapped(order, theta, synapse)
    step, y = 2.0**-synapse, np.zeros(order)
    v = np.empty((len(u), order))
    for t, value in enumerate(u):
        v[t] = A @ y + B * value
        y = y + step * (v[t] - y)
    return v


def spiking_memory(
    order: int,
    theta: float,
    *,
    neurons: int,
    synapse: int,
    range_bits: int,
    weight_bits: int = 16,
    current_bits: int = 16,
    source: FixedFormat,
    seed: int = 1,
) -> SpikingMemory:
    """Return the integers of a spiking memory.

    Parameters
    ----------
    order : int
    theta : float
        Window in steps.
    neurons : int
        Of each population, a power of two.
    synapse : int
        Base-2 logarithm of the time constant of the synapse in steps.
    range_bits : int
        Currents are held up to ``2**range_bits``. The noise grows with it; what is beyond
        saturates. `currents` tells what an input needs.
    weight_bits, current_bits : int
    source : FixedFormat
        Of u.
    seed : int

    Raises
    ------
    ConfigError
        If the synapse is not 2 to 30, or the weights cannot be held.
    NetworkError
        If the parts do not fit each other.
    StabilityError
        If the rounded weights make the memory unstable.
    """
    synapse = whole(synapse, f"{_WHERE}: the synapse", least=_SHORTEST, most=_LONGEST)
    instance(source, f"{_WHERE}: source", FixedFormat)
    neurons = whole(neurons, f"{_WHERE}: neurons", least=2)
    range_bits = whole(range_bits, f"{_WHERE}: range_bits")
    weight_bits = whole(weight_bits, f"{_WHERE}: weight_bits", least=2)
    current_bits = whole(current_bits, f"{_WHERE}: current_bits", least=2)
    table = np.column_stack(synapse_mapped(order, theta, synapse))
    fmt = weight_format(table, weight_bits, where=_WHERE)
    spike = neurons.bit_length() - 1 + synapse - range_bits - 1
    frac_bits = max(spike + _GUARD_BITS, source.frac_bits)
    memory = SpikingMemory(
        weights=weight_codes(table, fmt, np.zeros(order, np.int64), _WHERE),
        source=source,
        current=Requant(
            format=FixedFormat.of_width(current_bits, signed=True, int_bits=range_bits),
            rounding=Rounding.HALF_UP,
            overflow=Overflow.SATURATE,
        ),
        state=Requant(
            format=FixedFormat(signed=True, int_bits=range_bits, frac_bits=frac_bits),
            rounding=Rounding.HALF_UP,
            overflow=Overflow.FORBID,
        ),
        synapse=synapse,
        neurons=neurons,
        seed=seed,
    )
    radius = spectral_radius(memory.matrices()[0])
    if radius >= 1.0:
        raise StabilityError(
            f"{_WHERE}: the weights must leave it stable, but its spectral radius is "
            f"{radius:.6f}; use more weight bits"
        )
    return memory
