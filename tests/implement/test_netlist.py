# SPDX-License-Identifier: Apache-2.0
"""Netlists that simulate: initial values are gone, contents of ROMs are not."""

from __future__ import annotations

import pytest

from lmu_hw.errors import ConfigError, ToolError
from lmu_hw.implement.flows import FLOWS, Cells
from lmu_hw.implement.netlist import make_netlist, model_text

ROM = """\
module top__rom(input clk, input [3:0] address, output reg [7:0] data);
  (* rom_style = "block" *) reg [7:0] words [0:15];
  initial $readmemh("top__rom.hex", words);
  always @(posedge clk) data <= words[address];
endmodule
"""
TOP = """\
module top(input clk, input rst, input [3:0] a, input w, input [7:0] d, output reg [8:0] y);
  reg [7:0] cells [0:15];
  reg [7:0] read = 8'h5a, twice;
  wire [7:0] word;
  initial cells[3] = 8'hff;
  top__rom rom_0(.clk(clk), .address(a), .data(word));
  always @(posedge clk) begin
    if (w) cells[a] <= d;
    read <= cells[a];
    twice <= rst ? 0 : read;
    y <= twice + word;
  end
endmodule
"""
FILES = {
    "top.v": TOP.replace("top__rom rom_0", "layer layer_0")
    + ROM
    + "module layer(input clk, input [3:0] address, output [7:0] data);\n"
    "  top__rom rom(.clk(clk), .address(address), .data(data));\nendmodule\n",
    "top__rom.hex": "".join(f"{37 * word + 11 & 255:02x}\n" for word in range(16)),
}


@pytest.fixture(scope="module")
def netlists():
    return {cells: make_netlist(FILES, "top", cells) for cells in (Cells.GENERIC, Cells.ECP5)}


def test_what_the_hardware_writes_begins_unknown(netlists):
    verilog = netlists[Cells.GENERIC].verilog
    assert "8'h5a" not in verilog
    assert "8'hff" not in verilog


def test_contents_of_roms_stay(netlists):
    for netlist in netlists.values():
        assert "layer_0.rom.words [13] = 8'hec;" in netlist.verilog
        assert "layer_0.rom.words" in netlist.words


def test_only_memories_without_a_model_stay_words(netlists):
    assert netlists[Cells.ECP5].words == ("layer_0.rom.words",)
    assert netlists[Cells.ECP5].counts["TRELLIS_DPR16X4"] == 2
    assert netlists[Cells.GENERIC].words == ("cells", "layer_0.rom.words")


def test_cells_are_counted(netlists):
    netlist = netlists[Cells.GENERIC]
    assert netlist.count == sum(netlist.counts.values())
    assert netlist.flip_flops == 8 + 9  # what memories answer with is theirs


@pytest.mark.parametrize("cells", Cells, ids=lambda cells: cells.value)
def test_no_register_of_a_model_begins_with_a_value(cells):
    typical = {
        Cells.GENERIC: ["$_DFFE_PP_", "$_SDFFE_PP1P_"],
        Cells.ECP5: ["TRELLIS_FF", "CCU2C", "MULT18X18D"],
        Cells.ICE40: ["SB_DFFESS", "SB_MAC16"],
        Cells.XILINX7: ["FDRE", "DSP48E1", "RAM32M"],
    }[cells]
    text = model_text(FLOWS[cells].models, typical)
    assert text.count("endmodule") >= len(typical)
    values = [line for line in text.splitlines() if "initial" in line and "begin" not in line]
    assert not values
    assert "mem_a = INIT_A" not in text


def test_a_cell_without_a_model_is_refused():
    with pytest.raises(ToolError, match="simulation model of DP16KD_2, but has none"):
        model_text(FLOWS[Cells.ECP5].models, ["DP16KD_2"])


def test_what_yosys_cannot_read_is_named():
    with pytest.raises(
        ToolError, match="(?s)Yosys must not fail, but did: .*top.v:1: ERROR: syntax error"
    ):
        make_netlist({"top.v": "module top(input a; endmodule"}, "top", Cells.GENERIC)


def test_cells_that_are_not_known_are_refused():
    with pytest.raises(ConfigError, match="`netlist` must be one of generic, ecp5, ice40"):
        make_netlist(FILES, "top", "asic")
