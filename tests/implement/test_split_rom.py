# SPDX-License-Identifier: Apache-2.0
"""ROMs in parts on iCE40: fewer blocks, and every word as before."""

from __future__ import annotations

import subprocess

import pytest

from lmu_hw.implement.flows import Cells
from lmu_hw.implement.netlist import make_netlist

BENCH = """
module bench;
  reg clk = 0;
  reg [15:0] a;
  wire [{top}:0] data;
  top dut(.clk(clk), .address(a[{address}:0]), .data(data));
  initial begin
    for (a = 0; a < {depth}; a = a + 1) begin #1 clk = 1; #1 clk = 0; $display("%h", data); end
    $finish;
  end
endmodule
"""


def netlist_of(words: list[int], width: int):
    address = (len(words) - 1).bit_length() - 1
    text = (
        f"module top(input clk, input [{address}:0] address, output [{width - 1}:0] data);\n"
        "  rom rom(.clk(clk), .address(address), .data(data));\nendmodule\n"
        f"module rom(input clk, input [{address}:0] address, output reg [{width - 1}:0] data);\n"
        f"  reg [{width - 1}:0] words [0:{len(words) - 1}];\n"
        '  initial $readmemh("rom.hex", words);\n'
        "  always @(posedge clk) data <= words[address];\nendmodule\n"
    )
    hexadecimal = "".join(f"{word:x}\n" for word in words)
    return make_netlist({"top.v": text, "rom.hex": hexadecimal}, "top", Cells.ICE40)


@pytest.mark.parametrize(
    ("depth", "width", "blocks"),
    [(801, 16, 3), (1024, 16, 4), (1100, 4, 1), (51, 17, 0)],
)
def test_a_rom_in_parts_takes_fewer_blocks_and_answers_every_word(tmp_path, depth, width, blocks):
    words = [(word * word * 37 + 11) % (1 << width) for word in range(depth)]
    netlist = netlist_of(words, width)
    assert sum(n for kind, n in netlist.counts.items() if "RAM40" in kind) == blocks
    bench = BENCH.format(top=width - 1, address=(depth - 1).bit_length() - 1, depth=depth)
    (tmp_path / "netlist.v").write_text(netlist.verilog + bench)
    (tmp_path / "models.v").write_text(netlist.models["lmu__models.v"])
    command = ["iverilog", "-g2012", "-s", "bench", "-o", "bench", "netlist.v", "models.v"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    run = subprocess.run(["vvp", "bench"], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert [int(line, 16) for line in run.stdout.split()] == words
