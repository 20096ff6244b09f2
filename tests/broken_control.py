# SPDX-License-Identifier: Apache-2.0
"""A small design whose emitted control is broken, in one way for each kind of property."""

from __future__ import annotations

import re
from functools import cache

from lmu_hw.hdl import emit_verilog
from lmu_hw.network import Last, QuantizedNetwork, Stream
from lmu_hw.plan import Plan
from lmu_hw.quantize import Realization
from tests import networks
from tests.plans import fastest_plan

__all__ = ["BROKEN", "BROKEN_PACKETS", "broken", "broken_packets", "small_design", "small_packets"]

# By what goes wrong: the property that fails first, the text that is replaced, and its replacement.
BROKEN = {
    "valid is dropped": (
        "valid_held",
        r"assign m_axis_tvalid = (.*);",
        r"assign m_axis_tvalid = \1 & s_axis_tvalid;",
    ),
    "data changes while it waits": (
        "payload_stable",
        r"(  tiny__to_axi (?:.*\n)*?    \.tlast\()m_axis_tlast",
        r"  wire mark;\n  assign m_axis_tlast = mark ^ s_axis_tvalid;\n\1mark",
    ),
    "nothing is closed in reset": (
        "closed_in_reset",
        r"assign s_axis_tready = .*;",
        "assign s_axis_tready = tready;",
    ),
    "room is freed twice": (
        "freed_once",
        r"(layer_dense \((?:.*\n)*?    \.o__freed\()\w+",
        r"\g<1>1'h1",
    ),
    "a step starts without input": (
        "vector_there",
        r"(tiny__layer_lmu0\((?:.*\n)*?  assign trace_start = ).*;",
        r"\1idle;",
    ),
    "the output is never reset": (
        "silent_in_reset",
        r"(to_axi \((?:.*\n)*?    \.rst\()rst",
        r"\g<1>1'h0",
    ),
    "a step takes a cycle longer": (
        "cycles_of_plan",
        r"waiting == 1'h1",
        "waiting == 1'h0",
    ),
}


# The same, where vectors are packets.
BROKEN_PACKETS = {
    "a vector is handed on too early": (
        "beats_counted",
        r"(module tiny__from_axi(?:.*\n)*?  assign complete = ).*;",
        r"\1o__valid;",
    ),
    "a packet goes on while it is filled up": (
        "closed_while_filled",
        r"(module tiny__from_axi(?:.*\n)*?  assign tready = ).*;",
        r"\g<1>1'h1;",
    ),
    "an answer leaves with its first beat": (
        "sent_whole",
        r"(module tiny__to_axi(?:.*\n)*?  assign taken = ).*;",
        r"\1tvalid & tready;",
    ),
    "data changes while it waits": (
        "payload_stable",
        r"(module tiny__to_axi(?:.*\n)*?  assign tkeep = ).*;",
        r"\1{4{tready}};",
    ),
}


@cache
def small_design() -> tuple[QuantizedNetwork, Plan, dict[str, str]]:
    """Return a network of two layers with a memory unit, its plan, and its Verilog."""
    float_network = networks.network(order=3, units=2, dense=2)
    realization = Realization.SEMISEPARABLE
    network = networks.quantized(float_network, weight_bits=6, realization=realization)
    plan = fastest_plan(network, 3)
    return network, plan, emit_verilog(network, plan, digest="0" * 64)


@cache
def small_packets() -> tuple[QuantizedNetwork, Plan, dict[str, str]]:
    """Return a network whose vectors of three elements are packets, its plan, and its Verilog."""
    network = networks.quantized(networks.network(order=3, units=2, dense=3, inputs=3))
    stream = Stream(width=32, last=Last.VECTOR)
    plan = fastest_plan(network, 3, stream=stream)
    return network, plan, emit_verilog(network, plan, digest="0" * 64)


def broken_packets(how: str) -> dict[str, str]:
    """Return the files of packets, broken in one of the ways."""
    return _replaced(small_packets()[2], how, *BROKEN_PACKETS[how][1:])


def broken(how: str) -> dict[str, str]:
    """Return the files of the small design, broken in one of the ways."""
    return _replaced(small_design()[2], how, *BROKEN[how][1:])


def _replaced(files: dict[str, str], how: str, pattern: str, replacement: str) -> dict[str, str]:
    text, count = re.subn(pattern, replacement, files["tiny.v"])
    assert count, how
    return {**files, "tiny.v": text}
