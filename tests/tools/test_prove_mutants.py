"""Changed designs are refused by `prove`; where one that differs is not, it is named."""

from __future__ import annotations

import pytest

from tests.simulators import require_simulator
from tools import prove_mutants
from tools.mutation.refusal import Change, Judge, changes_of, sampled
from tools.mutation.schema import applied
from tools.mutation.small import SMALL
from tools.mutation.structure import structural_mutants_of

VERILOG = """\
module few(clk, rst, data, answer);
  input clk;
  input rst;
  input [3:0] data;
  output [1:0] answer;
  wire [3:0] _0_;
  reg [3:0] held;
  reg page;
  assign _0_ = page ? data : held;
  assign answer = held[2:1];
  always @(posedge clk)
    held <= _0_;
  few_inner inner (
    .clk(clk),
    .rst(rst)
  );
endmodule

module few_inner(clk, rst);
  input clk;
  input rst;
endmodule
"""
CHANGED = {
    ("stage", "  assign _0_ = page ? data : _0_;"),
    (
        "stage",
        "reg [3:0] late_8_14; always @(posedge clk) late_8_14 <= held;"
        "   assign _0_ = page ? data : late_8_14;",
    ),
    ("slice", "  assign answer = held[3:2];"),
    ("stage", "  assign answer = _0_[2:1];"),
    (
        "stage",
        "reg [3:0] late_9_0; always @(posedge clk) late_9_0 <= held;"
        "   assign answer = late_9_0[2:1];",
    ),
    ("port", "    .rst(1'h0)"),
    ("port", "    .rst(1'h1)"),
}


def test_slices_stages_and_ports_are_changed():
    changed = set()
    for mutant in structural_mutants_of(VERILOG):
        lines = applied(VERILOG, mutant).splitlines()
        changed.add((mutant.kind, lines[mutant.line]))
        lines[mutant.line] = VERILOG.splitlines()[mutant.line]
        assert lines == VERILOG.splitlines()
    assert changed == CHANGED


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mutants") / "scan"
    SMALL["scan"](folder)
    return Judge(folder)


@pytest.mark.parametrize("kind", ["ROM bit", "slice", "stage", "page", "cycle"])
def test_what_is_not_refused_passes_elsewhere(judge, kind):
    changes = [change for change in changes_of(judge.files) if change.kind == kind]
    (change,) = sampled(changes, 1, seed=3)
    if not judge.refuses(change):
        require_simulator("icarus")
        assert judge.complaint(change) == ""


WRONG = Change("few.word", "ROM bit", "few.hex", b"1\n", None)


class Blind(Judge):
    """Refuses nothing."""

    def __init__(self):
        """Read no design."""

    def complaint(self, change=None):
        return "words differ"


def test_what_differs_and_is_not_refused_is_seen(tmp_path):
    outcomes = prove_mutants.settled(Blind(), tmp_path, tmp_path, [WRONG], lambda *_: None)
    assert outcomes == {"few.word": prove_mutants.DIFFERENT}


@pytest.mark.parametrize(
    ("outcome", "code"), [(prove_mutants.DIFFERENT, 1), ("data", 0)], ids=["proved", "refused"]
)
def test_what_differs_is_named(monkeypatch, capsys, outcome, code):
    monkeypatch.setattr(prove_mutants, "studied", lambda *arguments: [(WRONG, outcome)])
    assert prove_mutants.main(["scan"]) == code
    assert ("few.word: DIFFERENT" in capsys.readouterr().out) == bool(code)
