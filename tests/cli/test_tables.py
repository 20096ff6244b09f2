# SPDX-License-Identifier: Apache-2.0
"""What the terminal says of a simulation and of claims."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from lmu_hw.cli.tables import choice_table, claims_table, simulation_table
from lmu_hw.records import decode
from lmu_hw.simulate import Result
from lmu_verify import Verdict
from tests.reports import RUN

FIRST = {"node": "lmu.u", "sequence": 2, "step": 7, "index": 1, "expected": 5, "got": None}


def printed(table) -> str:
    console = Console(width=160, file=io.StringIO(), record=True)
    console.print(table)
    return console.export_text()


@pytest.mark.parametrize(
    ("changes", "texts"),
    [
        ({}, ["equal", "5,234"]),
        (
            {"mismatches": 3, "first_mismatch": FIRST},
            [
                "DIFFERENT",
                "first mismatch at lmu.u[1], sequence 2, step 7: expected 5, got nothing or an",
            ],
        ),
        ({"words_compared": 0}, ["DIFFERENT"]),
        ({"failure": "tvalid fell"}, ["DIFFERENT", "Icarus Verilog: tvalid fell"]),
        (
            {"input_steps": 4, "input_steps_given": 9_000},
            ["equal", "ran 4 of the 9,000 steps of your data; --max-cycles 0 runs all"],
        ),
    ],
)
def test_a_simulation_is_told_with_all_that_is_wrong_with_it(changes, texts):
    result = decode(Result, RUN | changes)
    text = printed(simulation_table([result]))
    assert [part for part in texts if part not in text] == []
    assert ("DIFFERENT" in text) != result.passed


def test_a_claim_that_does_not_hold_stands_out():
    verdicts = [
        Verdict(memory="lmu.m", claim="range", holds=True, detail="fits"),
        Verdict(memory="lmu.m", claim="stability", holds=False, detail="does not fit"),
    ]
    rows = [line.split() for line in printed(claims_table(verdicts)).splitlines()]
    assert [row[5] for row in rows if "lmu.m" in row] == ["yes", "NO"]


@pytest.mark.parametrize(("reason", "columns"), [("", 12), ("LUT", 13)])
def test_every_column_of_the_plans_has_a_heading(reason, columns):
    numbers = (
        "lanes",
        "multipliers",
        "beat",
        "cycles",
        "rom_bits",
        "lut",
        "ff",
        "block_ram",
        "dsp",
    )
    option = dict.fromkeys(numbers, 1) | {"mhz": 100.0, "samples_per_second": 1e5}
    option |= {"chosen": True, "does_not_fit": reason}
    table = choice_table({"estimated_for": "a chip", "options": [option]})
    assert len(table.columns) == columns
