# SPDX-License-Identifier: Apache-2.0
"""Plans that tests of hardware need: wide, whatever they cost."""

from __future__ import annotations

from lmu_hw.network import WHOLE_VECTORS, QuantizedNetwork, Stream
from lmu_hw.plan import Goal, Plan, Reloadable, choose_plan

__all__ = ["fastest_plan"]


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
