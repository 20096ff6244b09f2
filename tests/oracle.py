# SPDX-License-Identifier: Apache-2.0
"""Rounding, overflow and dot products in exact fractions; imports nothing of lmu_hw.

Written a third time on purpose: golden model and hardware are both compared with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import ceil, floor

__all__ = ["limits", "narrow", "node", "rounded"]


def limits(*, signed: bool, width: int) -> tuple[int, int]:
    """Return the smallest and the largest code of a format."""
    return (-(2 ** (width - 1)), 2 ** (width - 1) - 1) if signed else (0, 2**width - 1)


def rounded(value: Fraction, mode: str) -> int:
    """Return a value rounded to an integer; `mode` as in `Rounding`'s values."""
    if mode == "floor":
        return floor(value)
    if mode == "toward_zero":
        return floor(value) if value > 0 else ceil(value)
    below = floor(value)
    rest = value - below
    if rest == Fraction(1, 2):
        return below + 1 if mode == "half_up" or below % 2 else below
    return below + 1 if rest > Fraction(1, 2) else below


def narrow(
    value: Fraction, *, signed: bool, width: int, frac_bits: int, rounding: str, overflow: str
) -> tuple[int | None, bool]:
    """Return the code of a real value and whether it overflowed; None where that is forbidden."""
    code = rounded(value * Fraction(2) ** frac_bits, rounding)
    low, high = limits(signed=signed, width=width)
    if low <= code <= high:
        return code, False
    if overflow == "saturate":
        return (low if code < low else high), True
    if overflow == "wrap":
        return (code - low) % 2**width + low, True
    return None, True


def node(
    rows: Sequence[Sequence[Fraction]], source: Sequence[Fraction], bias: Sequence[Fraction]
) -> list[Fraction]:
    """Return the exact sums of a node: ``rows @ source + bias`` in real values."""
    return [
        sum((w * s for w, s in zip(row, source, strict=True)), start=offset)
        for row, offset in zip(rows, bias, strict=True)
    ]
