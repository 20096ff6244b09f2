# SPDX-License-Identifier: Apache-2.0
"""JSON of a report: sorted, one line for a list of numbers, nothing that JSON does not know."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from lmu_hw.report.json_file import VERSION, to_json


@dataclass(frozen=True)
class Entry:
    """What is written."""

    b: tuple[float, ...]
    a: dict[str, tuple[int, ...]]


ENTRY = Entry(b=(0.5, 1.0), a={"y": (2,), "x": ()})


def test_keys_are_sorted_and_lists_of_numbers_take_a_line():
    assert to_json(ENTRY) == (
        '{\n  "a": {\n    "x": [],\n    "y": [2]\n  },\n'
        f'  "b": [0.5, 1.0],\n  "version": {VERSION}\n}}\n'
    )


def test_more_stands_beside_it():
    assert json.loads(to_json(ENTRY, verdict="good"))["verdict"] == "good"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_does_not_know_is_refused(value):
    with pytest.raises(ValueError):
        to_json(Entry(b=(value,), a={}))
