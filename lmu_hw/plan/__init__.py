# SPDX-License-Identifier: Apache-2.0
"""Layer 2: the plan: how many multipliers compute a layer, and how many cycles that takes.

A layer has one array of ``rows x columns`` multipliers. It computes `rows` rows of a node at once
and takes `columns` elements of a source in each cycle; finished rows leave `beat` at a time. A
structured memory has a unit of its own beside the array, and so have the element-wise nodes
together. The plan changes timing and area, never a bit of output.
"""

from lmu_hw.plan.choose import Plan, checked_lanes, make_plan
from lmu_hw.plan.elementwise import ELEMENTWISE_LATENCY, ElementwisePlan
from lmu_hw.plan.layer import (
    DRAIN_LATENCY,
    MAC_LATENCY,
    TABLE_LATENCY,
    LayerPlan,
    NodePlan,
    Storage,
    is_fresh,
)
from lmu_hw.plan.memory_plan import MEMORY_LATENCY, MemoryPlan

__all__ = [
    "DRAIN_LATENCY",
    "ELEMENTWISE_LATENCY",
    "MAC_LATENCY",
    "MEMORY_LATENCY",
    "TABLE_LATENCY",
    "ElementwisePlan",
    "LayerPlan",
    "MemoryPlan",
    "NodePlan",
    "Plan",
    "Storage",
    "checked_lanes",
    "is_fresh",
    "make_plan",
]
