# SPDX-License-Identifier: Apache-2.0
"""Integer operations on codes.

Codes are int64 arrays, or float64 arrays that hold integers below 2**53: within that bound float64
addition, multiplication and scaling by powers of two are exact, and matrix products run in BLAS.
Both kinds give the same integers; `tests/fixed/test_ops.py` compares them exhaustively.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import RangeError
from lmu_hw.fixed.format import FixedFormat
from lmu_hw.fixed.modes import Overflow, Requant, Rounding

__all__ = ["EXACT_FLOAT64", "dequantize", "quantize", "requantize", "wrap"]

EXACT_FLOAT64 = 2**53
"""Integers of at most this magnitude are exact in float64."""

_LARGEST_CODE = 2**62

Sums = NDArray[Any]
"""Exact integers, as int64 or float64."""

_ROUND_FLOAT: dict[Rounding, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    Rounding.FLOOR: np.floor,
    Rounding.HALF_EVEN: np.rint,
    Rounding.TOWARD_ZERO: np.trunc,
}


def quantize(
    values: NDArray[np.float64], requant: Requant, *, what: str = "values"
) -> tuple[NDArray[np.int64], int]:
    """Return the codes of real values, and how many overflowed.

    Parameters
    ----------
    values : float64 array
        Real values, any shape.
    requant : Requant
        Target format, rounding and overflow.
    what : str
        Name used in error messages.

    Returns
    -------
    codes : int64 array of the same shape
    overflows : int
        Number of elements whose rounded code lay outside the format.

    Raises
    ------
    RangeError
        If a value is not finite or beyond 2**62 codes, or if overflow is `FORBID` and happens.
    """
    values = np.asarray(values, dtype=np.float64)
    if not np.all(np.isfinite(values)):
        raise RangeError(f"{what} must be finite, but NaN or infinity is among them")
    with np.errstate(over="ignore"):
        scaled = values * 2.0**requant.format.frac_bits
    if scaled.size and np.max(np.abs(scaled)) >= _LARGEST_CODE:
        raise RangeError(f"{what} must be below 2**62 ulp of {requant.format} in magnitude")
    if requant.rounding is Rounding.HALF_UP:
        floor = np.floor(scaled)
        rounded = floor + (scaled - floor >= 0.5)  # floor(x + 0.5) would round x + 0.5 itself
    else:
        rounded = _ROUND_FLOAT[requant.rounding](scaled)
    return _limit(rounded.astype(np.int64), requant, what)


def dequantize(codes: NDArray[np.int64], fmt: FixedFormat) -> NDArray[np.float64]:
    """Return the real values of codes in `fmt`."""
    return np.asarray(codes, dtype=np.float64) * fmt.ulp


def requantize(
    codes: Sums, frac_bits: int, requant: Requant, *, what: str = "codes"
) -> tuple[Sums, int]:
    """Narrow codes with `frac_bits` fraction bits to another format: shift, round, overflow.

    Parameters
    ----------
    codes : int64 array, or float64 array of integers
        Exact sums. For float64 the caller has proved ``|code| + 2**shift < 2**53``.
    frac_bits : int
        Fraction bits of `codes`.
    requant : Requant
        Target format, rounding and overflow.
    what : str
        Name of the node, used in error messages.

    Returns
    -------
    codes : array of the same kind and shape
    overflows : int
        Number of elements whose rounded code lay outside the format.

    Raises
    ------
    RangeError
        If overflow is `FORBID` and happens.
    """
    shift = frac_bits - requant.format.frac_bits
    if codes.dtype == np.float64:
        rounded = _shift_float(codes, shift, requant.rounding)
    else:
        rounded = _shift_int(codes, shift, requant.rounding)
    return _limit(rounded, requant, what)


def wrap(codes: NDArray[np.int64], fmt: FixedFormat) -> NDArray[np.int64]:
    """Keep the low ``fmt.width`` bits of int64 codes, in two's complement if signed."""
    span = 1 << fmt.width
    return ((codes - fmt.min_code) & (span - 1)) + fmt.min_code


def _shift_int(codes: NDArray[np.int64], shift: int, rounding: Rounding) -> NDArray[np.int64]:
    if shift <= 0:
        return codes << -shift
    match rounding:
        case Rounding.FLOOR:
            offset = 0
        case Rounding.HALF_UP:
            offset = 1 << (shift - 1)
        case Rounding.HALF_EVEN:
            # A tie goes up only if the bit that stays is odd.
            offset = (1 << (shift - 1)) - 1 + ((codes >> shift) & 1)
        case Rounding.TOWARD_ZERO:
            # The shift rounds down; negative codes are lifted first by all that it can drop.
            offset = (codes < 0) * ((1 << shift) - 1)
        case _:
            assert_never(rounding)
    return (codes + offset) >> shift


def _shift_float(codes: NDArray[np.float64], shift: int, rounding: Rounding) -> NDArray[np.float64]:
    scaled = codes * 2.0**-shift
    if shift <= 0:
        return scaled
    if rounding is Rounding.HALF_UP:
        scaled += 0.5
        return np.floor(scaled, out=scaled)
    return _ROUND_FLOAT[rounding](scaled)


def _limit(codes: Sums, requant: Requant, what: str) -> tuple[Sums, int]:
    fmt = requant.format
    if codes.size == 0 or (codes.min() >= fmt.min_code and codes.max() <= fmt.max_code):
        return codes, 0
    outside = int(np.count_nonzero((codes < fmt.min_code) | (codes > fmt.max_code)))
    match requant.overflow:
        case Overflow.FORBID:
            raise RangeError(
                f"{what} must stay within {fmt}, but {outside} codes between "
                f"{int(codes.min())} and {int(codes.max())} do not fit"
            )
        case Overflow.SATURATE:
            return np.clip(codes, fmt.min_code, fmt.max_code), outside
        case Overflow.WRAP:
            return wrap(codes.astype(np.int64), fmt).astype(codes.dtype), outside
    assert_never(requant.overflow)
