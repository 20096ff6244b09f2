# SPDX-License-Identifier: Apache-2.0
"""Records as JSON values and as TOML: read back to equal ones."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lmu_hw.fixed import Requant
from lmu_hw.records import OMIT, decode, encode
from tests.records.examples import REQUANT, WHOLE, Whole


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
