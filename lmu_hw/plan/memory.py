# SPDX-License-Identifier: Apache-2.0
"""The schedule of a structured memory, by the kind of its update."""

from __future__ import annotations

from lmu_hw.network import Scan, TwoPass, Update
from lmu_hw.plan.running import ScanPlan, TwoPassPlan, scan_lanes
from lmu_hw.plan.sweeps import SweepPlan, sweep_lanes

__all__ = ["MemoryPlan", "memory_lanes", "memory_plan"]

MemoryPlan = SweepPlan | ScanPlan | TwoPassPlan


def memory_lanes(update: Update, lanes: int | None, beat: int) -> list[int]:
    """Return the numbers of multipliers that a unit can be built with, in increasing order.

    Parameters
    ----------
    update : Update
    lanes : int or None
        Upper limit.
    beat : int
        Elements that leave the unit in one cycle.
    """
    if isinstance(update, Scan):
        return scan_lanes(lanes, beat)
    return [1] if isinstance(update, TwoPass) else sweep_lanes(update, lanes, beat)


def memory_plan(
    update: Update,
    *,
    segments: int,
    lanes: int,
    stall: int,
    reloadable: bool,
    interleaved: bool,
) -> MemoryPlan:
    """Return the schedule of a unit with `lanes` multipliers, one of `memory_lanes`.

    Segments may only be interleaved where nothing asks for their states in order.
    """
    if isinstance(update, Scan):
        return ScanPlan(
            update=update, segments=segments, lanes=lanes, stall=stall, reloadable=reloadable
        )
    if isinstance(update, TwoPass):
        return TwoPassPlan(update=update, segments=segments, stall=stall)
    return SweepPlan(
        update=update,
        segments=segments,
        lanes=lanes,
        stall=stall,
        reloadable=reloadable,
        interleaved=interleaved,
    )
