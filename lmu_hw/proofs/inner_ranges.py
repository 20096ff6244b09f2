# SPDX-License-Identifier: Apache-2.0
"""Bounds of what a structured memory carries from state to state: the sums inside its update.

Each carried number is ``c x[t-1] + s u[t]`` besides rounding. While no state overflows, it is
bounded by gains, as the states are: by u_limit times the peak gain of the row c, plus ``|s|``, and
for rounding by the smaller of ``delta |c| T`` and what a `gramian` shows of the row. Otherwise by
the formats of the states and of u.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from lmu_hw.fixed import FixedFormat
from lmu_hw.proofs.float_bounds import inflate
from lmu_hw.proofs.gains import Gains, input_gain
from lmu_hw.proofs.gramian import Gramian
from lmu_hw.proofs.linear_form import Carried
from lmu_hw.proofs.memories import QuantizedMemory

__all__ = ["chain_bounds", "chain_interval", "least_int_bits"]

Array = NDArray[np.float64]

_SLACK = 1.0 / 4096.0  # by which bounds exceed the computed ones, for who checks them


def chain_bounds(memory: QuantizedMemory, gains: Gains, gram: Gramian) -> dict[str, int]:
    """Return bounds of all carried numbers by name, in codes, as long as no state overflows.

    Parameters
    ----------
    memory : QuantizedMemory
    gains : Gains
        Of its A and paths.
    gram : Gramian
        Of the same.
    """
    return {one.name: _bound(memory, gains, gram, one) for one in memory.carried}


def _bound(memory: QuantizedMemory, gains: Gains, gram: Gramian, carried: Carried) -> int:
    rows, ulp = carried.states, memory.format.ulp
    rounding = np.minimum(inflate(np.abs(rows) @ gains.rounding), gram.gains(rows))
    peak = input_gain(memory.A, memory.B, gains.lyapunov, rounding, rows)
    u_limit, delta = float(memory.u_limit), float(memory.rounding_error) * ulp
    reached = u_limit * (peak + np.abs(carried.source)) + delta * rounding + carried.own
    reached += carried.off(memory.format.max_magnitude * ulp, u_limit)
    return _codes(inflate(reached) * (1.0 + _SLACK), carried)


def chain_interval(carried: Carried, state: FixedFormat, source: FixedFormat) -> int:
    """Return the largest magnitude of a carried number, in codes, whatever states and u do."""
    limits = (one.max_magnitude * one.ulp for one in (state, source))
    return _codes(carried.reach(*limits), carried)


def _codes(values: Array, carried: Carried) -> int:
    return -int(-Fraction(float(values.max())) / Fraction(carried.format.ulp) // 1)


def least_int_bits(carried: Carried, bound: int, source: FixedFormat) -> int:
    """Return the fewest integer bits that hold a bound in codes, and u where it is the start."""
    frac_bits = carried.format.frac_bits
    started = source.int_bits if carried.source.any() else -frac_bits
    return max(bound.bit_length() - frac_bits, started, 1 - frac_bits)
