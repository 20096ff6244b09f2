# SPDX-License-Identifier: Apache-2.0
"""Records from JSON: every field by its type hint, every fault by its name."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import pytest

from lmu_hw.records import record


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
    whole = record(Outer, WHOLE)
    assert whole.parts == (Inner(count=2, share=0.5),)
    assert whole.place == (1, 2) and whole.rest is None
    assert record(Outer, {**asdict(whole), "parts": WHOLE["parts"], "place": [1, 2]}) == whole


def test_integers_are_numbers_but_numbers_are_no_integers():
    (value, _) = record(Outer, WHOLE).values
    assert isinstance(value, float)
    with pytest.raises(ValueError, match=r"inner\.count must be an integer, not 1\.0"):
        record(Outer, {**WHOLE, "inner": {"count": 1.0, "share": None}})


WRONG = {
    "name": (3, "name must be a string, not 3"),
    "flag": (1, "flag must be true or false, not 1"),
    "inner": ([], r"inner must be a JSON object, not \[\]"),
    "parts": ([{"count": True, "share": 1}], r"parts\[0\]\.count must be an integer, not True"),
    "place": ([1, 2, 3], r"place must be a list of 2, not \[1, 2, 3\]"),
    "values": ([1, float("nan")], r"values\[1\] must be a finite number, not nan"),
    "table": ({"a": [None]}, r"table\.a\[0\] must be an integer, not None"),
}


@pytest.mark.parametrize("field", WRONG)
def test_a_wrong_value_is_named(field):
    value, message = WRONG[field]
    with pytest.raises(ValueError, match=f"^{message}$"):
        record(Outer, {**WHOLE, field: value})


def test_a_number_beyond_float64_is_refused():
    with pytest.raises(ValueError, match=r"values\[0\] must be a number that float64 holds"):
        record(Outer, {**WHOLE, "values": [10**400]})


@pytest.mark.parametrize("field", WHOLE)
def test_a_renamed_field_is_named(field):
    renamed = {("x" if name == field else name): value for name, value in WHOLE.items()}
    with pytest.raises(ValueError, match="^x is a key that nobody knows$"):
        record(Outer, renamed)
    with pytest.raises(ValueError, match=f"^here.{field} is missing$"):
        record(Outer, renamed, "here", part=True)


@pytest.mark.parametrize("entry", [None, 3, [], "text"])
def test_what_is_no_object_is_refused(entry):
    with pytest.raises(ValueError, match="^it must be a JSON object, not "):
        record(Outer, entry)
