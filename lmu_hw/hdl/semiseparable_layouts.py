# SPDX-License-Identifier: Apache-2.0
"""What accompanies a word of states through a semiseparable unit, and the word of a state."""

from __future__ import annotations

from amaranth.hdl import unsigned
from amaranth.lib import data
from amaranth.utils import bits_for

from lmu_hw.hdl.requantize import shape_of
from lmu_hw.network import MemoryNode
from lmu_hw.plan import LayerPlan

__all__ = ["coefficient_layout", "control_layout"]


def control_layout(plan: LayerPlan, node: MemoryNode) -> data.StructLayout:
    """Return the layout of what accompanies a word of states through the pipeline.

    ``final`` marks the last slot of a word, ``ends`` the last word of a recursion.
    """
    schedule = plan.node(node)
    return data.StructLayout(
        {
            "valid": 1,
            "segment": bits_for(max(node.segments - 1, 1)),
            "backward": 1,
            "word": bits_for(max(schedule.words - 1, 1)),
            "slot": bits_for(max(schedule.forward_slots - 1, 1)),
            "final": 1,
            "ends": 1,
        }
    )


def coefficient_layout(plan: LayerPlan, node: MemoryNode) -> data.StructLayout:
    """Return the layout of the coefficients of one state, from the low bits on.

    ``carry`` holds the elements of W that are not zero in all states; ``up`` is how many bits the
    products with D and U are shifted left.
    """
    update, schedule = node.update, plan.node(node)
    rate = shape_of(update.decay.format)
    return data.StructLayout(
        {
            "decay": rate,
            "coupling": data.ArrayLayout(rate, update.rank),
            "carry": data.ArrayLayout(shape_of(update.carry.format), len(schedule.carried)),
            "up": unsigned(schedule.max_shift.bit_length()),
        }
    )
