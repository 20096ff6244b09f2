# SPDX-License-Identifier: Apache-2.0
"""The Verilog around a design in a library: every port an array of 32-bit words.

What C++ has to know of a design's ports is here and in `library.Shape`.
"""

from __future__ import annotations

from lmu_hw.hdl.output_stage import code_width, write_layout
from lmu_hw.hdl.top import element_bits, instance_name
from lmu_hw.plan import LayerPlan, Plan
from lmu_hw.simulate.wrapper import coefficient_ports

__all__ = ["TOP", "bulk_top", "record_words", "word_size"]

TOP = "lmu__bulk"

_WORD = 32
_FEWEST = 3  # words of a port: Verilator makes an array of what is wider than 64 bits
_TAGS = ("valid", "start", "node", "segment", "beat")
"""What a record begins with, a word each: then the mask and the elements, whole words."""


def record_words(plan: LayerPlan) -> int:
    """Return the words of what is seen of a layer in a cycle."""
    return len(_TAGS) + _words(plan.beat) + _words(plan.beat * code_width(plan))


def word_size(plan: Plan) -> int:
    """Return the words of the port for a coefficient."""
    return max(_words(coefficient_ports(plan).get("coefficient_data", 1)), _FEWEST)


def bulk_top(name: str, plan: Plan) -> str:
    """Return the Verilog of the top of a library that holds the design `name`."""
    source, answer = plan.layers[0].layer.input, plan.layers[-1].layer.output
    ports = {
        "s_axis_tdata": source.size * element_bits(source),
        "m_axis_tdata": answer.size * element_bits(answer),
        **coefficient_ports(plan),
    }
    wide = {"coefficient_address": 1, "coefficient_data": 1, **ports}
    del ports["m_axis_tdata"]
    bits = {port: _bits(width) for port, width in wide.items() if port != "coefficient_write"}
    single = ("tvalid", "tlast", "tready")
    records = sum(record_words(layer) for layer in plan.layers)
    inputs = ["clk", "rst", "s_axis_tvalid", "s_axis_tlast", "m_axis_tready", "coefficient_write"]
    outputs = ["s_axis_tready", "m_axis_tvalid", "m_axis_tlast"]
    joined = [
        *(f".{port}({port})" for port in ("clk", "rst")),
        *(f".{side}_axis_{what}({side}_axis_{what})" for side in "sm" for what in single),
        *(f".{port}({port}{_low(port, width)})" for port, width in ports.items()),
        ".m_axis_tdata(answer)",
    ]
    parts = [part for layer in reversed(plan.layers) for part in _record(layer)]
    return "\n".join(
        [
            f"module {TOP} (",
            *(f"  input {port}," for port in inputs),
            *(f"  output {port}," for port in outputs),
            *(
                f"  {'output' if port == 'm_axis_tdata' else 'input'} [{width - 1}:0] {port},"
                for port, width in bits.items()
            ),
            f"  output [{records * _WORD - 1}:0] seen",
            ");",
            f"  wire [{wide['m_axis_tdata'] - 1}:0] answer;",
            "  assign m_axis_tdata = answer;",
            f"  \\{name} dut ({', '.join(joined)});",
            f"  assign seen = {{{', '.join(parts)}}};",
            "endmodule",
            "",
        ]
    )


def _low(port: str, width: int) -> str:
    """Return the select of the bits of a port that the design has."""
    return "" if port == "coefficient_write" else f"[{width - 1}:0]"


def _record(plan: LayerPlan) -> list[str]:
    """Return what is seen of a layer, the highest bits first."""
    layout, path = write_layout(plan), f"dut.{instance_name(plan)}.trace_"
    widths = {field: layout[field].width for field in ("node", "segment", "beat", "mask")}
    widths |= {"valid": 1, "start": 1, "data": plan.beat * code_width(plan)}
    parts = []
    for field in reversed((*_TAGS, "mask", "data")):
        width = widths[field]
        padding = -width % _WORD
        parts += [*([f"{padding}'b0"] if padding else []), f"{path}{field}"]
    return parts


def _words(width: int) -> int:
    return -(-width // _WORD)


def _bits(width: int) -> int:
    """Return the bits of a port that is an array of words."""
    return max(_words(width), _FEWEST) * _WORD
