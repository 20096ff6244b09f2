# SPDX-License-Identifier: Apache-2.0
"""Plans that tests need: the fastest, whatever it costs; and all that there are."""

from __future__ import annotations

from itertools import product

from lmu_hw.network import WHOLE_VECTORS, QuantizedLayer, QuantizedNetwork, Stream
from lmu_hw.plan import Goal, LayerPlan, Plan, Reloadable, choose_plan

__all__ = ["MOST", "every_plan", "fastest_plan"]


MOST = 12
"""Multipliers of a unit, of all plans that are looked at."""


def every_plan(layer: QuantizedLayer, beat: int, lanes: int = MOST) -> list[LayerPlan]:
    """Return all plans of a layer with at most so many multipliers in each unit."""
    shapes = product(range(beat, lanes + 1, beat), (beat << n for n in range(4)))
    return [
        LayerPlan(layer=layer, rows=rows, columns=columns, beat=beat, memory_lanes=memory_lanes)
        for rows, columns in shapes
        for memory_lanes in range(1, lanes + 1 if layer.structured else 2)
        if rows * columns <= lanes
    ]


def fastest_plan(
    network: QuantizedNetwork,
    lanes: int | None,
    *,
    reloadable: Reloadable = Reloadable.NONE,
    stream: Stream = WHOLE_VECTORS,
) -> Plan:
    """Return the fastest plan of at most so many multipliers: with beats as wide as they can be."""
    goal = Goal(lanes="full" if lanes is None else lanes)
    return choose_plan(network, goal, reloadable=reloadable, stream=stream).options[0].plan
