"""Mutants are proved equal only where nothing tells them from the design."""

from __future__ import annotations

import pytest

from tools.mutation.proof import proved
from tools.mutation.sites import mutants_of

VERILOG = """\
module held(s_axis_tvalid, s_axis_tdata, clk, rst, m_axis_tvalid, m_axis_tdata);
  input clk;
  input rst;
  input s_axis_tvalid;
  input [1:0] s_axis_tdata;
  output m_axis_tvalid;
  output [1:0] m_axis_tdata;
  wire [1:0] next_data;
  wire next_full;
  wire next_odd;
  wire shown;
  reg [1:0] data;
  reg full;
  reg odd;
  assign next_data = s_axis_tvalid ? s_axis_tdata : data;
  assign next_full = rst ? 1'h0 : s_axis_tvalid;
  assign next_odd = rst ? 1'h0 : shown;
  assign shown = odd & full;
  assign m_axis_tvalid = full | odd;
  assign m_axis_tdata = data;
  always @(posedge clk)
    data <= next_data;
  always @(posedge clk)
    full <= next_full;
  always @(posedge clk)
    odd <= next_odd;
endmodule
"""
EQUAL = {  # the data count while `full` only, and `odd` stays 0
    "held.next_data: always the first of s_axis_tvalid ? s_axis_tdata : data",
    "held.m_axis_tvalid: the first of full | odd",
    "held.shown: the first of odd & full",
}


@pytest.fixture(scope="module")
def proofs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("proofs")
    mutants = mutants_of(VERILOG)
    names = [mutant.name for mutant in mutants]
    return dict(zip(names, proved(VERILOG, mutants, folder, folder / "work"), strict=True))


def test_what_cannot_be_seen_is_proved(proofs):
    assert {name for name, equal in proofs.items() if equal} == EQUAL


def test_what_is_seen_only_after_power_up_is_not(proofs):
    assert not proofs["held.next_full: no reset"]
    assert not proofs["held.next_odd: no reset"]


STORED = """\
module stored(s_axis_tvalid, s_axis_tdata, clk, rst, m_axis_tvalid, m_axis_tdata);
  input clk;
  input rst;
  input s_axis_tvalid;
  input s_axis_tdata;
  output m_axis_tvalid;
  output m_axis_tdata;
  wire never;
  reg data;
  reg words [0:0];
  initial $readmemh("words.hex", words);
  assign m_axis_tvalid = s_axis_tvalid | never;
  assign never = s_axis_tvalid & rst;
  assign m_axis_tdata = data;
  always @(posedge clk) data <= words[1'h0];
  always @(posedge clk) if (s_axis_tvalid) words[1'h0] <= s_axis_tdata;
endmodule
"""


def test_a_word_that_can_be_written_may_hold_anything(tmp_path):
    (tmp_path / "words.hex").write_text("0\n")
    text = STORED.replace("words.hex", str(tmp_path / "words.hex"))
    mutants = [mutant for mutant in mutants_of(text) if "m_axis_tvalid: the first" in mutant.name]
    assert list(proved(text, mutants, tmp_path, tmp_path / "work")) == [True]
