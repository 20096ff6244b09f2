# SPDX-License-Identifier: Apache-2.0
"""A netlist as a Python function of one cycle.

Where all words of a cell are known numbers, its statement is plain arithmetic; otherwise the cell
is called as a function of forms. Which words may be forms follows from the registers and inputs
that are: the others need no look. As registers become known, the function is compiled again for
them.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from inspect import GEN_CLOSED, getgeneratorstate
from typing import Any

from lmu_hw.prove.algebra.words import Word
from lmu_hw.prove.hardware.netlist import Bit, Netlist
from lmu_hw.prove.hardware.statements import Lines, needed, uncertain
from lmu_hw.prove.hardware.translation import Translation

__all__ = ["Program", "Write"]

Write = tuple[str, Word, Word, Word, int, str]
"""Memory, enable, address, data, bits of the data, and the port."""

_Cycle = tuple[list[Word], list[Word], list[Write]]
_Cycles = Generator[Any, tuple[list[Word], Mapping[str, list[Word]], Mapping[str, Word]], None]
_Step = Callable[[list[Word], Mapping[str, list[Word]], Mapping[str, Word]], _Cycle]

_FIRST = 32
"""Cycles after which it is looked for the first time which registers have become known."""


class Program:
    """The function, and what it needs.

    Parameters
    ----------
    netlist : Netlist
    observed : dict of name to bits
        What `step` returns of each cycle.
    constant : set of str
        Memories of known numbers that are never written.

    Attributes
    ----------
    registers : list of str
        Cells, in the order of their values.
    observed : list of str
    not_understood : list of str
        Cells whose outputs are unknown in every cycle.
    """

    def __init__(
        self, netlist: Netlist, observed: dict[str, Sequence[Bit]], constant: set[str]
    ) -> None:
        self._translation = made = Translation(netlist, observed, constant)
        self.registers, self.observed = list(made.registers), list(observed)
        self.not_understood = made.not_understood
        self._controls = {name for name, bits in netlist.ports("input").items() if len(bits) == 1}
        self._lines: Lines = needed(made.statements, [*made.seen, *made.following])
        self._general = self._compiled(set())
        self._special: _Step = self._general
        self._certain: list[int] = []
        self._after: list[Word] | None = None
        self._cycles, self._next = 0, _FIRST

    def step(
        self, registers: list[Word], memories: Mapping[str, list[Word]], inputs: Mapping[str, Word]
    ) -> _Cycle:
        """Return what is observed of a cycle, the registers of the next, and what is written."""
        self._cycles += 1
        if self._cycles == self._next:
            self._next *= 4
            self._specialise(registers)
        if self._fits(registers, inputs):
            try:
                cycle = self._special(registers, memories, inputs)
            except IndexError:  # beyond the end of a ROM: nothing is certain there
                return self._general(registers, memories, inputs)
            self._after = cycle[1]
            return cycle
        return self._general(registers, memories, inputs)

    def _fits(self, registers: list[Word], inputs: Mapping[str, Word]) -> bool:
        """Say whether what the special function takes for known numbers is known."""
        if not self._certain or any(type(inputs[name]) is not int for name in self._controls):
            return False
        # What it has answered itself it has computed from such numbers alone.
        return registers is self._after or all(type(registers[n]) is int for n in self._certain)

    def _specialise(self, registers: list[Word]) -> None:
        """Compile the function for the registers that are known, if there are more than before."""
        made = self._translation
        words = list(made.registers.values())
        pairs = list(zip(made.following, words, strict=True))
        sources = [
            word for word, value in zip(words, registers, strict=True) if type(value) is not int
        ]
        sources += [word for name, word in made.inputs.items() if name not in self._controls]
        forms = uncertain(made.statements, sources, pairs)
        certain = [place for place, word in enumerate(words) if word not in forms]
        if len(certain) > len(self._certain):
            names = {statement.name for statement in made.statements}
            names |= {*words, *made.inputs.values()}
            self._certain, self._special = certain, self._compiled(names - forms)
            self._after = None

    def _compiled(self, certain: set[str]) -> _Step:
        """Return the function of a cycle in which these words are known numbers."""
        made = self._translation
        lines = [
            "registers, memories, inputs = yield cycle",
            f"{''.join(f'{word}, ' for word in made.registers.values())} = registers"
            if made.registers
            else "",
            *(f"{word} = inputs[{name!r}]" for name, word in made.inputs.items()),
            *(f"{word} = memories[{name!r}]" for name, word in made.memories.items()),
            "writes = []",
            *self._lines(certain),
            f"cycle = [{', '.join(made.seen)}], [{', '.join(made.following)}], writes",
        ]
        body = "\n".join(f"  {line}" for line in lines)
        scope = dict(made.constants)
        exec(f"def cycles():\n cycle = None\n while True:\n{body}\n", scope)
        return _standing(scope["cycles"])


def _standing(cycles: Callable[[], _Cycles]) -> _Step:
    """Return a generator of cycles as a function of one.

    Thousands of local words make a frame that Python would take from the system, and give back, for
    each call; that of a generator stays.
    """
    running: _Cycles | None = None

    def step(
        registers: list[Word], memories: Mapping[str, list[Word]], inputs: Mapping[str, Word]
    ) -> _Cycle:
        nonlocal running
        if running is None or getgeneratorstate(running) == GEN_CLOSED:  # by an exception
            running = cycles()
            next(running)
        return running.send((registers, memories, inputs))

    return step
