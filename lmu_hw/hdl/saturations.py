# SPDX-License-Identifier: Apache-2.0
"""Counting the sums that lie outside the format of their node."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Const, Module, Mux, Signal
from amaranth.lib import data
from amaranth.utils import bits_for

from lmu_hw.fixed import Overflow
from lmu_hw.hdl.requantize import is_outside
from lmu_hw.hdl.totals import narrowing_of
from lmu_hw.hdl.writes import is_row
from lmu_hw.network import AnyNode, MemoryNode
from lmu_hw.plan import LayerPlan

__all__ = ["count_saturations", "saturating", "saturations_layout"]


def saturating(plan: LayerPlan) -> list[AnyNode]:
    """Return the nodes whose sums are limited to the ends of their formats."""
    return [node for node in plan.layer.nodes if node.requant.overflow is Overflow.SATURATE]


def saturations_layout(plan: LayerPlan) -> data.ArrayLayout:
    """Return the layout of a count of saturations for each node that saturates."""
    return data.ArrayLayout(bits_for(plan.beat), len(saturating(plan)))


def count_saturations(
    m: Module, plan: LayerPlan, saturated: Any, beat: Any, totals: list[Signal]
) -> None:
    """Count the sums of a beat that lie outside the format of their node."""
    for place, node in enumerate(saturating(plan)):
        if isinstance(node, MemoryNode):
            continue  # its unit counts
        of_node = beat.valid & (beat.node == plan.layer.nodes.index(node))
        outside = [
            is_row(plan, node, beat.beat, lane)
            & is_outside(total, node.sum_frac_bits, narrowing_of(node))
            for lane, total in enumerate(totals)
        ]
        m.d.sync += saturated[place].eq(Mux(of_node, sum(outside, Const(0)), 0))
