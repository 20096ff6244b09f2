# SPDX-License-Identifier: Apache-2.0
"""A memory with an update of its own as a linear system; all that is proved of dense ones holds.

    x[t] = A x[t-1] + B u[t] + e[t] + N n[t]

e is what the narrowing of the states drops; n is what the narrowings inside the update drop, and N
is how that reaches the states. A, B and N follow from the codes as rational numbers, which are
computed exactly and rounded to float64 once: every number here is within ``2**-53`` of itself. As a
code never exceeds its format, whatever happened before, what that changes of a step is bounded, and
counts as one more error of the step (`Linear.off`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from lmu_hw.fixed import FixedFormat, Rounding
from lmu_hw.proofs.float_bounds import inflate

__all__ = ["Carried", "Integers", "Linear", "floats", "largest_error", "mean_error"]

Array = NDArray[np.float64]
Integers = NDArray[Any]
"""Python integers, of any length."""

_UNIT = 2.0**-53


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Carried:
    """Numbers that an update computes on its way: each is ``states . x[t-1] + source u[t]``.

    Attributes
    ----------
    name : str
        As messages write it, behind the name of the memory.
    format : FixedFormat
        Which they never leave: overflow is forbidden.
    accumulator : int
        Bound of the sums that are narrowed, partial ones included.
    error : float
        Largest error of the narrowing, in ulp; 0 if it drops nothing.
    states : (m, d) float64
    source : (m,) float64
    own : (m,) float64
        What narrowing inside the update can add to each, as a value.
    """

    name: str
    format: FixedFormat
    accumulator: int
    error: float
    states: Array
    source: Array
    own: Array

    def reach(self, states: Array | float, source: float) -> Array:
        """Return what no number exceeds, (m,), for bounds of the states, (d,), and of u; values."""
        d = self.states.shape[1]
        bounds = np.abs(self.states) @ np.broadcast_to(states, d) + np.abs(self.source) * source
        return inflate(bounds + self.own)

    def off(self, states: float, source: float) -> Array:
        """Return what float64 changes of each number at most, (m,), for bounds as in `reach`."""
        return inflate(_UNIT * (self.reach(states, source)))

    def same_sums(self, other: Carried) -> bool:
        """Say whether others are the same numbers, in formats that differ in integer bits only."""
        arrays = ("states", "source", "own")
        return (
            self.name == other.name
            and self.format.frac_bits == other.format.frac_bits
            and self.error == other.error
            and all(np.array_equal(getattr(self, name), getattr(other, name)) for name in arrays)
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Linear:
    """A structured memory as a linear system.

    Attributes
    ----------
    A, B : (d, d), (d,) float64
    noise : (d, n) float64
        N, in ulp of the states for an error of one ulp of the number that is narrowed.
    largest : (n,) float64
        Largest error of each of these narrowings, in its ulp; none is 0.
    carried : tuple of Carried
    coefficient_bits : int
        Width of the widest coefficient.
    """

    A: Array
    B: Array
    noise: Array
    largest: Array
    carried: tuple[Carried, ...]
    coefficient_bits: int

    def off(self, states: float, source: float, ulp: float) -> float:
        """Return what float64 changes of a state in a step at most, in ulp of the states.

        Parameters
        ----------
        states, source : float
            Largest magnitudes that states and u can have; values.
        ulp : float
            Of the states.
        """
        read = np.abs(self.A).sum(axis=1) * states + np.abs(self.B) * source
        dropped = np.abs(self.noise) @ self.largest
        return float(inflate(_UNIT * inflate(read / ulp + dropped)).max())


def largest_error(rounding: Rounding) -> float:
    """Return the largest error of a narrowing, in ulp."""
    match rounding:
        case Rounding.HALF_UP | Rounding.HALF_EVEN:
            return 0.5
        case Rounding.FLOOR | Rounding.TOWARD_ZERO:
            return 1.0
    assert_never(rounding)


def mean_error(rounding: Rounding) -> float:
    """Return the mean error of a narrowing of what lies anywhere, in ulp."""
    match rounding:
        case Rounding.FLOOR:
            return -0.5
        case Rounding.HALF_UP | Rounding.HALF_EVEN:
            return 0.0
        case Rounding.TOWARD_ZERO:
            return 0.0  # what it drops has the sign of what is rounded, and either is as frequent
    assert_never(rounding)


def floats(integers: Integers, frac_bits: int) -> Array:
    """Return ``integers * 2**-frac_bits``, correctly rounded."""
    unit = 1 << frac_bits
    return np.array([int(x) / unit if x else 0.0 for x in integers.flat]).reshape(integers.shape)
