# SPDX-License-Identifier: Apache-2.0
"""What a run says of speed: cycles between steps follow from the plan, and are compared with it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lmu_hw.plan import Plan, layer_cycles, step_cycles

__all__ = [
    "WARM_UP",
    "interleaved_throughput",
    "last_layer_throughput",
    "pacing_layer",
    "rounds_to_rhythm",
    "step_throughput",
    "steps_held_up",
]

WARM_UP = 4
"""Steps until the pipeline of layers is full."""

_VECTORS_WAITING = 2  # in front of each layer, and of the answers
_GAP = 4  # steps without any start, which only a full design makes where vectors wait

Starts = list[tuple[int, int]]
"""Layer and cycle of each start, in order."""


def step_throughput(
    plan: Plan, starts: Starts, taken: list[int], lasts: list[bool]
) -> tuple[int | None, str]:
    """Return the cycles between steps at full load, and a complaint if they are not the plan's.

    Looked at where the slowest layer starts a step that is not the last of its sequence, or where
    answers leave, if the beats of an answer take longer than any layer. Where a last step takes
    longer than others, it may hold up those that follow it, as many as there is room for on the way
    to the last layer.

    Parameters
    ----------
    plan : Plan
    starts : list of (layer, cycle)
        Those after the first steps were cut by a reset.
    taken : list of int
        Cycles in which answers that are packets had left; since the same reset.
    lasts : list of bool
        Whether each step at full load is the last one of its sequence.

    Returns
    -------
    cycles : int or None
        None if too few steps ran.
    complaint : str
    """
    planned = plan.cycles(last_step=False)
    slowest, held_up = plan.slowest_layer, steps_held_up(plan)
    times = [cycle for place, cycle in starts if place == slowest]
    if plan.answers_slowest:
        times = taken
    intervals = {
        after - before
        for number, (before, after) in enumerate(pairwise(times[: len(lasts)]))
        if number >= WARM_UP and not any(lasts[max(number - held_up, 0) : number + 1])
    }
    if not intervals:
        return None, ""
    measured = max(intervals)
    if intervals != {planned}:
        return measured, (
            f"a time step must take {planned} cycles at full load, but took {sorted(intervals)}"
        )
    return measured, ""


def interleaved_throughput(
    plan: Plan, starts: Starts, streams: NDArray[np.int64]
) -> tuple[int | float | None, str]:
    """Return the cycles between steps where all streams take turns, and a complaint.

    Looked at where the slowest layer starts the next step of a stream, after some rounds in which
    all streams took turns and no sequence ended.

    Parameters
    ----------
    plan : Plan
    starts : list of (layer, cycle)
        Those after the first steps were cut by a reset.
    streams : (steps,) int64
        Whose each step at full load is; -1 where it is the last one of a sequence.
    """
    count, planned = plan.stream.streams, step_cycles(plan)
    slowest = pacing_layer(plan)
    if slowest is None:
        return None, ""
    times = np.array([cycle for place, cycle in starts if place == slowest])
    streams = streams[: len(times)]
    # How far streams have taken turns, step after step.
    follows = (streams[1:] == (streams[:-1] + 1) % count) & (streams[1:] >= 0) & (streams[:-1] >= 0)
    breaks = np.concatenate([[0], 1 + np.flatnonzero(~follows)])
    since = (
        np.arange(len(streams)) - breaks[np.searchsorted(breaks, range(len(streams)), "right") - 1]
    )
    ends = np.flatnonzero(since >= rounds_to_rhythm(plan) * count)
    if not len(ends):
        return None, ""
    rounds = {int(cycles) for cycles in times[ends] - times[ends - count]}
    measured = max(rounds) // count if max(rounds) % count == 0 else max(rounds) / count
    if rounds != {int(planned * count)}:
        return measured, (
            f"{count} steps of {count} streams must take {planned * count} cycles at full load, "
            f"but took {sorted(rounds)}"
        )
    return measured, ""


def pacing_layer(plan: Plan) -> int | None:
    """Return the layer whose starts are the pace of several streams.

    None: vectors take longer to travel than any layer computes.
    """
    by_layer = list(map(layer_cycles, plan.every_step))
    planned = step_cycles(plan)
    return by_layer.index(planned) if planned in by_layer else None


def rounds_to_rhythm(plan: Plan) -> int:
    """Return the rounds of all streams until the pipeline of layers is in its rhythm."""
    held = 8 * plan.layers[0].contexts  # in front of the slowest layer, and on the way there
    return WARM_UP + -(-held // plan.stream.streams)


def steps_held_up(plan: Plan) -> int:
    """Return how many steps one may hold up that is the last of its sequence."""
    slower = plan.cycles(last_step=True) > plan.cycles(last_step=False)
    return _VECTORS_WAITING * len(plan.layers) if slower else 0


def last_layer_throughput(plan: Plan, starts: Starts, cycles_per_step: int) -> str:
    """Return a complaint if the last layer is not as fast as planned; empty if it is.

    The layers before it keep it waiting, except where answers were not taken until everything was
    full, and then are: two vectors wait for it, and it must compute them one after the other. That
    is where nothing started for longer than any other pause, and the last layer is the next to.

    Parameters
    ----------
    plan : Plan
    starts : list of (layer, cycle)
        Those between two resets, where the second one waits until nothing is inside.
    cycles_per_step : int
    """
    last = len(plan.layers) - 1
    if not last or any(layer.layer.last_only for layer in plan.layers):
        return ""
    layer = plan.layers[last]
    planned = max(layer.cycles(last_step=False), layer.output_beats + 1)
    if plan.stream.packets:
        planned = max(planned, plan.answer.beats)
    places, cycles = np.array(starts, np.int64).reshape(-1, 2).T
    waiting = np.cumsum((places == last - 1).astype(np.int64) - (places == last))
    gaps = np.diff(cycles) > _GAP * cycles_per_step
    released = 1 + np.flatnonzero(gaps & (places[1:] == last) & (waiting[:-1] >= 2))
    steps = np.flatnonzero(places == last)
    for first in released:
        following = steps[np.searchsorted(steps, first) + 1 :][:1]
        cycles_taken = cycles[following] - cycles[first]
        if (cycles_taken != planned).any():
            return (
                f"a step of {layer.layer.name} must take {planned} cycles where the next one "
                f"waits, but took {cycles_taken[0]}"
            )
    return ""
