# SPDX-License-Identifier: Apache-2.0
"""Records from JSON values: every field by its type hint, every fault by its name."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from enum import Enum
from fractions import Fraction
from typing import Any, ClassVar

import pytest

from lmu_hw.fixed import FixedFormat
from lmu_hw.records import decode


@dataclass(frozen=True, kw_only=True)
class Inner:
    """A part."""

    count: int
    share: float | None


@dataclass(frozen=True, kw_only=True)
class Outer:
    """A whole."""

    name: str
    flag: bool
    inner: Inner | None
    parts: tuple[Inner, ...]
    place: tuple[int, int]
    values: list[float]
    table: dict[str, list[int]]
    rest: Any = None


WHOLE = {
    "name": "a",
    "flag": True,
    "inner": {"count": 1, "share": None},
    "parts": [{"count": 2, "share": 0.5}],
    "place": [1, 2],
    "values": [1, 2.5],
    "table": {"a": [1]},
}


def test_a_record_reads_back_to_an_equal_one():
    whole = decode(Outer, WHOLE)
    assert whole.parts == (Inner(count=2, share=0.5),)
    assert whole.place == (1, 2) and whole.rest is None
    assert decode(Outer, {**asdict(whole), "parts": WHOLE["parts"], "place": [1, 2]}) == whole


def test_integers_are_numbers_but_numbers_are_no_integers():
    (value, _) = decode(Outer, WHOLE).values
    assert isinstance(value, float)
    with pytest.raises(ValueError, match=r"inner\.count must be an integer, not 1\.0"):
        decode(Outer, {**WHOLE, "inner": {"count": 1.0, "share": None}})


WRONG = {
    "name": (3, "name must be a string, not 3"),
    "flag": (1, "flag must be true or false, not 1"),
    "inner": ([], r"inner must be an object, not \[\]"),
    "parts": ([{"count": True, "share": 1}], r"parts\[0\]\.count must be an integer, not True"),
    "place": ([1, 2, 3], r"place must be a list of 2, not \[1, 2, 3\]"),
    "values": ([1, float("nan")], r"values\[1\] must be a finite number, not nan"),
    "table": ({"a": [None]}, r"table\.a\[0\] must be an integer, not None"),
}


@pytest.mark.parametrize("field", WRONG)
def test_a_wrong_value_is_named(field):
    value, message = WRONG[field]
    with pytest.raises(ValueError, match=f"^{message}$"):
        decode(Outer, {**WHOLE, field: value})


def test_a_number_beyond_float64_is_refused():
    with pytest.raises(ValueError, match=r"values\[0\] must be a number that float64 holds"):
        decode(Outer, {**WHOLE, "values": [10**400]})


@pytest.mark.parametrize("field", WHOLE)
def test_a_renamed_field_is_named(field):
    renamed = {("x" if name == field else name): value for name, value in WHOLE.items()}
    with pytest.raises(ValueError, match="^x is a key that nobody knows$"):
        decode(Outer, renamed)
    with pytest.raises(ValueError, match=f"^here.{field} is missing$"):
        decode(Outer, renamed, "here", part=True)


@pytest.mark.parametrize("entry", [None, 3, [], "text"])
def test_what_is_no_object_is_refused(entry):
    with pytest.raises(ValueError, match="^it must be an object, not "):
        decode(Outer, entry)


class Colour(Enum):
    """A closed set."""

    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, kw_only=True)
class Round:
    """A shape that is known by its tag."""

    kind: ClassVar[str] = "round"

    radius: Fraction

    def __post_init__(self) -> None:
        if self.radius > 5:
            raise ValueError(f"`radius` must be at most 5, not {self.radius}")


@dataclass(frozen=True, kw_only=True)
class Square:
    """Another one."""

    kind: ClassVar[str] = "square"

    side: FixedFormat


@dataclass(frozen=True, kw_only=True)
class Painted:
    """A shape and its paint: what has a colour alone, or a price alone."""

    shape: Round | Square
    paint: Colour
    label: Inner | Priced | None


@dataclass(frozen=True, kw_only=True)
class Priced:
    """A part that is known by its keys."""

    price: int


PAINTED = {
    "shape": {"kind": "round", "radius": "1/3"},
    "paint": "blue",
    "label": {"price": 3},
}


def test_closed_sets_are_read():
    assert decode(Painted, PAINTED) == Painted(
        shape=Round(radius=Fraction(1, 3)), paint=Colour.BLUE, label=Priced(price=3)
    )
    square = decode(Painted, {**PAINTED, "shape": {"kind": "square", "side": "sQ0.15"}})
    assert square.shape == Square(side=FixedFormat(signed=True, int_bits=0, frac_bits=15))
    assert decode(Painted, {**PAINTED, "label": None}).label is None


REFUSED = {
    "another kind": (
        {"shape": {"kind": "oval", "radius": "1"}},
        "shape.kind must be one of round, square, not 'oval'",
    ),
    "no kind": ({"shape": {"radius": "1"}}, "shape.kind must be one of round, square, not None"),
    "a kind's other key": (
        {"shape": {"kind": "square", "radius": "1"}},
        "shape.radius is a key that nobody knows",
    ),
    "a record's own rule": (
        {"shape": {"kind": "round", "radius": "6"}},
        "shape: radius must be at most 5, not 6",
    ),
    "no fraction": (
        {"shape": {"kind": "round", "radius": "1/0"}},
        "shape.radius must be a number such as 1/255, not '1/0'",
    ),
    "no text": (
        {"shape": {"kind": "round", "radius": 1}},
        "shape.radius must be a string, not 1",
    ),
    "no format": (
        {"shape": {"kind": "square", "side": "Q"}},
        "shape.side: a format must be written like sQ0.15 or uQ8.0, not 'Q'",
    ),
    "no member": ({"paint": "RED"}, "paint must be one of red, blue, not 'RED'"),
    "keys of none": (
        {"label": {"pric": 3}},
        "label must be an object with count/share or an object with price, not {'pric': 3}",
    ),
    "keys of both": (
        {"label": {"price": 3, "count": 1}},
        "label must be an object with count/share or an object with price, not ",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_in_no_closed_set_is_named(case):
    change, message = REFUSED[case]
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        decode(Painted, {**PAINTED, **change})


def test_a_list_of_records_is_read():
    assert decode(tuple[Priced, ...], [{"price": 1}]) == (Priced(price=1),)
    with pytest.raises(ValueError, match=r"^\[1\]\.price is missing$"):
        decode(tuple[Priced, ...], [{"price": 1}, {}])


def test_keys_that_are_no_names_are_quoted():
    with pytest.raises(ValueError, match=r'^table\."lmu0.m"\[0\] must be an integer, not None$'):
        decode(Outer, {**WHOLE, "table": {"lmu0.m": [None]}})
