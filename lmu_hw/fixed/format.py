# SPDX-License-Identifier: Apache-2.0
"""The fixed-point format: which real numbers a stored integer stands for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from lmu_hw.checked import flag, whole
from lmu_hw.errors import FormatError

__all__ = ["FixedFormat"]

_MAX_WIDTH = 63  # codes live in int64; one bit is kept so that negation cannot overflow
_MAX_BITS = 1000  # 2**1000 is a float64
_PATTERN = re.compile(r"([su])Q(-?[0-9]{1,4})\.(-?[0-9]{1,4})")


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedFormat:
    """A fixed-point number format: ``value = code * 2**-frac_bits``.

    Prints as ``sQ0.15 (16 bits)``: signedness, integer bits, fraction bits, width.

    Parameters
    ----------
    signed : bool
        Two's complement if true.
    int_bits : int
        Bits left of the binary point, *without* the sign bit. May be negative.
    frac_bits : int
        Bits right of the binary point. May be negative.

    Raises
    ------
    FormatError
        If the width ``signed + int_bits + frac_bits`` is not within 1 and 63 bits, or the binary
        point is further than 1000 bits from the codes.
    """

    signed: bool
    int_bits: int
    frac_bits: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "signed", flag(self.signed, "signed", error=FormatError))
        for name in ("int_bits", "frac_bits"):
            bits = whole(getattr(self, name), name, error=FormatError)
            object.__setattr__(self, name, bits)
        if not 1 <= self.width <= _MAX_WIDTH:
            raise FormatError(
                f"the width of a format must be 1 to {_MAX_WIDTH} bits, not {self.width} ({self})"
            )
        if abs(self.frac_bits) > _MAX_BITS:
            raise FormatError(
                f"the fraction bits of a format must be -{_MAX_BITS} to {_MAX_BITS}, not "
                f"{self.frac_bits}"
            )

    @property
    def width(self) -> int:
        """Number of stored bits, sign included."""
        return int(self.signed) + self.int_bits + self.frac_bits

    @property
    def min_code(self) -> int:
        """Smallest code."""
        return -(1 << (self.width - 1)) if self.signed else 0

    @property
    def max_code(self) -> int:
        """Largest code."""
        return (1 << (self.width - int(self.signed))) - 1

    @property
    def ulp(self) -> float:
        """Real value of one code step."""
        return 2.0**-self.frac_bits

    @property
    def min_value(self) -> float:
        """Smallest real value."""
        return self.min_code * self.ulp

    @property
    def max_value(self) -> float:
        """Largest real value."""
        return self.max_code * self.ulp

    @property
    def max_magnitude(self) -> int:
        """Largest absolute value of a code."""
        return max(-self.min_code, self.max_code)

    @classmethod
    def parse(cls, text: str) -> FixedFormat:
        """Return the format written as ``sQ0.15`` or ``uQ8.0``.

        Raises
        ------
        FormatError
            If the text is not such a notation.
        """
        match = _PATTERN.fullmatch(text)
        if match is None:
            raise FormatError(f"a format must be written like sQ0.15 or uQ8.0, not {text!r}")
        sign, int_bits, frac_bits = match.groups()
        return cls(signed=sign == "s", int_bits=int(int_bits), frac_bits=int(frac_bits))

    @classmethod
    def of_width(cls, width: int, *, signed: bool, int_bits: int) -> FixedFormat:
        """Return the format of `width` bits in all with `int_bits` integer bits."""
        return cls(signed=signed, int_bits=int_bits, frac_bits=width - int(signed) - int_bits)

    @classmethod
    def spanning(cls, low: int, high: int, *, frac_bits: int) -> FixedFormat:
        """Return the smallest format whose codes include the integers `low` and `high`.

        Signed if `low` is negative, unsigned otherwise.
        """
        signed = low < 0
        magnitude = max((~code if code < 0 else code).bit_length() for code in (low, high))
        width = max(magnitude + int(signed), 1)
        return cls.of_width(width, signed=signed, int_bits=width - int(signed) - frac_bits)

    @classmethod
    def holding(cls, formats: Iterable[FixedFormat]) -> FixedFormat:
        """Return the smallest format that holds every value of several formats exactly."""
        members = list(formats)
        return cls(
            signed=any(fmt.signed for fmt in members),
            int_bits=max(fmt.int_bits for fmt in members),
            frac_bits=max(fmt.frac_bits for fmt in members),
        )

    def notation(self) -> str:
        """Return the text that `parse` reads back, such as ``sQ0.15``."""
        return f"{'s' if self.signed else 'u'}Q{self.int_bits}.{self.frac_bits}"

    def __str__(self) -> str:
        return f"{self.notation()} ({self.width} bits)"
