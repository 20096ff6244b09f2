# SPDX-License-Identifier: Apache-2.0
"""What the terminal says of a simulation."""

from __future__ import annotations

import pytest

from lmu_hw.cli.tables.simulation import simulation_table
from lmu_hw.records import decode
from lmu_hw.simulate import Result
from tests.printed import printed
from tests.reports import RUN

FIRST = {"node": "lmu.u", "sequence": 2, "step": 7, "index": 1, "expected": 5, "got": None}


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
