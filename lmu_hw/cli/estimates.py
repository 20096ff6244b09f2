# SPDX-License-Identifier: Apache-2.0
"""What a plan is estimated to take of a chip, in lines for the terminal and for a configuration."""

from __future__ import annotations

from math import ceil

from lmu_hw.plan import Area, Plan
from lmu_hw.plan.estimate import calibration, estimate_of

__all__ = ["estimate_lines"]


def estimate_lines(plan: Plan) -> list[str]:
    """Return area by layer, clock, and how far estimates were from what was measured."""
    expected, by = estimate_of(plan), calibration()
    areas = {**expected.layers, "ports and answers": expected.ports, "in all": expected.total}
    rate = 1e6 * expected.mhz / plan.cycles(last_step=False)
    worst = by.worst
    return [
        f"estimated before synthesis, for {by.device}:",
        *(f"  {name}: {_words(area)}" for name, area in areas.items()),
        f"  clock: {expected.mhz:.0f} MHz, {rate:,.0f} time steps a second",
        f"of {len(by.held_out)} designs that were placed and routed to test it, this was off by at "
        f"most {_percent(worst.lut)} in LUT, {_percent(worst.ff)} in FF, {_percent(worst.mhz)} in "
        "MHz; lmu-hw implement measures",
    ]


def _words(area: Area) -> str:
    return (
        f"{area.lut:,.0f} LUT, {area.ff:,.0f} FF, {area.block_ram:g} block RAM, "
        f"{area.dsp} multipliers"
    )


def _percent(error: float) -> str:
    return f"{ceil(100 * error)} %"
