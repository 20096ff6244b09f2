# SPDX-License-Identifier: Apache-2.0
"""Exact matrices: Python integers over a power of two, multiplied by BLAS without rounding.

An integer is split into balanced digits of base ``2**w``, none above ``2**(w-1)``. With
``d 2**(2w-2) <= 2**53``, d products of two digits add up to at most ``2**53``, and float64 holds
every partial sum exactly, in whatever order BLAS adds. So floats carry integers here and nothing
else: no comparison of floats decides anything, and nothing overflows, as digits have a fixed size.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from lmu_verify.errors import NotShown

__all__ = [
    "Codes",
    "ceil_root",
    "digit_bits",
    "dyadic",
    "exact_product",
    "fit",
    "floats",
    "identity",
    "require_positive",
    "rounded",
    "split",
    "total",
]

_FACTOR_BITS = 26  # by which a factor L is finer than the square root of its matrix's margin


class Codes(NamedTuple):
    """An array of Python integers that stand for ``codes * 2**-bits``."""

    codes: np.ndarray
    bits: int

    @property
    def T(self) -> Codes:
        """The transpose."""
        return Codes(self.codes.T, self.bits)

    def row_sums(self) -> list[Fraction]:
        """Return the sums of magnitudes of the rows."""
        sums = np.abs(self.codes).sum(axis=1) if self.codes.size else [0] * len(self.codes)
        return [Fraction(int(value), 1 << self.bits) for value in sums]


def identity(size: int) -> Codes:
    """Return the identity matrix."""
    codes = np.zeros((size, size), dtype=object)
    codes[np.diag_indices(size)] = 1
    return Codes(codes, 0)


def total(*terms: Codes) -> Codes:
    """Return an exact sum."""
    bits = max(term.bits for term in terms)
    first, *rest = (term.codes << (bits - term.bits) for term in terms)
    return Codes(sum(rest, first), bits)


def rounded(x: Codes, limit: int) -> tuple[Codes, Fraction]:
    """Return codes of at most `limit` fraction bits, and the largest error of one."""
    if (excess := x.bits - limit) <= 0:
        return x, Fraction(0)
    error = Fraction(1, 2) / (1 << limit) if limit >= 0 else Fraction(1 << -limit, 2)
    return Codes((x.codes + (1 << (excess - 1))) >> excess, limit), error


def dyadic(values: np.ndarray) -> Codes:
    """Return finite floats as integers over one power of two, exactly."""
    ratios = [value.as_integer_ratio() for value in values.ravel().tolist()]
    scale = max((denominator for _, denominator in ratios), default=1)
    codes = np.empty(len(ratios), dtype=object)
    codes[:] = [numerator * (scale // denominator) for numerator, denominator in ratios]
    return Codes(codes.reshape(values.shape), scale.bit_length() - 1)


def fit(values: np.ndarray, bits: int) -> Codes:
    """Return floats rounded to integers over ``2**bits``: a witness, so any rounding will do."""
    if not np.isfinite(values).all():
        raise NotShown("the arithmetic of float64 finds no witness")
    scaled = dyadic(values)
    shift = bits - scaled.bits
    if shift >= 0:
        return Codes(scaled.codes << shift, bits)
    return rounded(scaled, bits)[0]


def floats(x: Codes) -> np.ndarray:
    """Return the nearest float64 of each, to look for witnesses with."""
    shape, scale = x.codes.shape, 1 << x.bits
    try:
        return np.array([code / scale for code in x.codes.ravel().tolist()]).reshape(shape)
    except OverflowError:
        raise NotShown("numbers are too large for the arithmetic of this check") from None


def digit_bits(terms: int) -> int:
    """Return w for sums of that many products."""
    return (53 - (max(terms, 1) - 1).bit_length()) // 2 + 1


def split(x: np.ndarray, width: int) -> list[np.ndarray]:
    """Split integers into balanced digits, the least first: ``x = sum of digit[i] << width*i``.

    Of int64, no element may be above ``2**62``.
    """
    digits, half = [], 1 << (width - 1)
    while not digits or x.any():
        shifted = x + half
        digits.append(((shifted & (2 * half - 1)) - half).astype(np.float64))
        x = shifted >> width
    return digits


def exact_product(*factors: Codes) -> Codes:
    """Return the exact product of matrices."""
    left, *rest = factors
    for right in rest:
        left = Codes(_product(left.codes, right.codes), left.bits + right.bits)
    return left


def _product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    width = digit_bits(left.shape[1])
    rows, columns = split(left, width), split(right, width)
    # One call of BLAS: the digits of the left below each other, those of the right beside each
    # other. A sum of d products is at most 2**53, and so are up to 2**10 of them in int64.
    products = (np.concatenate(rows) @ np.hstack(columns)).astype(np.int64)
    sums: dict[int, Any] = {}
    for i, part in enumerate(np.vsplit(products, len(rows))):
        for j, product in enumerate(np.hsplit(part, len(columns))):
            sums[i + j] = sums.get(i + j, 0) + product
    result: Any = np.zeros((len(left), right.shape[1]), dtype=object)
    for place, product in sums.items():
        result += product.astype(object) << width * place
    return result


def require_positive(what: str, matrix: Codes, factor: Codes | None = None) -> None:
    """Show that a symmetric matrix M is positive semidefinite, or raise `NotShown`.

    ``M - L L'`` is, as it is symmetric and no row weighs more outside the diagonal than on it
    (Gershgorin's circles lie right of 0). ``L L'`` is, for every L. So their sum M is. L is the
    factor that is given, or one that float64 finds: wherever it comes from, integers decide.
    """
    if not np.array_equal(matrix.codes, matrix.codes.T):
        raise NotShown(f"{what} must be symmetric")
    own = _factor(what, matrix) if factor is None else factor
    square = exact_product(own, own.T)
    rest = total(matrix, Codes(-square.codes, square.bits)).codes
    outweighed = 2 * rest.diagonal() < np.abs(rest).sum(axis=1)
    if outweighed.any():
        row = int(np.argmax(outweighed))
        raise NotShown(f"{what} is not shown to be positive by its factor: row {row}")


def _factor(what: str, matrix: Codes) -> Codes:
    values = floats(matrix)
    try:
        least = float(np.linalg.eigvalsh(values)[0])
        lower = np.linalg.cholesky(values - least / 2 * np.eye(len(values)))
    except np.linalg.LinAlgError:
        least = math.nan
    if not least > 0.0:
        raise NotShown(f"{what} is not positive, as float64 finds it")
    largest = math.frexp(float(np.abs(values).max()))[1]
    return fit(lower, max(0, _FACTOR_BITS + max(largest, 0) - math.frexp(least)[1]))


def ceil_root(value: Fraction, bits: int) -> Fraction:
    """Return an upper bound of a square root, a multiple of ``2**-bits``."""
    square = -(-(value.numerator << 2 * bits) // value.denominator)
    return Fraction(math.isqrt(max(square - 1, 0)) + 1 if square else 0, 1 << bits)
