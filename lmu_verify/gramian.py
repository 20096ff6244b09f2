# SPDX-License-Identifier: Apache-2.0
"""Sums over all powers of a matrix, bounded for every row at once by one positive matrix.

Let ``rate < 1``, and let Q and ``rate Q - A Q A' - Z`` be positive semidefinite. Then for every row
c, ``sum_k rate^-(k+1) c A^k Z A'^k c' <= c Q c'`` (subtract the inequality, k times). If further
``(sum_j |(c Y)_j|)^2 <= w c Z c'`` for all c, Cauchy and Schwarz give, for every step s >= 1,

    sum_m ||c A^(sm) Y||_1  <=  sqrt(w rate / (1 - rate^s)) sqrt(c Q c').

For Y = [I N] and scales t > 0 of the columns of N, ``Z = I + (N t)(N t)'`` and w the order plus the
sum of ``1/t^2`` will do (Cauchy and Schwarz again); for ``Y = (A - I)^2 [I N]``, that Z between
``(A - I)^2`` and its transpose. Float64 finds Q; what it finds is checked in integers.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from lmu_verify.errors import NotShown
from lmu_verify.integers import (
    Codes,
    ceil_root,
    exact_product,
    fit,
    floats,
    identity,
    require_positive,
    total,
)

__all__ = ["Gramian", "Source", "find_gramian", "noise_source", "spectral_radius"]

_SHARE = 1.0 / 12.0  # of 1 - radius**2 that the rate stays below 1
_RATE_BITS = 50
_SCALE_BITS = 16
_Q_BITS = 60
_ROOT_BITS = 64
_MAX_DOUBLINGS = 60
_SLACK = 2.0**-9  # of the mean of Z, which it is exceeded by, so that the rounding of Q fits in


class Source(NamedTuple):
    """Z and w."""

    z: Codes
    weight: Fraction


class Gramian(NamedTuple):
    """A Q that was checked, its rate, and w."""

    q: Codes
    rate: Fraction
    weight: Fraction

    def sums(self, rows: Codes, step: int = 1) -> list[Fraction]:
        """Return upper bounds of ``sum_m ||c A^(step m) Y||_1`` for each row c."""
        image = exact_product(rows, self.q)
        forms = (image.codes * rows.codes).sum(axis=1)
        factor = self.weight * self.rate / (1 - _power(self.rate, step))
        unit = 1 << (image.bits + rows.bits)
        return [ceil_root(factor * int(form) / unit, _ROOT_BITS) for form in forms]


def spectral_radius(a: Codes) -> float:
    """Return the spectral radius as float64 finds it: for choices, not for proofs."""
    try:
        return float(np.abs(np.linalg.eigvals(floats(a))).max())
    except np.linalg.LinAlgError:
        return math.inf


def noise_source(order: int, paths: Codes | None) -> Source:
    """Return Z and w for ``[I N]``."""
    if paths is None or not paths.codes.size:
        return Source(identity(order), Fraction(order))
    lengths = np.maximum(np.linalg.norm(floats(paths), axis=0), 2.0**-10)
    scales = np.ceil(lengths**-0.5 * 2.0**_SCALE_BITS).astype(np.int64).astype(object)
    scaled = Codes(paths.codes * scales, paths.bits + _SCALE_BITS)
    weight = sum((Fraction(1 << 2 * _SCALE_BITS, int(t) ** 2) for t in scales), Fraction(order))
    return Source(total(identity(order), exact_product(scaled, scaled.T)), weight)


def find_gramian(
    what: str, a: Codes, source: Source, slack: float = _SLACK, share: float = _SHARE
) -> Gramian:
    """Find a Q in float64 and check it in integers, or raise `NotShown`.

    The smaller the share, the closer the rate is to 1: for sums of squares, whose bound is `q`.
    """
    radius = spectral_radius(a)
    if not radius < 1.0:
        raise NotShown(f"{what}: the spectral radius must be below 1, not {radius:.9g}")
    ceiling = math.ceil((1.0 - share * (1.0 - radius**2)) * 2.0**_RATE_BITS)
    rate = Fraction(min(ceiling, (1 << _RATE_BITS) - 1), 1 << _RATE_BITS)
    z = floats(source.z)
    # As much above Z as its mean allows: where Z is nearly nothing, Q must still be positive.
    margin = slack * max(float(np.trace(z)) / len(z), 2.0**-200) * np.eye(len(z))
    found = _solve(floats(a), z * (1.0 + slack) + margin, float(rate))
    largest = float(np.abs(found).max())
    if not 0.0 < largest < math.inf:
        raise NotShown(f"{what}: float64 finds no Gramian")
    q = fit((found + found.T) / 2, max(0, _Q_BITS - math.frexp(largest)[1]))
    numerator = Codes(rate.numerator * q.codes, q.bits + rate.denominator.bit_length() - 1)
    image = exact_product(a, q, a.T)
    rest = total(numerator, Codes(-image.codes, image.bits), Codes(-source.z.codes, source.z.bits))
    require_positive(f"{what}: Q", q)
    require_positive(f"{what}: rate Q - AQA' - Z", rest)
    return Gramian(q, rate, source.weight)


def _solve(a: np.ndarray, z: np.ndarray, rate: float) -> np.ndarray:
    """Return about ``sum_k rate^-(k+1) A^k Z A'^k``, by doubling."""
    power, found = a / math.sqrt(rate), z / rate
    with np.errstate(all="ignore"):
        for _ in range(_MAX_DOUBLINGS):
            added = power @ found @ power.T
            found = found + added
            if not np.abs(added).max() > 2.0**-60 * np.abs(found).max():
                break
            power = power @ power
    return found


def _power(rate: Fraction, exponent: int) -> Fraction:
    """Return an upper bound of a power of a number from 0 to 1, a multiple of ``2**-64``."""
    result, base = 1 << 64, -(-(rate.numerator << 64) // rate.denominator)
    while exponent:
        if exponent & 1:
            result = -(-result * base >> 64)
        base, exponent = -(-base * base >> 64), exponent >> 1
    return Fraction(result, 1 << 64)
