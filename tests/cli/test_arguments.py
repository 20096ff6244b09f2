# SPDX-License-Identifier: Apache-2.0
"""Texts of the command line: numbers, ranges of bits, and what goes through to the checks."""

from __future__ import annotations

import argparse

import pytest

from lmu_hw.cli.arguments import bit_range, number


@pytest.mark.parametrize(
    ("text", "value"), [("8", 8), ("-3", -3), ("1e3", 1000.0), ("0.5", 0.5), ("many", "many")]
)
def test_a_number_is_read_and_other_texts_are_left_to_the_checks(text, value):
    read = number(text)
    assert read == value and type(read) is type(value)


@pytest.mark.parametrize(
    ("text", "bits"), [("8", 8), ("4:6", [4, 5, 6]), ("4:9:2", [4, 6, 8]), ("7:7", [7])]
)
def test_a_range_of_bits_has_both_ends(text, bits):
    assert bit_range(text) == bits


@pytest.mark.parametrize("text", ["eight", "4:", ":8", "4:8:2:1", "4:x", "-4:8"])
def test_what_is_no_range_is_refused_with_examples(text):
    with pytest.raises(argparse.ArgumentTypeError, match="must be bits such as 8, 4:12 or 4:12:2"):
        bit_range(text)


@pytest.mark.parametrize("text", ["8:4", "4:8:0"])
def test_a_range_goes_up(text):
    with pytest.raises(argparse.ArgumentTypeError, match="must go up, in steps of at least 1"):
        bit_range(text)
