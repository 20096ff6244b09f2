# SPDX-License-Identifier: Apache-2.0
"""What the units of structured memories share: their ports and their latency."""

from __future__ import annotations

from amaranth.hdl import unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from lmu_hw.hdl.requantize import shape_of
from lmu_hw.network import MemoryNode
from lmu_hw.plan import SWEEP_LATENCY, LayerPlan

__all__ = ["MemoryUnit", "state_layout"]


def state_layout(plan: LayerPlan, node: MemoryNode) -> data.StructLayout:
    """Return the layout of a beat of a structured memory's codes.

    ``mask`` tells which elements are states; ``beat`` counts the beats of a segment.
    """
    return data.StructLayout(
        {
            "valid": 1,
            "segment": bits_for(max(node.segments - 1, 1)),
            "beat": bits_for(max(-(-node.rows // plan.beat) - 1, 1)),
            "mask": plan.beat,
            "data": data.ArrayLayout(unsigned(node.signal.format.width), plan.beat),
        }
    )


class MemoryUnit(wiring.Component):
    """Computes a structured memory; the last beat is out ``busy + latency - 1`` cycles after start.

    Parameters
    ----------
    plan : LayerPlan
    node : MemoryNode
    load : layout, optional
        Of a write to the coefficients, if the plan is reloadable.

    Members
    -------
    start : In(1)
        Begin a step; not before the last beat of the step before.
    first_step : In(1)
        The states before this step are zero; steady while the unit runs.
    u : In(array of inputs)
        One for each segment; steady while the unit runs.
    write : Out(state_layout)
        States as they are stored.
    load : In(load), if given
        Other coefficients; not while the unit runs.
    """

    latency = SWEEP_LATENCY

    def __init__(
        self, plan: LayerPlan, node: MemoryNode, load: data.StructLayout | None = None
    ) -> None:
        self.plan, self.node = plan, node
        self.schedule = plan.node(node)
        self.state = shape_of(node.requant.format)
        self.source = plan.layer.signals[node.source].format
        super().__init__(
            {
                "start": In(1),
                "first_step": In(1),
                "u": In(data.ArrayLayout(shape_of(self.source), node.segments)),
                "write": Out(state_layout(plan, node)),
                **({} if load is None else {"load": In(load)}),
            }
        )
