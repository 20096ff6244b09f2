# SPDX-License-Identifier: Apache-2.0
"""Which flip-flops have an enable, and how often it is active."""

from __future__ import annotations

import pytest

from lmu_hw.folder import DesignFolder
from lmu_hw.implement.activity import clocking
from lmu_hw.implement.record import read_implementations
from lmu_hw.implement.synthesis import synthesize
from lmu_hw.implement.targets import TARGETS

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


def test_most_registers_of_a_design_have_an_enable(placed):
    (found,) = read_implementations(DesignFolder(placed))
    enables = found.energy.enables
    assert enables.flip_flops == found.total.ff + 4 + 6  # the factors, inside of the multiplier
    assert enables.enabled > 0.7 * enables.flip_flops
    assert enables.clocked < 0.6 * enables.flip_flops
    assert found.energy.clocking < 0.6 * found.energy.ungated
