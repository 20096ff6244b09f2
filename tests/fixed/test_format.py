# SPDX-License-Identifier: Apache-2.0
"""The fixed-point format: notation, limits, and what cannot exist."""

from __future__ import annotations

import re

import pytest

from lmu_hw.errors import FormatError
from lmu_hw.fixed import FixedFormat

SMALL = [
    FixedFormat.of_width(width, signed=signed, int_bits=int_bits)
    for width in range(1, 9)
    for signed in (False, True)
    for int_bits in range(-3, 12)
]


def test_notation_is_read_back():
    for fmt in SMALL:
        assert FixedFormat.parse(fmt.notation()) == fmt


def test_text_shows_the_width():
    assert str(FixedFormat(signed=True, int_bits=0, frac_bits=15)) == "sQ0.15 (16 bits)"
    assert str(FixedFormat(signed=False, int_bits=-2, frac_bits=9)) == "uQ-2.9 (7 bits)"


@pytest.mark.parametrize(
    "text",
    ["", "Q0.15", "sQ0", "sq0.15", "sQ0.15 ", "sQ+1.2", "tQ0.1", "sQ0.1.2", "sQ٣.٤", "sQ00000.1"],
)
def test_text_that_is_no_notation_is_refused(text):
    message = f"a format must be written like sQ0.15 or uQ8.0, not {text!r}"
    with pytest.raises(FormatError, match=re.escape(message)):
        FixedFormat.parse(text)


@pytest.mark.parametrize(("int_bits", "frac_bits"), [(0, -1), (40, 23), (-5, 4)])
def test_a_width_outside_1_to_63_is_refused(int_bits, frac_bits):
    with pytest.raises(FormatError, match=r"the width of a format must be 1 to 63 bits, not"):
        FixedFormat(signed=True, int_bits=int_bits, frac_bits=frac_bits)


@pytest.mark.parametrize("frac_bits", [-1001, 1001])
def test_a_binary_point_too_far_away_is_refused(frac_bits):
    with pytest.raises(FormatError, match=r"fraction bits of a format must be -1000 to 1000, not"):
        FixedFormat(signed=False, int_bits=8 - frac_bits, frac_bits=frac_bits)


def test_codes_fill_the_width():
    for fmt in SMALL:
        assert fmt.max_code - fmt.min_code + 1 == 2**fmt.width
        assert fmt.min_code == (-(2 ** (fmt.width - 1)) if fmt.signed else 0)


def test_values_are_codes_times_the_ulp():
    for fmt in SMALL:
        assert fmt.min_value == fmt.min_code * fmt.ulp
        assert fmt.max_value == fmt.max_code * fmt.ulp
        assert fmt.max_magnitude == max(abs(fmt.min_code), abs(fmt.max_code))


def test_int_bits_exclude_the_sign():
    fmt = FixedFormat(signed=True, int_bits=3, frac_bits=2)
    assert (fmt.width, fmt.min_value, fmt.max_value) == (6, -8.0, 7.75)


def test_of_width_fixes_the_fraction():
    fmt = FixedFormat.of_width(16, signed=True, int_bits=2)
    assert fmt == FixedFormat(signed=True, int_bits=2, frac_bits=13)


def test_spanning_is_the_smallest_format_that_holds_both():
    for low in range(-20, 21):
        for high in range(low, 21):
            fmt = FixedFormat.spanning(low, high, frac_bits=5)
            assert fmt.frac_bits == 5
            assert fmt.signed == (low < 0)
            assert fmt.min_code <= low <= high <= fmt.max_code
            if fmt.width > 1:
                smaller = FixedFormat.of_width(
                    fmt.width - 1, signed=fmt.signed, int_bits=fmt.int_bits - 1
                )
                assert not smaller.min_code <= low <= high <= smaller.max_code
