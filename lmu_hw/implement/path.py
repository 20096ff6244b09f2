# SPDX-License-Identifier: Apache-2.0
"""The critical path in the words of the design."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import groupby

from lmu_hw.implement.cells import Cell, Netlist
from lmu_hw.implement.parts import part_of, words_of
from lmu_hw.implement.route import Hop
from lmu_hw.implement.targets import Target
from lmu_hw.implement.wrapper import DESIGN
from lmu_hw.measure.implementation import PathStep

__all__ = ["path_steps", "path_words"]

_OPERATORS = {"*": "multiply", "+": "add", "-": "subtract", "<": "compare", ">": "compare"}
_OPERATOR = re.compile(r"\s(\*|\+|-|<=?|>=?)\s")
_PLACE = re.compile(r"([^|]+?):(\d+)\.(\d+)-(\d+)\.(\d+)")
LOGIC = "logic"


def path_steps(
    hops: Sequence[Hop], netlist: Netlist, target: Target, sources: Mapping[str, str]
) -> tuple[PathStep, ...]:
    """Return the steps of a path: cells that do one thing together are one.

    Parameters
    ----------
    hops : sequence of Hop
    netlist : Netlist
        That was placed.
    target : Target
    sources : dict of file name to text
        The Verilog that it was made of.
    """
    named = [
        (_what(hop, place, len(hops), netlist, target, sources), hop)
        for place, hop in enumerate(hops)
    ]
    steps = []
    for (what, part), group in groupby(named, key=lambda entry: entry[0]):
        together = [hop for _, hop in group]
        steps.append(
            PathStep(
                what=what,
                part=part,
                logic_ns=round(sum(hop.logic_ns for hop in together), 3),
                wire_ns=round(sum(hop.wire_ns for hop in together), 3),
            )
        )
    return tuple(steps)


def path_words(steps: Sequence[PathStep]) -> str:
    """Return a path in a line: what is computed, and in which parts."""
    parts = dict.fromkeys(step.part for step in steps)
    return f"{' → '.join(step.what for step in steps)} ({', '.join(parts)})"


def _what(
    hop: Hop,
    place: int,
    count: int,
    netlist: Netlist,
    target: Target,
    sources: Mapping[str, str],
) -> tuple[str, str]:
    """Return what a cell does, and the part that it is of."""
    cell = cell_of(hop.cell, netlist)
    if cell is None:
        return LOGIC, ""
    path = netlist.paths[cell.name]
    if path.split(".")[0] == DESIGN:
        path = path.partition(".")[2]
    part = words_of(part_of(path))
    cost = target.cost(cell.kind)
    if cost.block_ram or cost.lut_ram:
        return words_of_memory(cell.name), part
    if cost.ff:
        return f"register {_signal(cell, netlist)}", part
    if cost.dsp:
        return "multiply", part
    return (_operator(cell, sources) or LOGIC), part


def cell_of(name: str, netlist: Netlist) -> Cell | None:
    """Return the cell of the netlist that nextpnr has packed under a name that begins with its."""
    while name:
        if name in netlist.cells:
            return netlist.cells[name]
        name = re.sub(r"(\$[^$_]*|_[^_$]*)$", "", name) if re.search(r"[$_]", name) else ""
    return None


def _signal(cell: Cell, netlist: Netlist) -> str:
    return re.sub(rf"_{cell.kind}_.*", "", cell.name).rpartition(".")[2]


def words_of_memory(name: str) -> str:
    return name


def _operator(cell: Cell, sources: Mapping[str, str]) -> str:
    """Return what the line of Verilog that a carry chain comes from computes."""
    for file, first, start, last, end in _PLACE.findall(cell.source):
        if file in sources and first == last:
            text = sources[file].splitlines()[int(first) - 1][int(start) - 1 : int(end) - 1]
            found = _OPERATOR.search(text)
            if found:
                return _OPERATORS[found[1][0]]
    return ""
