# SPDX-License-Identifier: Apache-2.0
"""Stability of a linear memory, shown by a Lyapunov matrix that is checked in exact integers.

``P`` is found in float64 and rounded to integers. The memory contracts by lambda in the norm
``|x|_P = sqrt(x^T P x)`` if

    P - I/2 >= 0    and    lambda**2 P - A^T P A >= 0,    lambda < 1,

where ``>= 0`` means positive semidefinite. Each is shown by a factor L of integers: what
``L L^T`` leaves of the matrix is diagonally dominant, which integers decide. Then

    |A^k x|_P <= lambda**k |x|_P    and    |x_i| <= sqrt(2) |x|_P,

so the spectral radius is at most lambda, and every tail of an impulse response has a bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import NetworkError
from lmu_hw.proofs.exact import ExactMatrix
from lmu_hw.proofs.float_bounds import inflate
from lmu_hw.proofs.noise import power_sum

__all__ = [
    "CLOSEST",
    "Lyapunov",
    "StabilityError",
    "is_psd",
    "lyapunov",
    "spectral_radius",
]

Array = NDArray[np.float64]
Integers = NDArray[np.int64]

P_FRAC_BITS = 12
L_FRAC_BITS = 36
_RATE_BITS = 50
_CACHED = 16
_SLACK = 0.25  # kept of what both matrices exceed, for the rounding of P and L; see `_factor`
_SHARES = (1 / 2, 1 / 4, 1 / 16)  # of 1 - radius that the contraction stays below 1, tried in turn

CLOSEST = 1e-8
"""To 1 that a spectral radius may come: `Lyapunov.contraction` must stay below 1."""


class StabilityError(NetworkError):
    """A memory is not stable, or not shown to be."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lyapunov:
    """A verified Lyapunov certificate of ``x[t] = A x[t-1]``.

    Attributes
    ----------
    rate : Fraction
        lambda squared.
    P, L_P, L_M : (d, d) int64
        The matrix at `P_FRAC_BITS`, and the factors of both inequalities at `L_FRAC_BITS`.
    """

    rate: Fraction
    P: Integers
    L_P: Integers
    L_M: Integers

    @property
    def contraction(self) -> float:
        """Upper bound of lambda."""
        return float(inflate(np.sqrt(np.float64(self.rate))))

    def norms(self, columns: Array) -> Array:
        """Return upper bounds of ``|x|_P`` of each column of (d, n), as (n,).

        ``x^T P x <= |x|^T |P| |x|`` would be loose; the rounding of the quadratic form is bounded
        by it instead.
        """
        p = self.P * 2.0**-P_FRAC_BITS
        form = np.einsum("in,in->n", columns, p @ columns)
        rounding = np.einsum("in,in->n", np.abs(columns), np.abs(p) @ np.abs(columns))
        return inflate(np.sqrt(inflate(np.maximum(form, 0.0) + 2.0**-40 * rounding)))

    def tails(self, columns: Array) -> Array:
        """Return bounds of ``sum over k >= 0 of |A**k x|_i``, any i, for each column x, (n,)."""
        return inflate(np.sqrt(2.0) * self.norms(columns) / (1.0 - self.contraction))

    def row_tails(self, rows: Array) -> Array:
        """Return bounds of ``sum over k >= 0 of |r A**k|_1`` for each row r of (n, d), as (n,).

        ``|r A**k|_1`` is the largest ``r A**k s`` of all sign vectors s, and
        ``|r x| <= |r|_2 sqrt(2) |x|_P``, ``|s|_P**2 <= sum |P_ij|``.
        """
        signs = np.sqrt(2.0 * float(np.abs(self.P).sum()) * 2.0**-P_FRAC_BITS)
        norms = np.sqrt(np.einsum("ij,ij->i", rows, rows))
        return inflate(inflate(norms * signs) / (1.0 - self.contraction))


def spectral_radius(A: Array) -> float:
    """Return the largest magnitude of the eigenvalues of a matrix, as float64 finds it; cached."""
    return _spectral_radius(np.ascontiguousarray(A, np.float64).tobytes(), len(A))


@lru_cache(maxsize=_CACHED)
def _spectral_radius(data: bytes, order: int) -> float:
    matrix = np.frombuffer(data).reshape(order, order)
    return float(np.max(np.abs(np.linalg.eigvals(matrix))))


def lyapunov(A: Array) -> Lyapunov:
    """Find and verify a Lyapunov certificate; cached.

    Parameters
    ----------
    A : (d, d) float64
        Taken as the exact matrix.

    Raises
    ------
    StabilityError
        If the spectral radius is not below 1, or so close that no certificate is found.
    """
    return _lyapunov(np.ascontiguousarray(A, np.float64).tobytes(), len(A))


@lru_cache(maxsize=_CACHED)
def _lyapunov(data: bytes, order: int) -> Lyapunov:
    A = np.frombuffer(data).reshape(order, order)
    radius = spectral_radius(A)
    if radius >= 1.0 - CLOSEST:
        raise StabilityError(
            f"the memory is not stable: its spectral radius must be below 1, not {radius:.6f}"
        )
    certificate = None
    for share in _SHARES:  # a matrix far from normal needs a rate near 1
        try:
            certificate = _certificate(A, 1.0 - share * (1.0 - radius))
            break
        except np.linalg.LinAlgError:
            continue
    if certificate is None:
        raise StabilityError(f"no Lyapunov certificate at spectral radius {radius:.9f}")
    if not holds(A, certificate):
        raise StabilityError(
            f"the Lyapunov certificate at spectral radius {radius:.9f} does not hold exactly"
        )
    for array in (certificate.P, certificate.L_P, certificate.L_M):  # shared by all who ask again
        array.setflags(write=False)
    return certificate


def _certificate(A: Array, contraction: float) -> Lyapunov:
    """Return a certificate from ``rate (P - I) = A^T P A``, not yet verified.

    Then ``P >= I`` and ``rate P - A^T P A = rate I``, but for rounding.

    Raises
    ------
    LinAlgError
        If float64 finds none.
    """
    rate = Fraction(int(np.ceil(contraction**2 * 2.0**_RATE_BITS)), 2**_RATE_BITS)
    identity = np.eye(len(A))
    found = power_sum(A.T / np.sqrt(float(rate)), identity)
    if np.abs(found).max() >= 2.0 ** (62 - P_FRAC_BITS):
        raise np.linalg.LinAlgError("the Lyapunov matrix does not fit its format")
    P = np.rint(found * 2.0**P_FRAC_BITS).astype(np.int64)
    p = P * 2.0**-P_FRAC_BITS
    # What remains of a matrix is `rate` of the identity: for a fast memory less than the slack.
    slack = min(_SLACK, float(rate) / 2)
    return Lyapunov(
        rate=rate,
        P=P,
        L_P=_factor(p - identity / 2, _SLACK),
        L_M=_factor(float(rate) * p - A.T @ p @ A, slack),
    )


def holds(A: Array, certificate: Lyapunov) -> bool:
    """Say whether both inequalities hold for the exact A, in integers."""
    matrix, P = ExactMatrix.of_floats(A), ExactMatrix.of_integers(certificate.P, P_FRAC_BITS)
    half = np.eye(len(A), dtype=np.int64) << P_FRAC_BITS - 1
    rate = certificate.rate
    contracted = P.times(rate.numerator, rate.denominator.bit_length() - 1)
    return (
        rate < 1
        and bool(np.all(certificate.P == certificate.P.T))
        and is_psd(ExactMatrix.of_integers(certificate.P - half, P_FRAC_BITS), certificate.L_P)
        and is_psd(contracted - matrix.T @ P @ matrix, certificate.L_M)
    )


def _factor(matrix: Array, slack: float) -> Integers:
    """Return the integer factor of what a matrix that exceeds `slack` exceeds it by, roughly."""
    lower = np.linalg.cholesky(matrix - slack * np.eye(len(matrix)))
    return np.rint(lower * 2.0**L_FRAC_BITS).astype(np.int64)


def is_psd(matrix: ExactMatrix, factor: Integers) -> bool:
    """Say whether a matrix minus ``L L^T`` is diagonally dominant."""
    L = ExactMatrix.of_integers(factor, L_FRAC_BITS)
    return (matrix - L @ L.T).dominated_by_its_diagonal()
