# SPDX-License-Identifier: Apache-2.0
"""Rounding gains of many read-outs at once, from one matrix that is checked in exact integers.

The rounding gain of a row c is ``sum over k of |c A**k M|_1``, M = [I N]. With positive scales s of
the columns of N, ``S = I + N diag(s**2) N^T``, and w the number of states plus the sum of 1/s**2, a
matrix Q with

    Q >= 0    and    rate Q - A Q A^T >= S,    rate < 1,

where ``>= 0`` means positive semidefinite, bounds it. As ``|c A**k M|_1**2 <= w c A**k S A**k^T c``
and ``sum over k of rate**(-k-1) c A**k S A**k^T c <= c Q c``, Cauchy and Schwarz give

    sum over k of |c A**k M|_1  <=  sqrt(w rate / (1 - rate)) sqrt(c Q c).

It is looser than the sum over all powers (by a half for a Legendre memory and a rate as near to 1
as here), and takes one equation instead of thousands of products.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lmu_hw.proofs.exact import ExactMatrix
from lmu_hw.proofs.float_bounds import gamma, inflate, path_weights
from lmu_hw.proofs.noise import power_sum
from lmu_hw.proofs.stability import (
    L_FRAC_BITS,
    Lyapunov,
    StabilityError,
    is_psd,
    lyapunov,
    spectral_radius,
)

__all__ = [
    "Q_FRAC_BITS",
    "SCALE_FRAC_BITS",
    "FloatGains",
    "Gramian",
    "float_gains",
    "gramian",
]

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

_CACHED = 16

Q_FRAC_BITS = 20
SCALE_FRAC_BITS = 16
_SHARE = 1.0 / 12.0  # of 1 - radius**2 that the rate stays below 1
_RATE_BITS = 50
_SLACK = 2.0**-5  # of the identity, which S exceeds, for the rounding of Q, L and S


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gramian:
    """A verified Q.

    Attributes
    ----------
    rate : Fraction
    scales : (n,) float64
        s, multiples of ``2**-SCALE_FRAC_BITS``.
    Q, L_Q, L_S : (d, d) int64
        The matrix at `Q_FRAC_BITS`, and factors of Q and of ``rate Q - A Q A^T - S`` at
        `L_FRAC_BITS`.
    """

    rate: Fraction
    scales: Array
    Q: Integers
    L_Q: Integers
    L_S: Integers

    def gains(self, rows: Array) -> Array:
        """Return upper bounds of the rounding gains of rows (m, d), as (m,)."""
        q = self.Q * 2.0**-Q_FRAC_BITS
        form = np.einsum("ij,ij->i", rows @ q, rows)
        form += 2.0**-40 * np.einsum("ij,ij->i", np.abs(rows) @ np.abs(q), np.abs(rows))
        rate = float(self.rate)
        total = len(q) + float((self.scales**-2.0).sum())
        return inflate(np.sqrt(inflate(np.maximum(form, 0.0)) * total * rate / (1.0 - rate)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FloatGains:
    """Stability of a float memory, and rounding gains that need not be close.

    Nothing is rounded in it: they bound what float64 does to its computed responses.
    """

    radius: float
    lyapunov: Lyapunov
    gramian: Gramian

    def readout(self, rows: Array | None) -> Array:
        """Return upper bounds of the rounding gains of a read-out, (n, d); None: of the states."""
        return self.gramian.gains(np.eye(len(self.gramian.Q)) if rows is None else rows)


def float_gains(A: Array, *, what: str) -> FloatGains:
    """Return the gains of a float memory, (d, d), taken as exact; cached.

    Raises
    ------
    StabilityError
        Naming `what`, if it is not stable, or not shown to be.
    """
    try:
        return _float_gains(np.ascontiguousarray(A, np.float64).tobytes(), len(A))
    except StabilityError as error:
        raise StabilityError(f"{what}: {error}") from None


@lru_cache(maxsize=_CACHED)
def _float_gains(data: bytes, order: int) -> FloatGains:
    A = np.frombuffer(data).reshape(order, order)
    return FloatGains(
        radius=spectral_radius(A), lyapunov=lyapunov(A), gramian=gramian(A, np.zeros((order, 0)))
    )


def gramian(A: Array, paths: Array) -> Gramian:
    """Find and verify a Q; cached.

    Parameters
    ----------
    A : (d, d) float64
        Stable, taken as exact.
    paths : (d, n) float64
        N, taken as exact.

    Raises
    ------
    StabilityError
        If none is found.
    """
    data = (np.ascontiguousarray(matrix, np.float64).tobytes() for matrix in (A, paths))
    return _gramian(*data, len(A))


@lru_cache(maxsize=_CACHED)
def _gramian(matrix: bytes, paths_data: bytes, order: int) -> Gramian:
    A, paths = (np.frombuffer(data).reshape(order, -1) for data in (matrix, paths_data))
    radius = spectral_radius(A)
    rate = Fraction(
        int(np.ceil((1.0 - _SHARE * (1.0 - radius**2)) * 2.0**_RATE_BITS)), 2**_RATE_BITS
    )
    scales = np.ceil(path_weights(paths) ** -0.5 * 2.0**SCALE_FRAC_BITS) * 2.0**-SCALE_FRAC_BITS
    S = _source(paths * scales)
    identity = np.eye(len(A))
    try:
        found = power_sum(A / np.sqrt(float(rate)), (S + _SLACK * identity) / float(rate))
        Q = np.rint(found * 2.0**Q_FRAC_BITS)
        if not np.abs(Q).max() < 2.0**62:
            raise np.linalg.LinAlgError("Q does not fit its format")
        q = Q * 2.0**-Q_FRAC_BITS
        factors = [
            np.linalg.cholesky(matrix - _SLACK / 2 * identity)
            for matrix in (q, float(rate) * q - A @ q @ A.T - S)
        ]
    except np.linalg.LinAlgError:
        raise StabilityError(f"no Gramian at spectral radius {radius:.9f}") from None
    L_Q, L_S = (np.rint(one * 2.0**L_FRAC_BITS).astype(np.int64) for one in factors)
    gram = Gramian(rate=rate, scales=scales, Q=Q.astype(np.int64), L_Q=L_Q, L_S=L_S)
    if not holds(A, S, gram):
        raise StabilityError(f"the Gramian at spectral radius {radius:.9f} does not hold exactly")
    for array in (gram.scales, gram.Q, gram.L_Q, gram.L_S):  # shared by all who ask again
        array.setflags(write=False)
    return gram


def holds(A: Array, S: Array, gram: Gramian) -> bool:
    """Say whether both inequalities hold for the exact A and S, in integers."""
    matrix, source = ExactMatrix.of_floats(A), ExactMatrix.of_floats(S)
    Q = ExactMatrix.of_integers(gram.Q, Q_FRAC_BITS)
    kept = Q.times(gram.rate.numerator, gram.rate.denominator.bit_length() - 1)
    return (
        gram.rate < 1
        and bool(np.all(gram.Q == gram.Q.T))
        and is_psd(Q, gram.L_Q)
        and is_psd(kept - matrix @ Q @ matrix.T - source, gram.L_S)
    )


def _source(scaled: Array) -> Array:
    """Return a matrix that exceeds S: what float64 can be off by is added to the diagonal."""
    S = np.eye(len(scaled)) + scaled @ scaled.T
    off = gamma(scaled.shape[1] + 8) * float(np.linalg.norm(scaled)) ** 2 + 2.0**-52 * len(S)
    return S + 2.0 * off * np.eye(len(scaled))
