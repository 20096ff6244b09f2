# SPDX-License-Identifier: Apache-2.0
"""How the specification narrows a sum, and what it tells of its results."""

from __future__ import annotations

from typing import Protocol, assert_never

from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding
from lmu_hw.prove.algebra.cases import floor_by_cases, signed_by_cases, unsigned_by_cases
from lmu_hw.prove.algebra.choices import at_least, clamp
from lmu_hw.prove.algebra.forms import Value

__all__ = ["Codes", "Ends", "Naming", "ends_of", "narrow"]

Codes = list[Value]
Ends = tuple[int, int]
"""The least and the greatest code that a result has."""


class Naming(Protocol):
    """Takes every result of the specification."""

    def __call__(
        self,
        what: str,
        value: Value,
        fmt: FixedFormat | None,
        *,
        proved: bool,
        tabulated: bool = False,
        carried: bool = True,
        ends: Ends | None = None,
    ) -> Value:
        """Return the result, or a symbol for it.

        Parameters
        ----------
        what : str
            Node, and the place in it.
        value : int or Form
        fmt : FixedFormat or None
            It lies in its range; None: in that of what was computed.
        proved : bool
            By what was computed; otherwise `lmu_verify` shows it.
        tabulated : bool
            A table is read at it.
        carried : bool
            The next step reads it: its range is that of every step, so that steps are alike.
        ends : (int, int), optional
            Of every step; None: those of the format.
        """
        ...


def narrow(
    total: Value,
    frac_bits: int,
    requant: Requant,
    what: str,
    naming: Naming,
    *,
    tabulated: bool = False,
    carried: bool = True,
    ends: Ends | None = None,
) -> Value:
    """Return a sum with `frac_bits` fraction bits, narrowed: shifted, rounded, limited."""
    fmt = requant.format
    value = _limited(_rounded(total, frac_bits - fmt.frac_bits, requant.rounding), requant)
    proved = requant.overflow is not Overflow.FORBID
    return naming(what, value, fmt, proved=proved, tabulated=tabulated, carried=carried, ends=ends)


def ends_of(bound: int, frac_bits: int, requant: Requant) -> Ends:
    """Return the ends of the fewest bits for a narrowed sum, by a bound on its magnitude.

    A format can be wider than any sum of these weights; then hardware computes fewer bits.
    """
    fmt = requant.format
    dropped = frac_bits - fmt.frac_bits
    if requant.overflow is Overflow.WRAP:
        return fmt.min_code, fmt.max_code
    largest = -(-bound >> dropped) if dropped > 0 else bound << -dropped
    above = 1 << largest.bit_length()
    return max(-above, fmt.min_code), min(above - 1, fmt.max_code)


def _rounded(total: Value, bits: int, rounding: Rounding) -> Value:
    if bits <= 0:
        return total << -bits
    match rounding:
        case Rounding.FLOOR:
            return floor_by_cases(total, bits)
        case Rounding.HALF_UP:
            return floor_by_cases(total + (1 << bits - 1), bits)
        case Rounding.HALF_EVEN:  # a tie goes up only if the bit that stays is odd
            odd = unsigned_by_cases(floor_by_cases(total, bits), 1)
            return floor_by_cases(total + (1 << bits - 1) - 1 + odd, bits)
        case Rounding.TOWARD_ZERO:
            negative = 1 - at_least(total)
            return floor_by_cases(total + negative * ((1 << bits) - 1), bits)
    assert_never(rounding)


def _limited(value: Value, requant: Requant) -> Value:
    fmt = requant.format
    match requant.overflow:
        case Overflow.FORBID:
            return value
        case Overflow.SATURATE:
            return clamp(value, fmt.min_code, fmt.max_code)
        case Overflow.WRAP:
            wrapped = signed_by_cases if fmt.signed else unsigned_by_cases
            return wrapped(value, fmt.width)
    assert_never(requant.overflow)
