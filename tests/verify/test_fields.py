# SPDX-License-Identifier: Apache-2.0
"""Fields of JSON by kind and range; whatever else is there is refused by file, place and value."""

from __future__ import annotations

from fractions import Fraction

import pytest

from lmu_verify import BadFile
from lmu_verify.fields import Fields, Format, parse_json


def fields(**values) -> Fields:
    return Fields("a.json: memory", values)


@pytest.mark.parametrize("value", [True, 1.0, "1", None, -1, 8])
def test_an_integer_is_one_within_its_range(value):
    assert fields(n=7).integer("n", 0, 7) == 7
    with pytest.raises(BadFile, match="a.json: memory: n must be an integer from 0 to 7, not "):
        fields(n=value).integer("n", 0, 7)


@pytest.mark.parametrize("value", [1, 0, "true", None])
def test_a_flag_is_true_or_false(value):
    assert fields(f=False).flag("f") is False
    with pytest.raises(BadFile, match="f must be true or false"):
        fields(f=value).flag("f")


@pytest.mark.parametrize("value", ["c", 1, None, ["a"]])
def test_a_choice_is_one_of_the_texts(value):
    assert fields(c="a").choice("c", ("a", "b")) == "a"
    with pytest.raises(BadFile, match="c must be one of a, b, not "):
        fields(c=value).choice("c", ("a", "b"))


@pytest.mark.parametrize("value", [True, float("nan"), float("inf"), "1", None])
def test_a_number_is_finite_and_exact(value):
    assert fields(x=0.1).number("x") == Fraction(0.1)
    with pytest.raises(BadFile, match="x must hold finite numbers, not "):
        fields(x=value).number("x")


def test_a_list_of_numbers_has_its_length():
    assert fields(x=[1, 0.5]).numbers("x", 2) == [1, Fraction(1, 2)]
    with pytest.raises(BadFile, match="x must hold 3 numbers, not 2"):
        fields(x=[1, 0.5]).numbers("x", 3)


@pytest.mark.parametrize("value", [[8, 0], [-1, 0], [1, 4], [1, -1], [1], [1, 1, 1], [1.0, 1]])
def test_a_ratio_is_below_its_limit(value):
    assert fields(r=[7, 3]).ratio("r", 3) == Fraction(7, 8)
    with pytest.raises(BadFile, match=r"r must be \[n, k\] for n / 2\*\*k, n below 2\*\*3"):
        fields(r=value).ratio("r", 3)


def test_a_missing_or_an_unknown_field_is_named():
    with pytest.raises(BadFile, match="memory: n is missing"):
        fields().get("n")
    with pytest.raises(BadFile, match="memory must not have 'b'"):
        fields(a=1, b=2).known(["a"])


def test_parts_say_where_they_are():
    with pytest.raises(BadFile, match=r"a.json: memory: parts\[1\] must be an object, not 3"):
        fields(parts=[{}, 3]).objects("parts")


@pytest.mark.parametrize(
    ("text", "low", "high", "width"),
    [("sQ0.7", -128, 127, 8), ("uQ3.2", 0, 31, 5), ("sQ8.-4", -16, 15, 5), ("sQ0.0", -1, 0, 1)],
)
def test_a_format_has_its_codes(text, low, high, width):
    fmt = Format.parse("here", text)
    assert (fmt.min_code, fmt.max_code, fmt.width) == (low, high, width)
    assert fmt.magnitude == max(-low, high)


@pytest.mark.parametrize("text", ["Q0.7", "sQ0", "sq0.7", "sQ0.7 ", 7, None, "sQ0.00007"])
def test_what_is_no_format_is_refused(text):
    with pytest.raises(BadFile, match="here must be a format such as sQ0.15, not "):
        Format.parse("here", text)


@pytest.mark.parametrize("text", ["sQ0.63", "uQ0.0", "uQ1030.-1020"])
def test_a_format_has_1_to_63_bits(text):
    with pytest.raises(BadFile, match="here must be a format of 1 to 63 bits, not "):
        Format.parse("here", text)


@pytest.mark.parametrize(
    "value",
    [
        ["sQ0.7", "floor"],
        ["sQ0.7", "up", "wrap"],
        ["sQ0.7", "floor", "clip"],
    ],
)
def test_a_narrowing_names_modes_that_exist(value):
    good = fields(n=["sQ0.7", "floor", "wrap"]).narrowing("n")
    assert good.error == Fraction(1, 128)
    with pytest.raises(BadFile, match=r"n must be \[format, rounding, overflow\]"):
        fields(n=value).narrowing("n")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"a": 1, "b": 2, "a": 3}', "it has 'a' twice"),
        ("[Infinity]", "it holds Infinity"),
        ("9" * 401, "it holds an integer of 401 digits"),
        ("[" * 100_000, "recursion"),
        ("{", "Expecting"),
    ],
)
def test_json_that_might_be_read_in_two_ways_is_refused(text, reason):
    with pytest.raises(BadFile, match=f"here must be JSON, but .*{reason}"):
        parse_json("here", text)
