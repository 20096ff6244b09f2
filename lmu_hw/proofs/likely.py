# SPDX-License-Identifier: Apache-2.0
"""What rounding adds to a read-out with a probability that is chosen, not in the worst case.

A read-out c of the states is off by ``sum over k and j of a_kj e_kj``, a_k = c A**k [I N], and the
worst case has all errors at once where they harm most. **If the errors are independent, of mean
zero, and at most half an ulp each**, then by Hoeffding's inequality (1963)

    P(|sum| > t)  <=  2 exp(-2 t**2 / sum a_kj**2),        sum a_kj**2 = c C c^T,

with ``C = sum over k of A**k (I + N N^T) A**k^T``; the stated bound is exceeded at one element and
step with a probability of at most `CHANCE`. Rounding to nearest is taken to be so; of narrowing by
floor or toward zero nothing is said.

C is what float64 finds, X, made an upper bound: if ``R = X - A X A^T - Z`` and Z >= I, then C is at
most ``X + |R| C``, and so ``X / (1 - |R|)``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lmu_hw.fixed import Rounding
from lmu_hw.proofs.float_bounds import gamma, inflate
from lmu_hw.proofs.memories import QuantizedMemory
from lmu_hw.proofs.noise import doubled_sum

__all__ = ["CHANCE", "Spread"]

Array = NDArray[np.float64]

CHANCE = 1e-12
"""Probability with which one element exceeds its bound at one step."""

_LOGARITHM = 56.649
"""An upper bound of ``2 log(2 / CHANCE)``, which `lmu_verify` has as well."""

_SLACK = 2.0**-9  # by which bounds exceed the computed ones, for who checks them
_MOST = 0.5
_NEAREST = (Rounding.HALF_UP, Rounding.HALF_EVEN)


class Spread:
    """How the rounding errors of a memory spread, if they are independent.

    Parameters
    ----------
    memory : QuantizedMemory

    Attributes
    ----------
    known : bool
        Its errors are those that the assumption is about, and float64 holds what they add up to.
    """

    def __init__(self, memory: QuantizedMemory) -> None:
        self._memory = memory
        nearest = memory.error_feedback or memory.requant.rounding in _NEAREST
        self.known = nearest and not (memory.largest > 0.5).any()
        A, N = memory.A, memory.noise
        if not self.known:
            return
        try:
            self._plain = _upper(A, np.eye(len(A)) + N @ N.T, N)
            if memory.error_feedback:
                change = np.eye(len(A)) - A
                self._fed = _spectrum(A, change @ change.T, self._plain)
        except np.linalg.LinAlgError:
            self.known = False

    def squares(self, rows: Array) -> Array:
        """Return upper bounds of ``sum a_kj**2``, (n,), of rows (n, d) that read one memory."""
        if not self._memory.error_feedback:
            return _form(rows, self._plain)
        return inflate(np.square(rows).sum(axis=1)) + _form(rows, self._fed)

    def bound(self, squares: Array) -> Array:
        """Return what is exceeded with a probability of at most `CHANCE`, as values."""
        ulp = self._memory.format.ulp
        return inflate(np.sqrt(_LOGARITHM * squares)) * (ulp / 2 * (1.0 + _SLACK))

    def rms(self, squares: Array) -> Array:
        """Return the RMS of errors that are uniform over an ulp, as values."""
        return np.sqrt(squares / 12.0) * self._memory.format.ulp


def _form(rows: Array, upper: Array) -> Array:
    form = np.einsum("ij,ij->i", rows @ upper, rows)
    form += 2.0**-40 * np.einsum("ij,ij->i", np.abs(rows) @ np.abs(upper), np.abs(rows))
    return inflate(np.maximum(form, 0.0))


def _upper(A: Array, Z: Array, N: Array) -> Array:
    """Return a matrix that is at least ``sum over k of A**k Z A**k^T``, for ``Z >= I``."""
    found = doubled_sum(A, Z)
    off = _residual(A, found, Z) + gamma(N.shape[1] + 2) * float(np.linalg.norm(N)) ** 2
    if not off < _MOST:
        raise np.linalg.LinAlgError("the sum over all powers is not known closely enough")
    return found / (1.0 - off)


def _spectrum(A: Array, Z: Array, plain: Array) -> Array:
    """Return the same for any Z, with the sum of ``Z = I`` or more."""
    found = doubled_sum(A, Z)
    off = _residual(A, found, Z) + gamma(2 * len(A)) * (1.0 + float(np.linalg.norm(A))) ** 2
    return found + off * plain


def _residual(A: Array, found: Array, Z: Array) -> float:
    """Return an upper bound of the 2-norm of ``found - A found A^T - Z``."""
    rest = found - A @ found @ A.T - Z
    size, own = float(np.linalg.norm(found)), float(np.linalg.norm(A))
    rounded = gamma(2 * len(A) + 4) * (size * (1.0 + own**2) + float(np.linalg.norm(Z)))
    return (float(np.linalg.norm(rest)) + rounded) * (1.0 + 2.0**-30)
