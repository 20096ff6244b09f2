# SPDX-License-Identifier: Apache-2.0
"""All mutants of a design in one Verilog text: a number chooses which of them is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from tools.mutation.sites import DECLARED, ENABLE, PORT, Mutant

__all__ = ["CHOICE", "TOP", "applied", "selectable", "top", "with_all"]

TOP = "lmu__mutants"
CHOICE = f"{TOP}.mutant"

_POWER_UP = 2_000  # ns in which what is not reset may hold anything
_PART = re.compile(r"^(\w+)(?:\[(\d+)(?::(\d+))?\])?$")
_MODULE = re.compile(r"^module (\w+)\(", re.MULTILINE)
_INSTANCE = re.compile(r"^  (\w+) \w+ \($")


def applied(text: str, mutant: Mutant) -> str:
    """Return Verilog of a design with one thing changed."""
    lines = text.splitlines()
    line = lines[mutant.line]
    if match := ENABLE.match(line):
        changed = f"{match['before']}({mutant.right}){match['after']}"
    elif match := PORT.match(line):
        changed = f"    .{match['left']}({mutant.right}){match['after']}"
    else:
        changed = f"{line.partition(' = ')[0]} = {mutant.right};"
    lines[mutant.line] = " ".join(filter(None, (mutant.declared, changed)))
    return "\n".join(lines) + "\n"


def with_all(text: str, mutants: list[Mutant]) -> str:
    """Return Verilog of a design and its mutants, numbered from 1; 0 is the design."""
    lines = text.splitlines()
    for line, widths, group in _changes(lines, mutants):
        watchable = not (ENABLE.match(lines[line]) or PORT.match(lines[line]))
        seen = [number for number, _ in group] if watchable else []
        watched = [part for number in seen for part in _watched(group[0][0], number)]
        chosen = {number: f"{CHOICE} == {number}" for number, _ in group}
        lines[line] = " ".join([_switched(lines[line], widths, group, chosen), *watched])
    return "\n".join(lines) + "\n"


def selectable(text: str, mutants: list[Mutant], port: str) -> str:
    """Return Verilog of a design and its mutants, each chosen by a bit of one more input."""
    modules = set(_MODULE.findall(text))
    lines = []
    changed = text.splitlines()
    for line, widths, group in _changes(changed, mutants):
        chosen = {number: f"{port}[{number - 1}]" for number, _ in group}
        changed[line] = _switched(changed[line], widths, group, chosen)
    for line in changed:
        module, instance = _MODULE.match(line), _INSTANCE.match(line)
        if module and module[1] in modules:
            line = line.replace("(", f"({port}, ", 1) + f"\n  input [{len(mutants) - 1}:0] {port};"
        elif instance and instance[1] in modules:
            line += f"\n    .{port}({port}),"
        lines.append(line)
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


def _changes(
    lines: list[str], mutants: list[Mutant]
) -> Iterator[tuple[int, dict[str, int], list[tuple[int, Mutant]]]]:
    """Yield each line that mutants change, the widths of what it sees, and its mutants."""
    widths = _widths_at(lines)
    for line, group in groupby(enumerate(mutants, 1), key=lambda pair: pair[1].line):
        yield line, widths[line], list(group)


def _switched(
    line: str, widths: dict[str, int], mutants: list[tuple[int, Mutant]], chosen: dict[int, str]
) -> str:
    """Return a line that is what the chosen mutant has in its place."""
    if match := ENABLE.match(line) or PORT.match(line):
        right = match["right"]
        for number, mutant in mutants:
            right = f"({chosen[number]} ? {mutant.right} : {right})"
        before = match.groupdict().get("before") or f"    .{match['left']}"
        return f"{before}({right}){match['after']}"
    left, _, right = line.strip().removeprefix("assign ").removesuffix(";").partition(" = ")
    width = _width(left, widths)
    tag = _tag(mutants[0][0])
    # Each side is evaluated for itself, with the signs and widths that it has alone.
    declared = [f"wire [{width - 1}:0] {tag}_none = {right};"]
    value = f"{tag}_none"
    for number, mutant in mutants:
        declared += filter(None, [mutant.declared])
        declared.append(f"wire [{width - 1}:0] {tag}_{number} = {mutant.right};")
        value = f"{chosen[number]} ? {tag}_{number} : {value}"
    return "  " + " ".join([*declared, f"assign {left} = {value};"])


def _tag(first: int) -> str:
    """Return how names begin that stand for the sides of a line, by its first mutant."""
    return f"mutant_{first}"


def _watched(first: int, number: int) -> list[str]:
    """Return what prints the number of a mutant at the end of a run of the design itself.

    Only if what stands there then ever was another value at a rising edge of the clock, some time
    after power-up.
    """
    name, right = f"{_tag(first)}_{number}", f"{_tag(first)}_none"
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
    part = _PART.match(left)
    if part is None:
        raise ValueError(f"a left side must be a signal or a part of one, not {left!r}")
    name, high, low = part.groups()
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
