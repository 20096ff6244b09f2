"""Mutants of conditions, and what a long run of mutants says of itself."""

from __future__ import annotations

from tools.mutants import shown
from tools.mutation.schema import with_all
from tools.mutation.sites import mutants_of

VERILOG = """\
module words(clk, write, address, data, read, held);
  input clk;
  input write;
  input read;
  input address;
  input [3:0] data;
  output [3:0] held;
  reg [3:0] held;
  reg [3:0] words [0:1];
  always @(posedge clk) begin
    if (read) begin
      held <= words[address];
    end
  end
  always @(posedge clk) if (write) words[address] <= data;
endmodule
"""


def test_conditions_of_reads_and_of_writes_in_one_line_are_mutated():
    mutants = mutants_of(VERILOG)
    assert [mutant.kind for mutant in mutants] == ["enable"] * 4
    changed = with_all(VERILOG, mutants)
    assert "    if ((lmu__mutants.mutant == 2 ? 1'h0 : (lmu__mutants.mutant == 1" in changed
    assert "read))) begin\n" in changed and "write))) words[address] <= data;\n" in changed


def test_checkers_that_are_not_compiled_are_not_mutated():
    checker = "`ifdef LMU_HW_ASSERT\n  check c (\n    .valid(write)\n  );\n`endif\n"
    watched = VERILOG.replace("  always", f"{checker}  always", 1)
    places = [mutant.line - 5 for mutant in mutants_of(watched)]
    assert places == [mutant.line for mutant in mutants_of(VERILOG)]


SATURATED = """\
module saturated(sum, code);
  input [5:0] sum;
  output [3:0] code;
  wire high;
  wire low;
  wire end;
  wire [2:0] magnitude;
  assign high = & { sum[5], sum[5:3] };
  assign low = | { sum[5], sum[5:3] };
  assign magnitude = high ? sum[2:0] : { end, end, end };
endmodule
"""


def test_limits_by_top_bits_and_ends_of_formats_are_mutated():
    mutants = [mutant for mutant in mutants_of(SATURATED) if mutant.kind == "limit"]
    assert [mutant.right for mutant in mutants] == [
        *("& { sum[5], sum[5:4] }", "& { sum[5], sum[5:2] }", "1'h0", "1'h1"),
        *("| { sum[5], sum[5:4] }", "| { sum[5], sum[5:2] }", "1'h0", "1'h1"),
        *("sum[2:0]", "{ end, end, end }", "high ? sum[2:0] : ~{ end, end, end }"),
    ]


def test_every_mutant_is_told():
    told: list[tuple[str, int, int | None]] = []
    assert list(shown("ab", 2, "mutants", lambda *update: told.append(update))) == ["a", "b"]
    assert told == [("mutants", 0, 2), ("mutants", 1, 2), ("mutants", 2, 2)]
