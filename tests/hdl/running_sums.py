# SPDX-License-Identifier: Apache-2.0
"""Memories by running sums in the bench: the smallest plan, and inputs at full scale."""

from __future__ import annotations

from typing import Any

from lmu_hw.network import QuantizedNetwork
from lmu_hw.plan import LayerPlan, Plan, Reloadable
from tests.hdl.bench import simulate
from tests.running_sums import full_scale


def plan_of(
    network: QuantizedNetwork,
    *,
    beat: int = 1,
    lanes: int = 1,
    reloadable: Reloadable = Reloadable.NONE,
) -> Plan:
    """Return the smallest array, and memories of `lanes` multipliers."""
    array = {"rows": beat, "columns": beat, "beat": beat}
    layer = network.layers[0]
    return Plan(
        layers=(LayerPlan(layer=layer, **array, memory_lanes=lanes, reloadable=reloadable),)
    )


def run(network: QuantizedNetwork, plan: Plan, **options: Any) -> None:
    """Compare every word, and the cycles of a step with the plan."""
    size = network.inputs
    x_codes = [full_scale(2, 12, size)[1], full_scale(3, 5, size)[2], full_scale(3, 1, size)[2]]
    seen = simulate(network, plan, x_codes=x_codes, **options)
    if not options:
        assert seen.intervals(0) == {plan.layers[0].cycles(last_step=False)}
