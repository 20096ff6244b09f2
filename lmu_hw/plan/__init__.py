# SPDX-License-Identifier: Apache-2.0
"""Layer 2: the plan: how many multipliers compute a layer, and how many cycles that takes.

A layer has one array of ``rows x columns`` multipliers. It computes `rows` rows of a node at once
and takes `columns` elements of a source in each cycle; finished rows leave `beat` at a time. A
structured memory has a unit of its own beside the array, and so have the element-wise nodes
together. The plan changes timing and area, never a bit of output.
"""

from lmu_hw.plan.additions import Additions
from lmu_hw.plan.banks import bank_depths, fits_luts, registers_address
from lmu_hw.plan.chip import CHIPS, Area, Chip
from lmu_hw.plan.choose import SLOWEST, Choice, Option, choose_plan, make_plan
from lmu_hw.plan.coefficient_rom import CoefficientRom
from lmu_hw.plan.elementwise import ELEMENTWISE_LATENCY, ElementwisePlan
from lmu_hw.plan.estimate import Estimate, estimate_of
from lmu_hw.plan.goal import AUTO, FULL, Goal, Lanes
from lmu_hw.plan.interleaving import (
    interleaved,
    layer_cycles,
    one_stream,
    planned_cycles,
    step_cycles,
)
from lmu_hw.plan.layer import LayerPlan
from lmu_hw.plan.memory_plan import MEMORY_LATENCY, MemoryPlan
from lmu_hw.plan.node import (
    DRAIN_LATENCY,
    MAC_LATENCY,
    TABLE_LATENCY,
    NodePlan,
    Storage,
    is_fresh,
)
from lmu_hw.plan.pipeline import ANSWERS_HELD, Plan
from lmu_hw.plan.reloadable import Reloadable, reloadable_of
from lmu_hw.plan.row_constants import RowConstant, RowConstants, constants_of, half_ulp
from lmu_hw.plan.states import STATE_LATENCY, StateBlock, StateMap, require_states
from lmu_hw.plan.widths import bias_limit, widths_of

__all__ = [
    "ANSWERS_HELD",
    "AUTO",
    "CHIPS",
    "DRAIN_LATENCY",
    "ELEMENTWISE_LATENCY",
    "FULL",
    "MAC_LATENCY",
    "MEMORY_LATENCY",
    "SLOWEST",
    "STATE_LATENCY",
    "TABLE_LATENCY",
    "Additions",
    "Area",
    "Chip",
    "Choice",
    "CoefficientRom",
    "ElementwisePlan",
    "Estimate",
    "Goal",
    "Lanes",
    "LayerPlan",
    "MemoryPlan",
    "NodePlan",
    "Option",
    "Plan",
    "Reloadable",
    "RowConstant",
    "RowConstants",
    "StateBlock",
    "StateMap",
    "Storage",
    "bank_depths",
    "bias_limit",
    "choose_plan",
    "constants_of",
    "estimate_of",
    "fits_luts",
    "half_ulp",
    "interleaved",
    "is_fresh",
    "layer_cycles",
    "make_plan",
    "one_stream",
    "planned_cycles",
    "registers_address",
    "reloadable_of",
    "require_states",
    "step_cycles",
    "widths_of",
]
