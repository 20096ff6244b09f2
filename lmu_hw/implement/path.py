# SPDX-License-Identifier: Apache-2.0
"""The critical path in the words of the design.

The ends of a path, its carry chains and its multipliers are known by their names and by the lines
of Verilog that they come from. What the tables between them compute follows from the operators
between those (`lmu_hw.implement.rtl`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from lmu_hw.implement.cells import Cell, Netlist
from lmu_hw.implement.parts import memory_words, part_of, words_of
from lmu_hw.implement.route import Hop
from lmu_hw.implement.rtl import Operator, Rtl
from lmu_hw.implement.targets import Target
from lmu_hw.implement.wrapper import inside
from lmu_hw.measure.implementation import PathStep

__all__ = ["Namer", "path_words"]

_LOGIC = "logic"
_UNNAMED = re.compile(r"_\w+")


def path_words(steps: Sequence[PathStep]) -> str:
    """Return a path in a line: what is computed, and in which parts; empty if there is none."""
    if not steps:
        return ""
    parts = dict.fromkeys(step.part for step in steps if step.part)
    return f"{' → '.join(step.what for step in steps)} ({', '.join(parts)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stretch:
    """Cells of a path that do one thing: the operator that it is, or None for tables."""

    operator: Operator | None
    hops: tuple[Hop, ...]


@dataclass(frozen=True, kw_only=True)
class Namer:
    """What finds words for the paths of a placed netlist."""

    target: Target
    netlist: Netlist
    rtl: Rtl

    def steps(self, hops: Sequence[Hop]) -> tuple[PathStep, ...]:
        """Return the steps of a path: cells that do one thing together are one."""
        if len(hops) < 2:
            return ()
        first, *between, last = hops
        stretches = list(self._stretches(between))
        operators = [s.operator for s in stretches if s.operator is not None]
        chain = self._chain(first, last, operators)
        steps, told = [self._step(self._end(first.cell, "multiply"), [first])], ""
        for number, stretch in enumerate(stretches):
            if stretch.operator is None:
                following = [s.operator for s in stretches[number:] if s.operator is not None]
                told, chain = _told(chain, following)
                steps.append(self._step(told or _LOGIC, stretch.hops))
                continue
            told, chain = _told(chain, [stretch.operator])
            chain = chain[1:] if chain[:1] == (stretch.operator,) else chain
            what = " → ".join(filter(None, (told, stretch.operator.words)))
            steps.append(self._step(what, stretch.hops))
        told, _ = _told(chain, [])
        what = " → ".join(filter(None, (told, self._end(last.cell, "factor"))))
        return (*steps, self._step(what, [last]))

    def _stretches(self, hops: Sequence[Hop]) -> Iterator[_Stretch]:
        named = [(self._operator(hop.cell), hop) for hop in hops]
        for operator, group in groupby(named, key=lambda entry: entry[0]):
            yield _Stretch(operator=operator, hops=tuple(hop for _, hop in group))

    def _step(self, what: str, hops: Sequence[Hop]) -> PathStep:
        return PathStep(
            what=what,
            part=self._part(hops[-1].cell),
            logic_ns=round(sum(hop.logic_ns for hop in hops), 3),
            wire_ns=round(sum(hop.wire_ns for hop in hops), 3),
        )

    def _part(self, name: str) -> str:
        cell = self._cell(name, lambda cell: True)
        return "" if cell is None else words_of(part_of(inside(self.netlist.paths[cell.name])))

    def _end(self, name: str, multiplier: str) -> str:
        """Return what is at an end of a path: a memory, a register by its name, a multiplier.

        A path that begins at a multiplier begins at the registers of its factors.
        """
        cell = self._cell(name, self._keeps)
        if cell is None:
            return "register"
        cost = self.target.cost(cell.kind)
        if cost.block_ram or cost.lut_ram:
            return memory_words(cell.name)
        if cost.dsp:
            return multiplier
        signal = cell.name.partition(f"_{cell.kind}_")[0].rpartition(".")[2]
        return "register" if _UNNAMED.fullmatch(signal) else f"register {signal}"

    def _keeps(self, cell: Cell) -> bool:
        cost = self.target.cost(cell.kind)
        return bool(cost.ff or cost.block_ram or cost.lut_ram or cost.dsp)

    def _cell(self, name: str, fits: Callable[[Cell], bool]) -> Cell | None:
        """Return the cell with whose name that of a packed one begins."""
        cells = self.netlist.cells
        while name and not (name in cells and fits(cells[name])):
            name = name[: max(name.rfind(mark) for mark in ("_", "$", "."))] if _cuts(name) else ""
        return cells.get(name)

    def _operator(self, name: str) -> Operator | None:
        """Return the operator that a cell with a line of Verilog is of."""
        cell = self._cell(name, lambda cell: True)
        for place in () if cell is None else cell.source.split("|"):
            if place in self.rtl.carries:
                return self.rtl.carries[place]
        return None

    def _chain(self, first: Hop, last: Hop, passed: Sequence[Operator]) -> tuple[Operator, ...]:
        ends = [self._cell(hop.cell, self._keeps) for hop in (first, last)]
        start, end = (None if cell is None else self.rtl.find(cell.name) for cell in ends)
        if start is None or end is None:
            return ()
        return self.rtl.chain(start, end, {operator.source for operator in passed})


def _cuts(name: str) -> bool:
    return any(mark in name for mark in "_$.")


def _told(
    chain: Sequence[Operator], following: Sequence[Operator]
) -> tuple[str, tuple[Operator, ...]]:
    """Return the words of a chain up to the first of the operators that follow, and the rest."""
    places = [operator.source for operator in chain]
    stop = next((places.index(o.source) for o in following if o.source in places), None)
    if following and stop is None:
        return "", tuple(chain)
    words = (operator.words for operator in chain[:stop] if operator.words)
    rest = () if stop is None else chain[stop:]
    return " → ".join(dict.fromkeys(words)), tuple(rest)
