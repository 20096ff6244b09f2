# SPDX-License-Identifier: Apache-2.0
"""The ports of a network, and the names of what is in its top."""

from __future__ import annotations

from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import bits_for

from lmu_hw.hdl.reload import AddressMap
from lmu_hw.hdl.saturations import saturating
from lmu_hw.plan import LayerPlan, Plan, StateMap

__all__ = [
    "core_ports",
    "instance_name",
    "is_watched",
    "layer_path",
    "saturating_nodes",
    "state_inputs",
    "state_ports",
]


def instance_name(plan: LayerPlan) -> str:
    """Return the name of a layer's instance; the prefix keeps it apart from keywords and ports."""
    return f"layer_{plan.layer.name}"


def layer_path(plan: Plan, layer: LayerPlan) -> str:
    """Return the path of a layer's instance in the top of a design."""
    return f"core.{instance_name(layer)}" if plan.registers else instance_name(layer)


def core_ports(plan: Plan) -> dict[str, wiring.Member]:
    """Return the ports of a network beside clock and reset."""
    load, addresses, bits = {}, AddressMap(plan), plan.stream.id_bits
    if addresses.blocks:
        load = {
            "coefficient_write": In(1),
            "coefficient_address": In(addresses.address_bits),
            "coefficient_data": In(addresses.data_bits),
        }
    return {
        "s_axis_tdata": In(plan.source.width),
        "s_axis_tvalid": In(1),
        "s_axis_tready": Out(1),
        "s_axis_tlast": In(1),
        "m_axis_tdata": Out(plan.answer.width),
        "m_axis_tvalid": Out(1),
        "m_axis_tready": In(1),
        "m_axis_tlast": Out(1),
        **_packet_ports(plan),
        **({"s_axis_tid": In(bits), "m_axis_tid": Out(bits)} if bits else {}),
        **load,
        **(state_ports(plan) if plan.state_access else {}),
        **(_register_ports(plan) if plan.registers else {}),
    }


def is_watched(plan: Plan) -> bool:
    """Say whether somebody has to know when nothing is inside."""
    return plan.registers or plan.state_access


def state_inputs(plan: Plan) -> list[str]:
    """Return the inputs of a design's top through which states are accessed, if it has them.

    Held at 0, they leave the design alone.
    """
    if not plan.state_access or plan.registers:
        return []
    return [name for name, port in state_ports(plan).items() if port.flow is In]


def state_ports(plan: Plan) -> dict[str, wiring.Member]:
    """Return the ports through which states are read and written."""
    states = StateMap(plan)
    return {
        "state_address": In(states.address_bits),
        "state_write": In(1),
        "state_write_data": In(states.data_bits),
        "state_read_data": Out(states.data_bits),
        "state_ready": Out(1),
    }


def _register_ports(plan: Plan) -> dict[str, wiring.Member]:
    """Return the ports of a network that are there for registers."""
    bits = bits_for(plan.beat)
    counts = {f"saturated_{n}": Out(bits) for n in range(len(saturating_nodes(plan)))}
    return {"busy": Out(1), **counts}


def saturating_nodes(plan: Plan) -> list[str]:
    """Return the names of the nodes whose saturations are counted."""
    return [node.name for layer in plan.layers for node in saturating(layer)]


def _packet_ports(plan: Plan) -> dict[str, wiring.Member]:
    """Return the ports that a design has beside others if vectors are packets."""
    if not plan.stream.packets:
        return {}
    marks = {"s_axis_tuser": In(1), "m_axis_tuser": Out(1)} if plan.source.marks else {}
    return {
        "s_axis_tkeep": In(plan.source.bytes),
        "m_axis_tkeep": Out(plan.answer.bytes),
        "s_axis_malformed": Out(1),
        **marks,
    }
