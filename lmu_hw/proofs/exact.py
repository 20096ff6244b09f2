# SPDX-License-Identifier: Apache-2.0
"""Exact arithmetic on matrices of dyadic fractions: digits in int64, products of digits by BLAS.

A number is the sum of its digits times ``2**(bits * place - frac_bits)``. All digits but the last
are in ``0 ... 2**bits - 1``; the last carries the sign. `bits` is so small that BLAS sums the
products of two digits over a row exactly, below ``2**53``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ExactMatrix"]

Digits = list[NDArray[np.int64]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExactMatrix:
    """A square matrix of dyadic fractions.

    Attributes
    ----------
    digits : list of (d, d) int64
        The lowest first.
    frac_bits : int
    """

    digits: Digits
    frac_bits: int

    @classmethod
    def of_integers(cls, codes: NDArray[np.int64], frac_bits: int) -> ExactMatrix:
        """Return ``codes * 2**-frac_bits``."""
        return cls(digits=_settled([codes], _bits(codes)), frac_bits=frac_bits)

    @classmethod
    def of_floats(cls, matrix: NDArray[np.float64]) -> ExactMatrix:
        """Return a float64 matrix as it is."""
        bits = _bits(matrix)
        mantissas, exponents = np.frexp(matrix)
        codes, used = np.ldexp(mantissas, 53).astype(np.int64), matrix != 0.0
        frac_bits = max(0, 53 - int(exponents[used].min(initial=53)))
        up = (exponents - 53 + frac_bits) * used
        count = -(-(54 + int(up.max())) // bits)
        digits = []
        for place in range(count):
            down = bits * place - up
            # Left of the point of a number that is shifted far to the left there are zeros only.
            low = np.where(-down < bits, codes << np.clip(-down, 0, bits), 0)
            digit = np.where(down < 0, low, codes >> np.clip(down, 0, 63))
            digits.append(digit if place == count - 1 else digit & ((1 << bits) - 1))
        return cls(digits=_settled(digits, bits), frac_bits=frac_bits)

    @property
    def T(self) -> ExactMatrix:
        """Transposed."""
        return ExactMatrix(digits=[digit.T for digit in self.digits], frac_bits=self.frac_bits)

    def __matmul__(self, other: ExactMatrix) -> ExactMatrix:
        columns = [digit.astype(np.float64) for digit in other.digits]
        total = [np.zeros_like(self.digits[0]) for _ in range(len(self.digits) + len(columns) - 1)]
        for i, digit in enumerate(self.digits):
            row = digit.astype(np.float64)
            for j, column in enumerate(columns):
                total[i + j] += (row @ column).astype(np.int64)
        return self._with(total, self.frac_bits + other.frac_bits)

    def __sub__(self, other: ExactMatrix) -> ExactMatrix:
        frac_bits = max(self.frac_bits, other.frac_bits)
        zero = np.zeros_like(self.digits[0])
        pairs = zip_longest(self._at(frac_bits), other._at(frac_bits), fillvalue=zero)
        return self._with([left - right for left, right in pairs], frac_bits)

    def times(self, factor: int, frac_bits: int) -> ExactMatrix:
        """Return the matrix times ``factor * 2**-frac_bits``, for a factor of at least 0."""
        bits = _bits(self.digits[0])
        parts = [factor >> at & (1 << bits) - 1 for at in range(0, factor.bit_length(), bits)]
        total = [np.zeros_like(self.digits[0]) for _ in range(len(self.digits) + len(parts))]
        for i, digit in enumerate(self.digits):
            for j, part in enumerate(parts):
                total[i + j] += digit * part
        return self._with(total, self.frac_bits + frac_bits)

    def dominated_by_its_diagonal(self) -> bool:
        """Say whether no diagonal element is less than the magnitudes of its row's others."""
        negative = self.digits[-1] < 0
        margins = []
        for digit in self.digits:
            magnitudes = np.where(negative, -digit, digit)
            others = magnitudes.sum(axis=1) - magnitudes.diagonal()
            margins.append(digit.diagonal() - others)
        return bool(np.all(_settled(margins, _bits(self.digits[0]))[-1] >= 0))

    def integers(self) -> NDArray[Any]:
        """Return Python integers: the matrix times ``2**frac_bits``."""
        bits = _bits(self.digits[0])
        total: NDArray[Any] = np.zeros(self.digits[0].shape, object)
        for place, digit in enumerate(self.digits):
            total += digit.astype(object) << bits * place
        return total

    def _with(self, digits: Digits, frac_bits: int) -> ExactMatrix:
        return ExactMatrix(digits=_settled(digits, _bits(digits[0])), frac_bits=frac_bits)

    def _at(self, frac_bits: int) -> Digits:
        """Return digits of the same numbers in units of ``2**-frac_bits``, not yet settled."""
        places, left = divmod(frac_bits - self.frac_bits, _bits(self.digits[0]))
        return [np.zeros_like(self.digits[0])] * places + [digit << left for digit in self.digits]


def _bits(matrix: NDArray[np.float64] | NDArray[np.int64]) -> int:
    """Return the bits of a digit, for products of matrices with so many rows."""
    return (53 - len(matrix).bit_length()) // 2


def _settled(digits: Iterable[NDArray[np.int64]], bits: int) -> Digits:
    """Return digits in their range, none too many, from sums of digits below ``2**62``."""
    settled: Digits = []
    carry = np.zeros(1, np.int64)
    for digit in digits:
        total = digit + carry
        settled.append(total & (1 << bits) - 1)
        carry = total >> bits
    while not _is_sign(carry):
        settled.append(carry & (1 << bits) - 1)
        carry = carry >> bits
    while settled and _is_sign(carry):
        carry = settled.pop() + (carry << bits)
    return [*settled, carry]


def _is_sign(carry: NDArray[np.int64]) -> bool:
    """Say whether a digit only says which numbers are negative."""
    return bool(((carry == 0) | (carry == -1)).all())
