# SPDX-License-Identifier: Apache-2.0
"""A part of a design, run cycle by cycle in all its states, and what is asked of its words."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import Any

from lmu_hw.network import Signal
from lmu_hw.prove.algebra.forms import Value, freeze, symbol
from lmu_hw.prove.algebra.words import Pieces, Word, number, unknown
from lmu_hw.prove.comparison import Failure, congruent
from lmu_hw.prove.data.buffers import Rows
from lmu_hw.prove.data.instances import general, is_free
from lmu_hw.prove.hardware.machine import Machine, State
from lmu_hw.prove.hardware.netlist import Netlist
from lmu_hw.prove.hardware.parts import part_of
from lmu_hw.prove.narrowing import Codes

__all__ = ["PartBench", "key_of", "known", "must_equal", "vector_of"]


def vector_of(what: str, vector: Signal) -> tuple[Codes, Value]:
    """Return symbols for a vector and its mark."""
    ends = vector.format.min_code, vector.format.max_code
    codes = [symbol("input", (what, n), *ends) for n in range(vector.size)]
    return codes, symbol("input", (what, "mark"), 0, 1)


def known(word: Word, what: str) -> int:
    """Return a word that is a number, or raise `Failure`."""
    if not isinstance(word, int):
        raise Failure(f"{what} must be known, but depends on data or on what was there before")
    return word


def must_equal(what: str, word: Word, value: Value, width: int) -> None:
    """Raise `Failure` unless a word is a value modulo ``2**width``, whatever the symbols are."""
    hardware = number(word)
    if not congruent(hardware, value, width):
        raise Failure(what, hardware, value, width)


class PartBench:
    """A part of a design, run cycle by cycle; what is not given is anything.

    Parameters
    ----------
    netlist : Netlist
    wires, cut : mapping of name to bits
    memory : str
        It is filled from outside; empty: there is none.

    Attributes
    ----------
    inputs : dict of str to int
        Bits of each.
    """

    def __init__(
        self, netlist: Netlist, wires: Mapping[str, Any], cut: Mapping[str, Any], memory: str = ""
    ) -> None:
        cells = part_of(netlist, wires.values(), cut, filled=[memory])
        self.machine, self._wires, self._memory = Machine(cells, dict(wires)), list(wires), memory
        self.inputs = {name: len(bits) for name, bits in cells.ports("input").items()}

    def reset(self) -> State:
        """Return the state after a cycle of reset, from any contents."""
        return self.cycle(self.machine.unknown_state(), {"rst": 1})[1]

    def cycle(
        self, state: State, inputs: Mapping[str, Word], row: Word | None = None
    ) -> tuple[dict[str, Word], State]:
        """Return what is seen, and the next state; `row`: whatever word of the memory is read."""
        machine = self.machine
        if self._memory:
            width, size = machine.netlist.memories[self._memory]
            known = {} if row is None else dict.fromkeys(range(size), row)
            state = State(state.registers, {self._memory: Rows(known, width, size)})
        machine.state = state
        free = {name: unknown(width, name) for name, width in self.inputs.items()}
        seen = machine.cycle({**free, "clk": 0, "rst": 0, **inputs})
        after = State(machine.state.registers, {} if self._memory else machine.state.memories)
        return dict(zip(self._wires, seen, strict=True)), after

    def general(self, state: State, symbols: set[int]) -> State:
        """Return a state in which only what is made of some symbols is known."""
        template = self.machine.unknown_state()
        return general(state, symbols, replace(template, memories={}))


def key_of(word: Word) -> Hashable:
    """Return what is equal for equal words; all unknown ones are equal."""
    if isinstance(word, Pieces):
        return tuple((key_of(piece), bits) for piece, bits in word.pieces)
    if isinstance(word, int):
        return word
    return None if is_free(word) else freeze(word)
