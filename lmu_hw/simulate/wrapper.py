# SPDX-License-Identifier: Apache-2.0
"""The Verilog around a design in simulation: it writes every stored code to a file.

Recording in Verilog costs no Python per word, so whole images run at the simulator's own speed.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lmu_hw.hdl.drain import code_width, write_layout
from lmu_hw.hdl.reload import address_bits, blocks, word_bits
from lmu_hw.hdl.top import element_bits, instance_name
from lmu_hw.plan import LayerPlan, Plan
from lmu_hw.simulate.scoreboard import Words, unpack_beats

__all__ = ["STARTS_FILE", "TOP", "coefficient_ports", "read_words", "words_file", "wrapper"]

TOP = "lmu__bench"
STARTS_FILE = "starts.txt"

_FIELDS = ("node", "segment", "beat", "mask")
_HEX = np.full(256, 255, np.uint8)
for _digit, _character in enumerate("0123456789abcdef"):
    _HEX[ord(_character)] = _digit


def words_file(place: int) -> str:
    """Return the name of the file that layer number `place` writes its codes to."""
    return f"layer_{place}.txt"


def wrapper(name: str, plan: Plan) -> str:
    """Return the Verilog of the bench top around the design `name`."""
    source, answer = plan.layers[0].layer.input, plan.layers[-1].layer.output
    lines = [
        "`timescale 1ns/1ps",
        f"module {TOP} (",
        "  input clk, input rst, input record, input finish, output reg [63:0] cycle,",
        f"  input [{source.size * element_bits(source) - 1}:0] s_axis_tdata,",
        "  input s_axis_tvalid, input s_axis_tlast, output s_axis_tready,",
        f"  output [{answer.size * element_bits(answer) - 1}:0] m_axis_tdata,",
        "  output m_axis_tvalid, output m_axis_tlast, input m_axis_tready",
        *(f"  , input [{bits - 1}:0] {name}" for name, bits in coefficient_ports(plan).items()),
        ");",
        f"  \\{name} dut (",
        "    .clk(clk), .rst(rst),",
        "    .s_axis_tdata(s_axis_tdata), .s_axis_tvalid(s_axis_tvalid),",
        "    .s_axis_tlast(s_axis_tlast), .s_axis_tready(s_axis_tready),",
        "    .m_axis_tdata(m_axis_tdata), .m_axis_tvalid(m_axis_tvalid),",
        "    .m_axis_tlast(m_axis_tlast), .m_axis_tready(m_axis_tready)",
        *(f"    , .{name}({name})" for name in coefficient_ports(plan)),
        "  );",
        "  integer starts;",
        f"  integer words [0:{len(plan.layers) - 1}];",
        "  initial begin",
        "    cycle = 0;",
        f'    starts = $fopen("{STARTS_FILE}", "w");',
        *(
            f'    words[{place}] = $fopen("{words_file(place)}", "w");'
            for place in range(len(plan.layers))
        ),
        "  end",
        "  always @(posedge clk) if (record) begin",
        "    cycle <= cycle + 1;",
    ]
    for place, layer in enumerate(plan.layers):
        lines += _record(place, layer)
    lines += [
        "  end",
        "  always @(posedge finish) begin",
        "    $fclose(starts);",
        *(f"    $fclose(words[{place}]);" for place in range(len(plan.layers))),
        "  end",
        "endmodule",
    ]
    return "\n".join(lines) + "\n"


def coefficient_ports(plan: Plan) -> dict[str, int]:
    """Return the width of each port through which coefficients are written; none if none are."""
    if not blocks(plan):
        return {}
    return {
        "coefficient_write": 1,
        "coefficient_address": address_bits(plan),
        "coefficient_data": word_bits(plan),
    }


def _record(place: int, plan: LayerPlan) -> list[str]:
    """Return the statements that record one layer: its starts, and the codes that it stores."""
    path, width = f"dut.{instance_name(plan)}.trace_", code_width(plan)
    arguments = [f"{path}{field}" for field in _FIELDS]
    # Two's complement codes are padded to whole digits by zeros, and cut to their width later.
    # One bit of one lane is a scalar, which Verilog does not let anyone select from.
    lanes = [f"[{lane * width + width - 1}:{lane * width}]" for lane in range(plan.beat)]
    arguments += [f"{path}data{lane if plan.beat * width > 1 else ''}" for lane in lanes]
    form = " ".join(["%h"] * len(arguments))
    return [
        f'    if ({path}start) $fwrite(starts, "{place} %0d\\n", cycle);',
        f"    if ({path}valid !== 1'b0)",
        f'      $fwrite(words[{place}], "{form}\\n", {", ".join(arguments)});',
    ]


def read_words(path: Path, plan: LayerPlan) -> Words:
    """Return the words that one layer wrote."""
    layout = write_layout(plan)
    widths = [layout[field].width for field in _FIELDS] + [code_width(plan)] * plan.beat
    digits = [-(-width // 4) for width in widths]
    length = sum(digits) + len(digits)
    raw = np.frombuffer(path.read_bytes(), np.uint8)
    raw = raw[: len(raw) // length * length].reshape(-1, length)
    columns = []
    unknown = np.zeros((len(raw), len(digits)), np.bool_)
    at = 0
    for column, count in enumerate(digits):
        nibbles = _HEX[raw[:, at : at + count]]
        unknown[:, column] = (nibbles == 255).any(axis=1)
        value = np.zeros(len(raw), np.int64)
        for nibble in nibbles.T:
            value = value << 4 | (nibble & 15)
        columns.append(value)
        at += count + 1
    return unpack_beats(plan, np.stack(columns, axis=1), unknown)
