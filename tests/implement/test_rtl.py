# SPDX-License-Identifier: Apache-2.0
"""Operators between registers, found in Verilog."""

from __future__ import annotations

import json

import pytest

from lmu_hw.implement.rtl import Rtl, commands_for_rtl
from lmu_hw.implement.tools import run_yosys

VERILOG = """\
module part(input clk, input [15:0] d, output reg [15:0] q);
  always @(posedge clk) q <= d;
endmodule
module top(input clk, input [3:0] a, input [15:0] b, input s, output [15:0] y);
  reg [15:0] words [15:0];
  initial $readmemh("w.hex", words);
  reg [15:0] data, other;
  always @(posedge clk) data <= words[a];
  always @(posedge clk) other <= b;
  wire [15:0] sum = (data << b[1:0]) + other;
  wire [15:0] difference = (data >> 1) - other;
  part last (.clk(clk), .d(s ? sum : difference), .q(y));
endmodule
"""


@pytest.fixture(scope="module")
def rtl(tmp_path_factory) -> Rtl:
    folder = tmp_path_factory.mktemp("rtl")
    (folder / "t.v").write_text(VERILOG)
    (folder / "w.hex").write_text("1\n" * 16)
    run_yosys(commands_for_rtl(["t.v"], "top", "rtl.json"), folder, log="log")
    return Rtl.of(json.loads((folder / "rtl.json").read_bytes()), "top")


def place(rtl: Rtl, words: str) -> str:
    return next(o.source for o in rtl.operators.values() if o.words == words)


@pytest.mark.parametrize(
    ("passed", "words"),
    [("add", ["shift", "add", "select"]), ("subtract", ["subtract", "select"])],
)
def test_the_chain_is_that_of_the_operators_on_the_path(rtl, passed, words):
    start, end = rtl.find("words.0.0"), rtl.find("last.q_TRELLIS_FF_Q_3")
    assert rtl.operators[start].clocked and rtl.operators[end].clocked
    chain = rtl.chain(start, end, {place(rtl, passed)})
    assert [operator.words for operator in chain] == words


def test_there_is_no_chain_through_a_register(rtl):
    assert rtl.chain(rtl.find("last.q_FF_Q"), rtl.find("words.0.0"), set()) == ()


def test_what_no_signal_is_named_after_is_not_found(rtl):
    assert rtl.find("nothing_FF_Q") is None


def test_operators_with_cells_of_their_own_are_known_by_their_place(rtl):
    assert {operator.words for operator in rtl.carries.values()} == {"add", "subtract"}
