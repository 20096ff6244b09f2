# SPDX-License-Identifier: Apache-2.0
"""Which flip-flops have an enable, and how often it is active."""

from __future__ import annotations

import pytest

from lmu_hw.fixed import FixedFormat
from lmu_hw.folder import DesignFolder
from lmu_hw.implement.activity import clocking
from lmu_hw.implement.record import read_implementations
from lmu_hw.implement.synthesis import synthesize
from lmu_hw.implement.targets import TARGETS
from lmu_hw.network import Signal, stream_of

# A counter to four, 40 bits that it enables in one cycle of four, 2 that it enables in three, and
# 8 that are always clocked.
VERILOG = """
module t(input clk, input rst, input [49:0] s_axis_tdata, input s_axis_tvalid,
         output [49:0] m_axis_tdata);
  reg [1:0] count;
  reg [49:0] held;
  assign m_axis_tdata = held ^ {50{count[0]}};
  always @(posedge clk) begin
    count <= rst ? 2'd0 : count + 2'd1;
    if (count == 0 && s_axis_tvalid) held[39:0] <= s_axis_tdata[39:0];
    if (count != 0) held[41:40] <= s_axis_tdata[41:40];
    held[49:42] <= s_axis_tdata[49:42];
  end
endmodule
"""


@pytest.mark.parametrize("name", ["ecp5-25k", "ice40-hx8k", "gowin-nano-9k", "xilinx7"])
def test_a_clock_arrives_where_an_enable_is_active_and_gates_count(name, tmp_path):
    (tmp_path / "t.v").write_text(VERILOG)
    target = TARGETS[name]
    synthesize(target, ["t.v"], "t", tmp_path, wrapped=False)
    found = clocking(tmp_path, target, "t", cycles=8, latency=5)
    assert (found.flip_flops, found.enabled) == (52, 42)
    # Two clock gates for 40; none for 2, which would save half a flip-flop.
    assert found.clocked == 2 + 8 + (40 / 4 + 2) + 2


# What a source of packets of two beats drives, the second of two bytes: each register is enabled in
# one of two cycles, but for the last one, in all.
PACKETS = """
module t(clk, rst, s_axis_tdata, s_axis_tkeep, s_axis_tuser, s_axis_tlast, s_axis_tready,
         m_axis_tdata);
  input clk;
  input rst;
  input [31:0] s_axis_tdata;
  input [3:0] s_axis_tkeep;
  input s_axis_tuser;
  input s_axis_tlast;
  output s_axis_tready;
  output [31:0] m_axis_tdata;
  reg [31:0] held;
  reg ready;
  assign s_axis_tready = ready;
  assign m_axis_tdata = held;
  always @(posedge clk) begin
    ready <= !rst;
    if (s_axis_tlast) held[7:0] <= s_axis_tdata[7:0];
    if (s_axis_tkeep[2]) held[15:8] <= s_axis_tdata[15:8];
    if (s_axis_tuser) held[31:16] <= s_axis_tdata[31:16];
  end
endmodule
"""


def test_packets_are_driven_well_formed(tmp_path):
    (tmp_path / "t.v").write_text(PACKETS)
    vector = Signal(size=3, format=FixedFormat(signed=True, int_bits=0, frac_bits=15))
    packet = stream_of(32).packet(vector)
    synthesize(TARGETS["ecp5-25k"], ["t.v"], "t", tmp_path, wrapped=False)
    source = {"cycles": 8, "latency": 5, "source": packet}
    found = clocking(tmp_path, TARGETS["ecp5-25k"], "t", **source)
    assert (found.flip_flops, found.enabled) == (33, 32)
    assert found.clocked == 1 + 2 * (8 / 2) + 2 * 1 + 16


def test_most_registers_of_a_design_have_an_enable(placed):
    (found,) = read_implementations(DesignFolder(placed))
    enables = found.energy.enables
    assert enables.flip_flops == found.total.ff + 4 + 6  # the factors, inside of the multiplier
    assert enables.enabled > 0.7 * enables.flip_flops
    assert enables.clocked < 0.6 * enables.flip_flops
    assert found.energy.clocking < 0.6 * found.energy.ungated
