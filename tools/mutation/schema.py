# SPDX-License-Identifier: Apache-2.0
"""All mutants of a design in one Verilog text: a number chooses which of them is there."""

from __future__ import annotations

import re
from itertools import groupby

from tools.mutation.sites import DECLARED, Mutant

__all__ = ["CHOICE", "TOP", "top", "with_all"]

TOP = "lmu__mutants"
CHOICE = f"{TOP}.mutant"

_POWER_UP = 2_000  # ns in which what is not reset may hold anything
_PART = re.compile(r"^(\w+)(?:\[(\d+)(?::(\d+))?\])?$")


def with_all(text: str, mutants: list[Mutant]) -> str:
    """Return Verilog of a design and its mutants, numbered from 1; 0 is the design."""
    lines = text.splitlines()
    widths = _widths_at(lines)
    numbered = list(enumerate(mutants, 1))
    for line, group in groupby(numbered, key=lambda pair: pair[1].line):
        lines[line] = _switched(lines[line], widths[line], list(group))
    return "\n".join(lines) + "\n"


def _widths_at(lines: list[str]) -> list[dict[str, int]]:
    """Return the widths of the signals that each line can see."""
    widths: list[dict[str, int]] = []
    scope: dict[str, int] = {}
    for line in lines:
        if line.startswith("module "):
            scope = {}
        if match := DECLARED.match(line):
            scope[match[2]] = int(match[1] or 0) + 1
        widths.append(scope)
    return widths


def _switched(line: str, widths: dict[str, int], mutants: list[tuple[int, Mutant]]) -> str:
    """Return a line that is what the chosen mutant has in its place."""
    if line.lstrip().startswith("if ("):
        condition = line.strip()[len("if (") : -1]
        for number, mutant in mutants:
            condition = f"({CHOICE} == {number} ? {mutant.right} : {condition})"
        return f"    if ({condition})"
    left, _, right = line.strip().removeprefix("assign ").removesuffix(";").partition(" = ")
    width = _width(left, widths)
    tag = f"mutant_{mutants[0][0]}"
    # Each side is evaluated for itself, with the signs and widths that it has alone.
    declared = [f"wire [{width - 1}:0] {tag}_none = {right};"]
    chosen = f"{tag}_none"
    for number, mutant in mutants:
        declared.append(f"wire [{width - 1}:0] {tag}_{number} = {mutant.right};")
        chosen = f"{CHOICE} == {number} ? {tag}_{number} : {chosen}"
    watched = [line for number, _ in mutants for line in _watched(f"{tag}_none", tag, number)]
    return "  " + " ".join([*declared, f"assign {left} = {chosen};", *watched])


def _watched(right: str, tag: str, number: int) -> list[str]:
    """Return what prints the number of a mutant at the end of a run of the design itself.

    Only if what stands there then ever was another value at a rising edge of the clock, some time
    after power-up.
    """
    name = f"{tag}_{number}"
    return [
        f"reg {name}_differs = 0;",
        f"always @(posedge {TOP}.clk) if ({CHOICE} == 0 && $time > {_POWER_UP})",
        f"if ({name} != {right}) {name}_differs <= 1;",
        f'final if ({name}_differs) $display("differs %0d", {number});',
    ]


def _width(left: str, widths: dict[str, int]) -> int:
    """Return the bits of a left side."""
    if left.startswith("{"):
        return sum(_width(part.strip(), widths) for part in left.strip("{} ").split(","))
    name, high, low = _PART.match(left).groups()
    if high is None:
        return widths[name]
    return int(high) - int(high if low is None else low) + 1


def top(bench: str) -> str:
    """Return the module that clocks the module `bench`.

    ``+mutant=`` chooses the mutant, and ``+longest=`` ends a run after so many cycles.
    """
    return f"""`timescale 1ns/1ps
module {TOP};
  reg clk = 0;
  integer mutant, longest;
  wire done;
  wire [31:0] answers;
  {bench} bench (.clk(clk), .done(done), .answers(answers));
  initial if (!$value$plusargs("mutant=%d", mutant)) mutant = 0;
  always #5 clk = ~clk;
  always @(posedge clk) if (done) #45 $finish;
  initial begin
    if (!$value$plusargs("longest=%d", longest)) longest = 1;
    repeat (longest) @(posedge clk);
    $finish;
  end
endmodule
"""
