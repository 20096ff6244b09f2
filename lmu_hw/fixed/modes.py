# SPDX-License-Identifier: Apache-2.0
"""Rounding and overflow modes, and the narrowing of a sum that names both."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from lmu_hw.checked import member
from lmu_hw.errors import FormatError
from lmu_hw.fixed.format import FixedFormat

__all__ = ["Overflow", "Requant", "Rounding"]


class Rounding(Enum):
    """What happens to dropped fraction bits."""

    FLOOR = "floor"
    """Towards minus infinity: the arithmetic shift."""
    HALF_UP = "half_up"
    """To nearest, ties towards plus infinity."""
    HALF_EVEN = "half_even"
    """To nearest, ties to the even code (convergent)."""
    TOWARD_ZERO = "toward_zero"
    """Towards zero."""


class Overflow(Enum):
    """What happens to a rounded code outside the format."""

    WRAP = "wrap"
    """Keep the low bits (two's complement)."""
    SATURATE = "saturate"
    """Clamp to the nearest limit; every event is counted."""
    FORBID = "forbid"
    """Proved impossible: hardware spends no gate, the golden model raises if it happens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requant:
    """A narrowing: the format arrived at, how it rounds, and what overflow does.

    Rounds first, then handles overflow. No mode has a default; each may be given by its value.

    Raises
    ------
    FormatError
        If a mode is not among the choices.
    """

    format: FixedFormat
    rounding: Rounding
    overflow: Overflow

    def __post_init__(self) -> None:
        if not isinstance(self.format, FixedFormat):
            raise FormatError(f"a narrowing must have a FixedFormat, not {self.format!r}")
        for name, kind in (("rounding", Rounding), ("overflow", Overflow)):
            mode = member(getattr(self, name), f"the {name}", kind, error=FormatError)
            object.__setattr__(self, name, mode)

    def __str__(self) -> str:
        return f"{self.format}, {self.rounding.value}, {self.overflow.value}"
