# SPDX-License-Identifier: Apache-2.0
"""A narrowing names what it does."""

from __future__ import annotations

from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding


def test_a_narrowing_prints_everything_it_does():
    fmt = FixedFormat(signed=True, int_bits=0, frac_bits=7)
    requant = Requant(format=fmt, rounding=Rounding.HALF_EVEN, overflow=Overflow.WRAP)
    assert str(requant) == "sQ0.7 (8 bits), half_even, wrap"
