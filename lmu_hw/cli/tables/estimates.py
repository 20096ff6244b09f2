# SPDX-License-Identifier: Apache-2.0
"""What a plan is estimated to take of a chip, in lines for the terminal and for a configuration."""

from __future__ import annotations

from math import ceil

from lmu_hw.plan import Area, Chip, Estimate, Goal, Plan
from lmu_hw.plan.estimate import calibration, estimate_of

__all__ = ["estimate_lines"]


def estimate_lines(plan: Plan, target: str | None = None) -> list[str]:
    """Return area by layer, clock, and how far estimates were from what was measured.

    Parameters
    ----------
    plan : Plan
    target : str or None
        What chip it is estimated for; None: an ECP5.
    """
    chip = Goal(target=target).chip
    expected = estimate_of(plan, chip)
    areas = {**expected.layers, "ports and answers": expected.ports, "in all": expected.total}
    return [
        f"estimated before synthesis, for {chip.device}:",
        *(f"  {name}: {_words(area)}" for name, area in areas.items()),
        f"  clock: {_clock(expected, plan)}",
        f"{_errors(chip)}{_of_options(plan)}; lmu-hw implement measures",
    ]


def _clock(expected: Estimate, plan: Plan) -> str:
    if expected.mhz is None:
        return "not known: there is no place and route for this target"
    rate = 1e6 * expected.mhz / plan.cycles(last_step=False)
    return f"{expected.mhz:.0f} MHz, {rate:,.0f} time steps a second"


def _errors(chip: Chip) -> str:
    """Say how far estimates were from what was measured."""
    by = calibration()
    if chip.checked is None:
        designs, done, worst = len(by.held_out), "placed and routed", by.worst
    else:
        designs, done, worst = chip.checked.designs, "synthesised", chip.checked
    text = (
        f"of {designs} designs that were {done} to test it, this was off by at most "
        f"{_percent(worst.lut)} in LUT, {_percent(worst.ff)} in FF"
    )
    if chip.checked is None:
        return f"{text}, {_percent(worst.mhz)} in MHz"
    if worst.mhz:
        routed = f"{chip.checked.routed} that were placed and routed"
        text += f", and of {routed} {_percent(worst.mhz)} in MHz"
    return text


def _of_options(plan: Plan) -> str:
    """Say how far they were from designs with registers, access to states, or streams."""
    checked = calibration().options
    if checked is None or not (plan.registers or plan.state_access or plan.stream.streams > 1):
        return ""
    return (
        f"; of {checked.designs} with registers, access to states or several streams, synthesised, "
        f"{_percent(checked.lut)} in LUT, {_percent(checked.ff)} in FF"
    )


def _words(area: Area) -> str:
    return (
        f"{area.lut:,.0f} LUT, {area.ff:,.0f} FF, {area.block_ram:g} block RAM, "
        f"{area.dsp:g} multipliers"
    )


def _percent(error: float) -> str:
    return f"{ceil(100 * error)} %"
