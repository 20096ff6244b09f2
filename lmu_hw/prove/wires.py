# SPDX-License-Identifier: Apache-2.0
"""What is observed of a design: its ports, and the words that layers store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lmu_hw.hdl.ports import instance_name
from lmu_hw.hdl.writes import write_layout
from lmu_hw.plan import LayerPlan, Plan
from lmu_hw.prove.comparison import Failure
from lmu_hw.prove.hardware.netlist import Bit, Netlist

__all__ = ["Stored", "stored_wires", "wires_of"]

_PORTS = ("s_axis_tready", "m_axis_tvalid", "m_axis_tlast", "m_axis_tdata")


def wires_of(netlist: Netlist, plan: Plan) -> dict[str, Sequence[Bit]]:
    """Return what is observed of a design, by name: its ports, and the words that layers store.

    Raises
    ------
    Failure
        If a wire is missing.
    """
    marks = ["m_axis_tuser"] if plan.answer.marks else []
    wires = {name: netlist.ports("output")[name] for name in (*_PORTS, *marks)}
    return wires | stored_wires(netlist, plan)


def stored_wires(netlist: Netlist, plan: Plan) -> dict[str, Sequence[Bit]]:
    """Return the wires on which words are seen that layers store.

    Raises
    ------
    Failure
        If a wire is missing.
    """
    wires: dict[str, Sequence[Bit]] = {}
    streams = plan.stream.streams > 1
    for place, layer in enumerate(plan.layers):
        fields = (name for name, _ in write_layout(layer))
        for name in ("start", *(["stream"] if streams else []), *fields):
            wire = netlist.wire(f"{instance_name(layer)}.trace_{name}")
            if wire is None:
                raise Failure(f"{instance_name(layer)} must have a wire trace_{name}")
            wires[f"{place}.{name}"] = wire
    return wires


class Stored:
    """Where the wires of a layer are among what is observed.

    Attributes
    ----------
    beat : int
        Codes that are stored at once, at most.
    width, lane : int
        Bits of all of them, and of one.
    start, valid, data : int
        Places.
    """

    def __init__(self, places: Mapping[str, int], place: int, plan: LayerPlan) -> None:
        layout = write_layout(plan)
        self.beat = plan.beat
        self.width = layout["data"].width
        self.lane = self.width // plan.beat
        self.start, self.valid, self.data = (
            places[f"{place}.{field}"] for field in ("start", "valid", "data")
        )
