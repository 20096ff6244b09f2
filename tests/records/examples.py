# SPDX-License-Identifier: Apache-2.0
"""A record of records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding
from lmu_hw.records import stored

FORMAT = FixedFormat(signed=True, int_bits=0, frac_bits=7)
REQUANT = Requant(format=FORMAT, rounding=Rounding.FLOOR, overflow=Overflow.WRAP)


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part that may have more."""

    output: FixedFormat | None = None
    requant: Requant = field(metadata=stored(flat=True))
    steps: int = field(default=0, metadata=stored(sparse=True, note="in all"))
    why: tuple[str, ...] = field(default=(), compare=False, metadata=stored(head=True))


@dataclass(frozen=True, kw_only=True)
class Whole:
    """Parts by name."""

    scale: Fraction = field(metadata=stored("input_scale", note="a fraction"))
    share: float
    parts: Mapping[str, Part]
    widths: Mapping[str, FixedFormat]
    text: str | None = field(default=None, compare=False, metadata=stored(aside=True))


WHOLE = Whole(
    scale=Fraction(1, 255),
    share=0.1,
    parts={
        "a.u": Part(requant=REQUANT, output=None, why=("because", "so")),
        "b": Part(requant=REQUANT, output=FORMAT, steps=3),
    },
    widths={"x[t-1]": FORMAT},
    text="not in a file",
)
