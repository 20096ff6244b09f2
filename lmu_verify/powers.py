# SPDX-License-Identifier: Apache-2.0
"""Recursions ``x <- x M`` in rounded integers, with a bound on the rounding; powers of A."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from lmu_verify.errors import NotShown
from lmu_verify.integers import Codes, digit_bits, exact_product, rounded, split

__all__ = ["Multiplier", "Near", "matrix_power"]

_POWER_BITS = 160


class Multiplier:
    """Products ``x M`` of rows x in units of ``2**-x_bits``, rounded to the same unit.

    M (d, m) is rounded to `x_bits` itself: its elements are off by `matrix_error` at most.
    """

    def __init__(self, matrix: Codes, x_bits: int) -> None:
        (codes, self.bits), self.matrix_error = rounded(matrix, x_bits)
        self.rows, self.x_bits = len(codes), x_bits
        self.digit_bits = digit_bits(self.rows)
        digits = split(codes, self.digit_bits)
        self.places, self.digits = len(digits), np.hstack(digits)
        self.columns = codes.shape[1]
        heaviest = max(int(np.abs(codes).sum(axis=0).max(initial=0)), self.rows << self.bits)
        self._limit = (1 << (60 + self.bits)) // heaviest

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Return the product; x holds int64, or Python integers of any size.

        Of int64, the elements of the product and the sums over those of x are below ``2**60``.
        """
        if x.dtype == np.int64 and int(np.abs(x).max(initial=0)) > self._limit:
            raise NotShown("the powers of A are too large for the arithmetic of this check")
        digits = split(x, self.digit_bits)
        # One call of BLAS: the digits of x below each other, those of M beside each other.
        products = (np.concatenate(digits) @ self.digits).astype(np.int64)
        sums: dict[int, Any] = {}
        for i, rows in enumerate(np.vsplit(products, len(digits))):
            for j, product in enumerate(np.hsplit(rows, self.places)):
                sums[i + j] = sums.get(i + j, 0) + product
        y = np.zeros((len(x), self.columns), dtype=x.dtype)
        for place, total in sums.items():
            total = total.astype(x.dtype)
            # What lies right of the unit is rounded to the nearest: an error of at most 1/2 for
            # each such place. Of int64, the sum fits and NumPy adds and shifts modulo 2**64, so
            # parts that do not fit do no harm.
            right = self.bits - self.digit_bits * place
            if right > 62:  # sums of less than 2**61: nothing is left of them
                continue
            y += (total + (1 << (right - 1))) >> right if right > 0 else total << -right
        return y

    @property
    def halves(self) -> int:
        """Half units that rounding changes of an element of the product at most."""
        return -(-self.bits // self.digit_bits)

    def error(self, norms: np.ndarray, steps: int = 1) -> list[Fraction]:
        """Return the sum over steps of the largest error of an element of each row's product.

        `norms` are the sums over the steps of the 1-norms of each row x, in units.
        """
        unit, own = Fraction(1, 1 << self.x_bits), Fraction(steps * self.halves, 2)
        return [unit * (own + self.matrix_error * int(norm)) for norm in norms]


Near = tuple[Codes, Fraction]
"""A matrix, and how far an element may be from the one it stands for."""


def matrix_power(matrix: Near, exponent: int) -> Near:
    """Return a power of a matrix, rounded to `_POWER_BITS`."""
    if exponent == 1:
        return matrix
    half = matrix_power(matrix, exponent // 2)
    square = _times(half, half)
    return _times(square, matrix) if exponent % 2 else square


def _times(left: Near, right: Near) -> Near:
    """Multiply matrices x + dx and y + dy: ``|xy - (x+dx)(y+dy)| <= |x||dy| + |dx||y| + ...``."""
    (x, dx), (y, dy) = left, right
    product, own = rounded(exact_product(x, y), _POWER_BITS)
    size = len(y.codes)
    spread = max(x.row_sums()) * dy + max(y.T.row_sums()) * dx + size * dx * dy + own
    # A short fraction: errors are rounded up.
    bits = 4 * _POWER_BITS
    return product, Fraction(-(-(spread.numerator << bits) // spread.denominator), 1 << bits)
