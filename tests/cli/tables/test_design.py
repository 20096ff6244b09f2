# SPDX-License-Identifier: Apache-2.0
"""What the terminal says of a design."""

from __future__ import annotations

import pytest

from lmu_hw.cli.tables.design import choice_table


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
