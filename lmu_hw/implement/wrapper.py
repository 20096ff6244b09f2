# SPDX-License-Identifier: Apache-2.0
"""A top that fits any package: the streams of a design, a byte at a time.

The data of both streams are whole bytes (`lmu_hw.network.element_bits`). The wrapper takes a beat
as that many bytes, the lowest first, and behind them the bytes of its marks (``tkeep``, ``tuser``,
``tid``), if it has any; it gives an answer the same way. ``tlast`` comes with the last byte of the
last beat. Coefficients of a reloadable design come as the bytes of address and
data. Of registers and states, all inputs are shifted in a byte at a time, and all outputs out.
"""

from __future__ import annotations

from lmu_hw.boards.ports import Ports

__all__ = [
    "DESIGN",
    "WRAPPER_FILE",
    "inside",
    "is_inside",
    "port_bits",
    "wrapper",
    "wrapper_top",
]

DESIGN = "inner"
"""Name of the design's instance."""

WRAPPER_FILE = "wrapper.v"

_COEFFICIENTS = ("coefficient_address", "coefficient_data")


def inside(path: str) -> str:
    """Return the path of an instance in the design, without the instance that the design is."""
    return path[len(DESIGN) + 1 :] if is_inside(path) else path


def is_inside(path: str) -> bool:
    """Tell whether an instance is the design in a wrapper, or within it."""
    return path == DESIGN or path.startswith(f"{DESIGN}.")


def wrapper_top(top: str) -> str:
    """Return the name of the wrapper around a top."""
    return f"{top}__bytes"


def wrapper(top: str, ports: Ports) -> str:
    """Return the Verilog of the wrapper around a design."""
    return "\n".join(
        [
            "// The streams of a design, a byte at a time: fits any package.",
            f"module {wrapper_top(top)}(",
            "  input clk, input rst,",
            "  input [7:0] s_byte, input s_valid, input s_last, output s_ready,",
            "  output [7:0] m_byte, output m_valid, output m_last, input m_ready"
            + ("," if ports.reloadable or ports.beside else ""),
            *(["  input [7:0] c_byte, input c_valid"] if ports.reloadable else []),
            *(["  input [7:0] r_byte, input r_valid, output [7:0] r_out"] * ports.beside),
            ");",
            *_input(8 * -(-_beat_bits(ports, "s_axis") // 8)),
            *_output(8 * -(-_beat_bits(ports, "m_axis") // 8)),
            *_padding("answer", _beat_bits(ports, "m_axis")),
            *(_coefficients(ports) if ports.reloadable else []),
            *(_others(ports) if ports.beside else []),
            f"  {top} {DESIGN} (",
            "    .clk(clk), .rst(rst),",
            *_beat_ports(ports, "s_axis", "in_data"),
            "    .s_axis_tvalid(in_full), .s_axis_tlast(in_last), .s_axis_tready(in_taken),",
            *_coefficient_ports(ports),
            *_other_ports(ports),
            *_beat_ports(ports, "m_axis", "answer"),
            "    .m_axis_tvalid(answer_valid), .m_axis_tlast(answer_last),",
            "    .m_axis_tready(out_left == 0)",
            "  );",
            "endmodule",
            "",
        ]
    )


def port_bits(ports: Ports) -> list[str]:
    """Return the bits of the ports of the wrapper, the clock first."""
    vectors = ["s_byte", "m_byte", *(["c_byte"] if ports.reloadable else [])]
    single = ["s_valid", "s_last", "s_ready", "m_valid", "m_last", "m_ready"]
    single += ["c_valid"] if ports.reloadable else []
    vectors += ["r_byte", "r_out"] if ports.beside else []
    single += ["r_valid"] if ports.beside else []
    return ["clk", "rst", *single, *(f"{name}[{bit}]" for name in vectors for bit in range(8))]


def _beat(ports: Ports, side: str) -> dict[str, int]:
    """Return where the data of a beat and its marks begin, by port."""
    starts, bits = {}, 0
    for name in (f"{side}_{mark}" for mark in ("tdata", "tkeep", "tuser", "tid")):
        if name in ports.bits:
            starts[name] = bits
            bits += ports.bits[name]
    return starts


def _beat_bits(ports: Ports, side: str) -> int:
    return sum(ports.bits[name] for name in _beat(ports, side))


def _beat_ports(ports: Ports, side: str, word: str) -> list[str]:
    return [
        f"    .{name}({word}[{start} +: {ports.bits[name]}]),"
        for name, start in _beat(ports, side).items()
    ]


def _padding(word: str, used: int) -> list[str]:
    """Return what fills the last byte of a word up."""
    bits = 8 * -(-used // 8)
    return [f"  assign {word}[{bits - 1}:{used}] = 0;"] if used < bits else []


def _input(bits: int) -> list[str]:
    """Return what collects the bytes of a beat; the oldest ends up lowest."""
    count = bits // 8
    shifted = "s_byte" if count == 1 else f"{{s_byte, in_data[{bits - 1}:8]}}"
    return [
        f"  reg [{bits - 1}:0] in_data;",
        f"  reg [{count.bit_length() - 1}:0] in_count;",
        "  reg in_last;",
        "  wire in_taken;",
        f"  wire in_full = in_count == {count};",
        "  assign s_ready = ~in_full;",
        "  always @(posedge clk) begin",
        "    if (s_valid & s_ready) begin",
        f"      in_data <= {shifted};",
        "      in_last <= s_last;",
        "      in_count <= in_count + 1'd1;",
        "    end",
        "    if (in_full & in_taken) in_count <= 0;",
        "    if (rst) in_count <= 0;",
        "  end",
    ]


def _output(bits: int) -> list[str]:
    """Return what holds an answer and gives its bytes."""
    count = bits // 8
    shifted = "8'd0" if count == 1 else f"{{8'd0, out_data[{bits - 1}:8]}}"
    return [
        f"  wire [{bits - 1}:0] answer;",
        "  wire answer_valid, answer_last;",
        f"  reg [{bits - 1}:0] out_data;",
        f"  reg [{count.bit_length() - 1}:0] out_left;",
        "  reg out_last;",
        "  assign m_byte = out_data[7:0];",
        "  assign m_valid = out_left != 0;",
        "  assign m_last = out_last & out_left == 1;",
        "  always @(posedge clk) begin",
        "    if (out_left == 0) begin",
        "      out_data <= answer;",
        "      out_last <= answer_last;",
        f"      if (answer_valid) out_left <= {count};",
        "    end else if (m_ready) begin",
        f"      out_data <= {shifted};",
        "      out_left <= out_left - 1'd1;",
        "    end",
        "    if (rst) out_left <= 0;",
        "  end",
    ]


def _coefficients(ports: Ports) -> list[str]:
    """Return what collects address and data, each in whole bytes, and writes them."""
    address, data = (-(-ports.bits[name] // 8) for name in _COEFFICIENTS)
    count = address + data
    shifted = f"{{c_byte, c_data[{8 * count - 1}:8]}}"
    return [
        f"  reg [{8 * count - 1}:0] c_data;",
        f"  reg [{count.bit_length() - 1}:0] c_count;",
        f"  wire c_write = c_count == {count};",
        "  always @(posedge clk) begin",
        "    if (c_valid) begin",
        f"      c_data <= {shifted};",
        "      c_count <= c_write ? 1'd1 : c_count + 1'd1;",
        "    end else if (c_write) c_count <= 0;",
        "    if (rst) c_count <= 0;",
        "  end",
    ]


def _coefficient_ports(ports: Ports) -> list[str]:
    if not ports.reloadable:
        return []
    address, data = (ports.bits[name] for name in _COEFFICIENTS)
    start = -(-address // 8) * 8
    return [
        "    .coefficient_write(c_write),",
        f"    .coefficient_address(c_data[{address - 1}:0]),",
        f"    .coefficient_data(c_data[{start + data - 1}:{start}]),",
    ]


def _others(ports: Ports) -> list[str]:
    """Return what shifts these inputs in while `r_valid` is 1, else the outputs out."""
    inputs, outputs = (
        8 * -(-sum(ports.bits[name] for name in ports.others(outputs=way)) // 8)
        for way in (False, True)
    )
    return [
        f"  reg [{inputs - 1}:0] r_in;",
        f"  wire [{outputs - 1}:0] r_given;",
        f"  reg [{outputs - 1}:0] r_left;",
        *_padding("r_given", sum(ports.bits[name] for name in ports.others(outputs=True))),
        "  assign r_out = r_left[7:0];",
        "  always @(posedge clk) begin",
        f"    if (r_valid) r_in <= {{r_byte, r_in[{inputs - 1}:8]}};",
        f"    r_left <= r_valid ? r_given : {{8'd0, r_left[{outputs - 1}:8]}};",
        "    if (rst) r_in <= 0;",
        "  end",
    ]


def _other_ports(ports: Ports) -> list[str]:
    lines = []
    for outputs, word in ((False, "r_in"), (True, "r_given")):
        start = 0
        for name in ports.others(outputs=outputs):
            lines.append(f"    .{name}({word}[{start} +: {ports.bits[name]}]),")
            start += ports.bits[name]
    return lines
