# SPDX-License-Identifier: Apache-2.0
"""The cells of a netlist as statements, in the order in which they depend on each other.

A word that is read in the cycle in which it is written is unknown where the Verilog says that
chips may answer anything there (`no_rw_check`).
"""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import chain
from typing import Any

import numpy as np

from lmu_hw.errors import ToolError
from lmu_hw.prove.algebra.functions import applied, leaf_of, values_of
from lmu_hw.prove.algebra.undecided import Decide, Undecided
from lmu_hw.prove.algebra.words import Word, number, unknown
from lmu_hw.prove.hardware.cell_shape import Shape, mask
from lmu_hw.prove.hardware.cells import evaluate
from lmu_hw.prove.hardware.cells_on_numbers import COMBINATIONAL, on_numbers
from lmu_hw.prove.hardware.netlist import REGISTERS, Bit, Netlist
from lmu_hw.prove.hardware.statements import Choice, Read, Write
from lmu_hw.prove.hardware.wiring import Wiring

__all__ = ["Translation"]


class Translation(Wiring):
    """Statements, and what they need.

    Parameters
    ----------
    netlist : Netlist
    observed : dict of name to bits
    constant : set of str
        Memories of known numbers that are never written.

    Attributes
    ----------
    inputs, registers, memories : dict of str to str
        The word that each of them is; in the order of `netlist`.
    seen : list of str
        Words that are observed.
    following : list of str
        Words that registers take.
    not_understood : list of str
        Cells whose outputs are unknown in every cycle.
    """

    def __init__(
        self, netlist: Netlist, observed: dict[str, Sequence[Bit]], constant: set[str]
    ) -> None:
        super().__init__(netlist)
        self._constant_memories = constant
        self.not_understood: list[str] = []
        cells = netlist.cells
        self.inputs = {name: self._name(("", name)) for name in netlist.ports("input")}
        self.registers = {
            name: self._name((name, "Q"))
            for name, cell in cells.items()
            if cell["type"] in REGISTERS
        }
        self.memories = {name: f"m{place}" for place, name in enumerate(netlist.memories)}
        self._ports = [
            (name, cell) for name, cell in cells.items() if cell["type"].startswith("$memwr")
        ]
        for name in self._order():
            self._cell(name)
        self.seen = [self._word(bits) for bits in observed.values()]
        self.following = [self._register(name) for name in self.registers]
        for name, cell in self._ports:
            self._write(name, cell)

    # -- cells ---------------------------------------------------------------------------------

    def _order(self) -> list[str]:
        """Return the cells that are computed within a cycle, each after those that it reads."""
        netlist = self.netlist
        graph: dict[str, set[str]] = {}
        for name, cell in netlist.cells.items():
            if cell["type"] in REGISTERS or cell["type"].startswith(("$meminit", "$memwr")):
                continue
            inputs = [
                bits
                for port, bits in cell["connections"].items()
                if cell["port_directions"].get(port) == "input" and port != "CLK"
            ]
            if cell["type"] == "$memrd":  # a collision is seen before the word is used
                for write in self._colliding(cell):
                    inputs += [write["connections"][port] for port in ("EN", "ADDR")]
            graph[name] = {
                netlist.drivers[bit][0][0]
                for bits in inputs
                for bit in bits
                if bit in netlist.drivers
            }
        graph = {name: {r for r in reads if r in graph} for name, reads in graph.items()}
        try:
            return list(TopologicalSorter(graph).static_order())
        except CycleError as error:
            loop = ", ".join(map(str, error.args[1][:4]))
            raise ToolError(f"logic must not feed itself, but does: {loop}") from None

    def _cell(self, name: str) -> None:
        cell = self.netlist.cells[name]
        kind = cell["type"]
        if kind == "$memrd" and int(cell["parameters"]["CLK_ENABLE"], 2) == 0:
            self._read(name, cell)
        elif kind in COMBINATIONAL:
            self._logic(cell, self._name((name, "Y")))
        else:
            self.not_understood.append(f"{name} ({kind})")
            for port, bits in cell["connections"].items():
                if cell["port_directions"].get(port) == "output":
                    self._fresh(len(bits), kind, self._name((name, port)))

    def _logic(self, cell: dict[str, Any], target: str) -> None:
        connections, parameters = cell["connections"], cell["parameters"]
        ports = [port for port in ("A", "B", "S") if port in connections]
        shape = Shape(
            kind=cell["type"],
            widths=tuple(len(connections[port]) for port in ports),
            signed=tuple(bool(int(parameters.get(f"{port}_SIGNED", "0"), 2)) for port in ports[:2]),
            width=len(connections["Y"]),
        )
        words = [self._word(connections[port]) for port in ports]
        if shape.kind == "$mux":
            self._choice(shape, words, target)
        else:
            known = on_numbers(shape, words)
            self._call(words, known, evaluate(shape), width=shape.width, name=target)

    def _choice(self, shape: Shape, words: list[str], name: str = "") -> str:
        """Add a multiplexer of words A, B and S; return the name of its output."""
        name = name or f"w{len(self.statements)}"
        no, yes, condition = words
        function = self._answers(words, evaluate(shape), shape.width)
        guarded = (no, 0), (yes, 1)
        self.statements.append(
            Choice(name=name, words=(condition,), guarded=guarded, function=function)
        )
        return name

    def _read(self, name: str, cell: dict[str, Any]) -> None:
        connections, memory = cell["connections"], cell["parameters"]["MEMID"].lstrip("\\")
        width, size = self.netlist.memories[memory]
        collisions = tuple(
            (self._word(write["connections"]["EN"]), self._word(write["connections"]["ADDR"]))
            for write in self._colliding(cell)
        )
        bits = len(connections["ADDR"])
        self.statements.append(
            Read(
                name=self._name((name, "DATA")),
                words=(self._word(connections["ADDR"]), *chain.from_iterable(collisions)),
                rows=self.memories[memory],
                constant=memory in self._constant_memories,
                size=size,
                places=1 << bits,
                function=self._constant(lambda rows, word: self._read_at(memory, rows, word, bits)),
                collisions=collisions,
                width=width,
            )
        )

    def _colliding(self, read: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the write ports at whose word a read port may answer anything."""
        memory = read["parameters"]["MEMID"]
        if memory.lstrip("\\") not in self.netlist.undefined_collisions:
            return []
        return [cell for _, cell in self._ports if cell["parameters"]["MEMID"] == memory]

    def _read_at(self, memory: str, rows: list[Word], address: Word, bits: int) -> Word:
        """Return a word of a memory at an address that is not known, or beyond its end."""
        width, size = self.netlist.memories[memory]
        if isinstance(address, Undecided):
            raise Decide
        leaf = leaf_of([number(address)])
        constant = width < 62 and all(isinstance(row, int) for row in rows)
        if leaf is None or not constant:
            return unknown(width, memory)
        contents = np.array(rows, np.int64)
        if (values_of(number(address), leaf) & mask(bits)).max() >= size:
            return unknown(width, memory)
        what = ("read", contents.tobytes(), bits)
        return applied(lambda places: contents[places & mask(bits)], [number(address)], leaf, what)

    def _register(self, name: str) -> str:
        cell = self.netlist.cells[name]
        connections, parameters = cell["connections"], cell["parameters"]
        width = len(connections["Q"])
        following = self._word(connections["D"])
        kind = cell["type"]

        def reset(value: str) -> str:
            text = str(parameters["SRST_VALUE"])
            to = str(int(text, 2)) if set(text) <= {"0", "1"} else self._fresh(width)
            return self._when(connections["SRST"], parameters["SRST_POLARITY"], to, value, width)

        if kind == "$sdffce":
            following = reset(following)
        if "EN" in connections:
            kept, polarity = self.registers[name], parameters["EN_POLARITY"]
            following = self._when(connections["EN"], polarity, following, kept, width)
        if kind in ("$sdff", "$sdffe"):
            following = reset(following)
        return following

    def _when(self, bit: Sequence[Bit], polarity: str, yes: str, no: str, width: int) -> str:
        """Add a choice by a control input; return the name of what is chosen."""
        if not int(polarity, 2):
            yes, no = no, yes
        shape = Shape(kind="$mux", widths=(width, width, 1), signed=(), width=width)
        return self._choice(shape, [no, yes, self._word(bit)])

    def _write(self, name: str, cell: dict[str, Any]) -> None:
        connections = cell["connections"]
        enable, address, word = (self._word(connections[p]) for p in ("EN", "ADDR", "DATA"))
        self.statements.append(
            Write(
                name=name,
                words=(enable,),
                guarded=((address, 1), (word, 1)),
                memory=cell["parameters"]["MEMID"].lstrip("\\"),
                width=len(connections["DATA"]),
            )
        )
