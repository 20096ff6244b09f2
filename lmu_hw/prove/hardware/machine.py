# SPDX-License-Identifier: Apache-2.0
"""A netlist that runs on words, cycle by cycle, from any contents of registers and memories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lmu_hw.prove.algebra.undecided import Decide, Undecided
from lmu_hw.prove.algebra.words import Word, merge, number, unknown
from lmu_hw.prove.deadline import ended
from lmu_hw.prove.hardware.netlist import Bit, Netlist, number_of
from lmu_hw.prove.hardware.program import Program, Write

__all__ = ["Machine", "State"]


@dataclass(slots=True)
class State:
    """What a netlist holds.

    Attributes
    ----------
    registers : list of Word
        In the order of the machine's `registers`.
    memories : dict of name to list of Word
        Those that are written; a list is never changed, but replaced.
    """

    registers: list[Word]
    memories: dict[str, list[Word]]


class Machine:
    """Runs the cells of a netlist.

    Parameters
    ----------
    netlist : Netlist
    observed : dict of name to bits
        What each cycle returns.

    Attributes
    ----------
    state : State
        Everything unknown at first, but for memories that are never written.
    """

    def __init__(self, netlist: Netlist, observed: dict[str, Sequence[Bit]]) -> None:
        self.netlist = netlist
        contents = _contents(netlist)
        written = {
            cell["parameters"]["MEMID"].lstrip("\\")
            for cell in netlist.cells.values()
            if cell["type"].startswith("$memwr")
        }
        self._roms = {name: rows for name, rows in contents.items() if name not in written}
        constant = {n for n, rows in self._roms.items() if all(isinstance(r, int) for r in rows)}
        self.program = Program(netlist, observed, constant)
        self.registers = self.program.registers
        self.initial = {name: rows for name, rows in contents.items() if name in written}
        """What Verilog puts into memories that are written."""
        self._written: set[str] = set()
        self._ports = _ports(netlist)
        self.state = self.unknown_state()

    def unknown_state(self) -> State:
        """Return a state of which nothing is known."""
        widths = [len(self.netlist.cells[name]["connections"]["Q"]) for name in self.registers]
        return State(
            registers=[
                unknown(width, name) for width, name in zip(widths, self.registers, strict=True)
            ],
            memories={
                name: [unknown(self.netlist.memories[name][0], name) for _ in rows]
                for name, rows in self.initial.items()
            },
        )

    def cycle(self, inputs: Mapping[str, Word]) -> list[Word]:
        """Let one rising edge of the clock pass; return what is observed before it."""
        ended()
        state = self.state
        rows = {**self._roms, **state.memories}
        seen, registers, writes = self.program.step(state.registers, rows, inputs)
        memories = self._after(writes, state.memories) if writes else state.memories
        self.state = State(registers, memories)
        return seen

    def _after(self, writes: list[Write], memories: dict[str, list[Word]]) -> dict[str, list[Word]]:
        """Return the memories after the writes of a cycle."""
        memories = dict(memories)
        done: list[tuple[str, int, str]] = []
        for name, enable, address, word, width, port in sorted(
            writes, key=lambda write: self._ports[write[5]][0]
        ):
            if any(isinstance(given, Undecided) for given in (enable, address, word)):
                raise Decide
            rows = memories[name] = list(memories[name])
            enable, address = number(enable), number(address)
            if enable == 0:  # wherever it would go
                continue
            if not isinstance(address, int):
                rows[:] = [unknown(width, name) for _ in rows]
                continue
            if address >= len(rows):
                continue
            over = self._ports[port][1]
            clash = any(
                (memory, place) == (name, address) and other not in over
                for memory, place, other in done
            )
            if clash or not isinstance(enable, int):
                rows[address] = unknown(width, name)
            else:
                rows[address] = merge(rows[address], word, enable, width)
            done.append((name, address, port))
        return memories


def _contents(netlist: Netlist) -> dict[str, list[Word]]:
    """Return what Verilog puts into memories; unknown where it puts nothing."""
    contents: dict[str, list[Word]] = {
        name: [unknown(width, name) for _ in range(size)]
        for name, (width, size) in netlist.memories.items()
    }
    for cell in netlist.cells.values():
        if not cell["type"].startswith("$meminit"):
            continue
        name, width = cell["parameters"]["MEMID"].lstrip("\\"), int(cell["parameters"]["WIDTH"], 2)
        base, data = number_of(cell["connections"]["ADDR"]), cell["connections"]["DATA"]
        for place in range(int(cell["parameters"]["WORDS"], 2)):
            word = number_of(data[place * width : (place + 1) * width])
            if base is not None and word is not None:
                contents[name][base + place] = word
    return contents


def _ports(netlist: Netlist) -> dict[str, tuple[int, set[str]]]:
    """Return the number of each write port, and the ports whose writes it overrides."""
    ports: dict[str, tuple[int, str, str]] = {}
    for name, cell in netlist.cells.items():
        if cell["type"].startswith("$memwr"):
            parameters = cell["parameters"]
            mask = parameters.get("PRIORITY_MASK", "")
            ports[name] = int(parameters["PORTID"], 2), parameters["MEMID"], mask
    return {
        name: (
            number,
            {
                other
                for other, (below, same, _) in ports.items()
                if same == memory and below < len(mask) and mask[-1 - below] == "1"
            },
        )
        for name, (number, memory, mask) in ports.items()
    }
