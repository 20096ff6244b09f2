# SPDX-License-Identifier: Apache-2.0
"""Records as JSON values and as TOML: read back to equal ones."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding
from lmu_hw.records import OMIT, decode, encode, stored, toml_lines

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


def test_a_record_becomes_json_and_comes_back():
    entry = encode(WHOLE)
    assert entry["input_scale"] == "1/255" and "text" not in entry
    assert entry["parts"]["a.u"] == {
        "output": None,
        "format": "sQ0.7",
        "rounding": "floor",
        "overflow": "wrap",
    }
    assert decode(Whole, json.loads(json.dumps(entry))) == WHOLE


def test_a_record_becomes_a_list_of_its_fields():
    assert encode((REQUANT,), lists=(Requant,)) == [["sQ0.7", "floor", "wrap"]]
    assert decode(Requant, ["sQ0.7", "floor", "wrap"], lists=(Requant,)) == REQUANT
    with pytest.raises(ValueError, match=r"^a must be a list \[format, rounding, overflow\], not "):
        decode(Requant, ["sQ0.7", "floor"], "a", lists=(Requant,))
    with pytest.raises(ValueError, match=r"^a\.rounding must be one of floor, "):
        decode(Requant, ["sQ0.7", "up", "wrap"], "a", lists=(Requant,))


def test_numbers_are_those_of_json():
    assert encode([np.float64(1 / 3), np.int8(3), True], digits=3) == [
        0.333,
        3,
        True,
    ]
    with pytest.raises(TypeError, match="a record must not hold 1j"):
        encode([1j])


TOML = """input_scale = "1/255"  # a fraction
share = 0.1

[parts."a.u"]
# because
# so
format = "sQ0.7"  # 8 bits
rounding = "floor"
overflow = "wrap"
steps = 0  # in all

[parts."b"]
output = "sQ0.7"  # 8 bits
format = "sQ0.7"  # 8 bits
rounding = "floor"
overflow = "wrap"
steps = 3  # in all

[widths]
"x[t-1]" = "sQ0.7"  # 8 bits
"""


def test_a_record_becomes_commented_toml_and_comes_back():
    text = "\n".join(toml_lines(WHOLE, shown=lambda path, key: path[-1:] == ("a.u",))) + "\n"
    assert text == TOML
    assert decode(Whole, tomllib.loads(text)) == WHOLE


@dataclass(frozen=True, kw_only=True)
class Named:
    """An array, and another one that the header does not mention."""

    name: str
    codes: NDArray[np.int64]
    more: NDArray[np.int64]


def test_arrays_stand_beside_the_header():
    arrays: dict[str, Any] = {}

    def put(array: NDArray[Any], trail: tuple[tuple[Any, str], ...]) -> object:
        record, name = trail[-1]
        arrays[f"{record.name}/{name}"] = array
        return OMIT if name == "more" else f"{record.name}/{name}"

    named = Named(name="a", codes=np.arange(3), more=np.arange(2))
    assert encode(named, put=put) == {"name": "a", "codes": "a/codes"}
    assert list(arrays) == ["a/codes", "a/more"]
    entry = {"name": "a", "codes": "a/codes", "more": "a/more"}
    read = decode(Named, entry, get=arrays.__getitem__)
    assert read.codes is named.codes and read.more is named.more


def test_an_array_that_is_not_there_is_named():
    def get(name: object) -> None:
        raise ValueError(f"must be known, not {name!r}")

    with pytest.raises(ValueError, match=r"^a\.codes: must be known, not 3$"):
        decode(Named, {"name": "a", "codes": 3, "more": 3}, "a", get=get)
