# SPDX-License-Identifier: Apache-2.0
"""What makes the clocks of boards: by the formulas and limits of the devices' data sheets."""

from __future__ import annotations

import re

import pytest

from lmu_hw.boards.clocks import clock_cell
from lmu_hw.errors import ConfigError


def numbers(family: str, oscillator: float, mhz: float, *names: str) -> list[int]:
    text = "".join(clock_cell(family, oscillator, mhz).lines)
    return [int(re.search(rf"\.{name}\((?:\d+'d)?(\d+)\)", text)[1]) for name in names]


@pytest.mark.parametrize("mhz", [18, 24, 30, 36, 48])
def test_a_pll_of_ice40_makes_the_clock_within_its_limits(mhz):
    r, f, q, ranged = numbers("ice40", 12.0, mhz, "DIVR", "DIVF", "DIVQ", "FILTER_RANGE")
    oscillator = 12.0 / (r + 1)
    assert 10 <= oscillator <= 133
    assert ranged == 1  # below 17 MHz
    assert 533 <= oscillator * (f + 1) <= 1066
    assert oscillator * (f + 1) / 2**q == pytest.approx(mhz, rel=1e-3)
    assert clock_cell("ice40", 12.0, mhz).mhz == oscillator * (f + 1) / 2**q


@pytest.mark.parametrize("mhz", [10, 50, 62.5, 80, 120])
def test_a_pll_of_ecp5_makes_the_clock_within_its_limits(mhz):
    i, f, op = numbers("ecp5", 25.0, mhz, "CLKI_DIV", "CLKFB_DIV", "CLKOP_DIV")
    assert 25.0 / i >= 3.125
    assert 25.0 * f / i == mhz
    assert 400 <= mhz * op <= 800


def test_the_clock_of_the_pin_needs_no_pll():
    assert "PLL" not in "".join(clock_cell("ecp5", 25.0, 25.0).lines)


@pytest.mark.parametrize(
    ("family", "oscillator", "mhz", "message"),
    [
        ("ice40", None, 20.0, "one of 48, 24, 12, 6 MHz"),
        ("ice40", 12.0, 5.0, "can be made of 12 MHz, not 5; the closest is 8.4"),
        ("ecp5", 25.0, 900.0, "can be made of 25 MHz, not 900"),
    ],
)
def test_a_clock_that_cannot_be_made_is_refused(family, oscillator, mhz, message):
    with pytest.raises(ConfigError, match=message):
        clock_cell(family, oscillator, mhz)
