# SPDX-License-Identifier: Apache-2.0
"""The Verilog around a design in a library: every port an array of 32-bit words.

What C++ has to know of a design's ports is here and in `library.Shape`.
"""

from __future__ import annotations

from lmu_hw.hdl.ports import instance_name, state_inputs
from lmu_hw.hdl.writes import code_width, write_layout
from lmu_hw.plan import LayerPlan, Plan
from lmu_hw.simulate.wrapper import coefficient_ports

__all__ = ["TOP", "bulk_top", "record_words", "word_size"]

TOP = "lmu__bulk"

_WORD = 32
_FEWEST = 3  # words of a port: Verilator makes an array of what is wider than 64 bits
_INPUTS = (
    *("clk", "rst", "s_axis_tvalid", "s_axis_tlast", "s_axis_tuser", "m_axis_tready"),
    "coefficient_write",
)
_OUTPUTS = ("s_axis_tready", "s_axis_malformed", "m_axis_tvalid", "m_axis_tlast", "m_axis_tuser")
_OWN = {"m_axis_tdata": "answer", "m_axis_tkeep": "kept", "m_axis_tid": "answered"}
"""Wires of the width that the design has."""
_TAGS = ("valid", "start", "node", "segment", "beat", "stream")
"""What a record begins with, a word each: then the mask and the elements, whole words."""


def record_words(plan: LayerPlan) -> int:
    """Return the words of what is seen of a layer in a cycle."""
    return len(_TAGS) + _words(plan.beat) + _words(plan.beat * code_width(plan))


def word_size(plan: Plan) -> int:
    """Return the words of the port for a coefficient."""
    return max(_words(coefficient_ports(plan).get("coefficient_data", 1)), _FEWEST)


def bulk_top(name: str, plan: Plan) -> str:
    """Return the Verilog of the top of a library that holds the design `name`."""
    wide = {
        "s_axis_tdata": plan.source.width,
        "s_axis_tkeep": plan.source.bytes,
        "s_axis_tid": max(plan.source.id_bits, 1),
        "coefficient_address": 1,
        "coefficient_data": 1,
    } | coefficient_ports(plan)
    wide.pop("coefficient_write", None)
    answer = {
        "m_axis_tdata": plan.answer.width,
        "m_axis_tkeep": plan.answer.bytes,
        "m_axis_tid": max(plan.answer.id_bits, 1),
    }
    missing = _missing(plan)
    joined = [f".{port}({port})" for port in (*_INPUTS, *_OUTPUTS) if port not in missing]
    joined += [f".{port}({port}[{n - 1}:0])" for port, n in wide.items() if port not in missing]
    joined += [f".{port}({_OWN[port]})" for port in answer if port not in missing]
    joined += [f".{port}(0)" for port in state_inputs(plan)]
    parts = [part for layer in reversed(plan.layers) for part in _record(layer)]
    records = sum(record_words(layer) for layer in plan.layers)
    return "\n".join(
        [
            f"module {TOP} (",
            *(f"  input {port}," for port in _INPUTS),
            *(f"  output {port}," for port in _OUTPUTS),
            *(f"  input [{_bits(width) - 1}:0] {port}," for port, width in wide.items()),
            *(f"  output [{_bits(width) - 1}:0] {port}," for port, width in answer.items()),
            f"  output [{records * _WORD - 1}:0] seen",
            ");",
            *(f"  wire [{width - 1}:0] {_OWN[port]};" for port, width in answer.items()),
            *(f"  assign {port} = {_OWN[port]};" for port in answer),
            *(
                f"  assign {_OWN.get(port, port)} = 0;"
                for port in missing
                if port in (*_OUTPUTS, *answer)
            ),
            f"  \\{name} dut ({', '.join(joined)});",
            f"  assign seen = {{{', '.join(parts)}}};",
            "endmodule",
            "",
        ]
    )


def _missing(plan: Plan) -> list[str]:
    """Return the ports of the library that the design does not have."""
    missing = []
    if not plan.stream.packets:
        missing += ["s_axis_tkeep", "m_axis_tkeep", "s_axis_malformed"]
    if not plan.source.marks:
        missing += ["s_axis_tuser", "m_axis_tuser"]
    if not plan.source.id_bits:
        missing += ["s_axis_tid", "m_axis_tid"]
    if not coefficient_ports(plan):
        missing += ["coefficient_write", "coefficient_address", "coefficient_data"]
    return missing


def _record(plan: LayerPlan) -> list[str]:
    """Return what is seen of a layer, the highest bits first."""
    layout, path = write_layout(plan), f"dut.{instance_name(plan)}.trace_"
    widths = {field: layout[field].width for field in ("node", "segment", "beat", "mask")}
    widths |= {"valid": 1, "start": 1, "data": plan.beat * code_width(plan)}
    widths |= {"stream": (plan.streams - 1).bit_length()}  # 0: there is no such wire
    parts = []
    for field in reversed((*_TAGS, "mask", "data")):
        width = widths[field]
        padding = -width % _WORD if width else _WORD
        parts += [f"{padding}'b0"] if padding else []
        parts += [f"{path}{field}"] if width else []
    return parts


def _words(width: int) -> int:
    return -(-width // _WORD)


def _bits(width: int) -> int:
    """Return the bits of a port that is an array of words."""
    return max(_words(width), _FEWEST) * _WORD
