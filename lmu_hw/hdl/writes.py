# SPDX-License-Identifier: Apache-2.0
"""A beat of codes on its way into memory."""

from __future__ import annotations

from amaranth.hdl import Value, unsigned
from amaranth.lib import data
from amaranth.utils import bits_for

from lmu_hw.hdl.slots import context_field, tag_layout
from lmu_hw.network import AnyNode
from lmu_hw.plan import LayerPlan

__all__ = ["code_width", "is_row", "write_layout"]


def code_width(plan: LayerPlan) -> int:
    """Return the bits that hold a code of any node of the layer."""
    return max(node.signal.format.width for node in plan.layer.nodes)


def write_layout(plan: LayerPlan) -> data.StructLayout:
    """Return the layout of a beat of codes on its way into RAM.

    ``mask`` tells which elements are rows of the node, the first one if any; ``beat`` counts the
    beats of the rows. What memories store beside the rows is never read but times zero.
    """
    rows = max(node.rows for node in plan.layer.nodes)
    return data.StructLayout(
        {
            "valid": 1,
            "node": tag_layout(plan)["node"].shape,
            "segment": tag_layout(plan)["segment"].shape,
            "beat": bits_for(-(-rows // plan.rows) * plan.beats_per_group),
            "mask": plan.beat,
            "data": data.ArrayLayout(unsigned(code_width(plan)), plan.beat),
            **context_field(plan),
        }
    )


def is_row(plan: LayerPlan, node: AnyNode, beat: Value, lane: int) -> Value:
    """Say whether a lane of a beat is a row of the node."""
    return beat < -(-(node.rows - lane) // plan.beat)
