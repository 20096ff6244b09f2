# SPDX-License-Identifier: Apache-2.0
"""A netlist as a Python function of one cycle.

Cells become statements in the order in which they depend on each other. Where all words of a cell
are known numbers, the statement is plain arithmetic; otherwise the cell is called as a function of
forms, unless its words are the very objects of the last call.

A word that is read in the cycle in which it is written is unknown where the Verilog says that
chips may answer anything there (`no_rw_check`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any

import numpy as np

from lmu_hw.errors import ToolError
from lmu_hw.prove.cell_shape import Shape
from lmu_hw.prove.cells import evaluate
from lmu_hw.prove.cells_on_numbers import COMBINATIONAL, on_numbers
from lmu_hw.prove.forms import Unknown
from lmu_hw.prove.functions import function, leaf_of, values_of
from lmu_hw.prove.netlist import REGISTERS, Bit, Netlist, Source
from lmu_hw.prove.words import Word, as_signed, join, normal, number, part, unknown

__all__ = ["Program", "Write"]

Write = tuple[str, Word, Word, Word, int, str]
"""Memory, enable, address, data, bits of the data, and the port."""


class Program:
    """The function, and what it needs.

    Parameters
    ----------
    netlist : Netlist
    observed : dict of name to bits
        What `step` returns of each cycle.

    Attributes
    ----------
    registers : list of str
        Cells, in the order of their values.
    step : callable
        From registers, memories by name and inputs by name: what is observed, the registers of the
        next cycle, and what is written.
    not_understood : list of str
        Cells whose outputs are unknown in every cycle.
    """

    def __init__(self, netlist: Netlist, observed: dict[str, Sequence[Bit]]) -> None:
        self.netlist = netlist
        self.registers = [n for n, cell in netlist.cells.items() if cell["type"] in REGISTERS]
        self.not_understood: list[str] = []
        self.observed = list(observed)
        self._lines: list[str] = []
        self._names: dict[Source, str] = {}
        self._parts: dict[tuple[Any, ...], str] = {}
        self._constants: dict[str, Any] = {"unknown": unknown}
        self._calls = 0
        self._build(observed)
        self.step: Callable[..., Any] = self._compile(self._lines)

    # -- words ---------------------------------------------------------------------------------

    def _constant(self, value: Any) -> str:
        name = f"k{len(self._constants)}"
        self._constants[name] = value
        return name

    def _name(self, source: Source) -> str:
        return self._names.setdefault(source, f"v{len(self._names)}")

    def _fields(self, bits: Sequence[Bit]) -> list[tuple[Any, ...]]:
        """Return a word as (source, low, bits, repeats of the top bit), or (None, number, bits)."""
        drivers, fields, i = self.netlist.drivers, [], 0
        while i < len(bits):
            j = i
            if isinstance(bits[i], str):
                known = bits[i] in ("0", "1")
                while (
                    j < len(bits) and isinstance(bits[j], str) and (bits[j] in ("0", "1")) == known
                ):
                    j += 1
                text = "".join(str(bit) for bit in reversed(bits[i:j]))
                fields.append((None, int(text, 2) if known else None, j - i, 0))
            elif bits[i] not in drivers:
                j += 1
                fields.append((None, None, 1, 0))
            else:
                source, low = drivers[bits[i]]
                while j < len(bits) and drivers.get(bits[j]) == (source, low + j - i):
                    j += 1
                size = j - i
                while j < len(bits) and bits[j] == bits[j - 1]:
                    j += 1
                fields.append((source, low, size, j - i - size))
            i = j
        return fields

    def _word(self, bits: Sequence[Bit]) -> str:
        """Return the name of a word, or a number; adds the statements that make it."""
        fields = self._fields(bits)
        if all(f[0] is None and f[1] is not None for f in fields):
            total = place = 0
            for _, known, size, _ in fields:
                total |= known << place
                place += size
            return str(total)
        names = [self._field(*field) for field in fields]
        if len(names) == 1:
            return names[0]
        sizes = [size + repeats for _, _, size, repeats in fields]
        key = ("join", *names, *sizes)
        if key not in self._parts:
            known, place = [], 0
            for name, size in zip(names, sizes, strict=True):
                known.append(f"{name} << {place}" if place else name)
                place += size

            def joined(*values: Word) -> Word:
                return join(list(zip(_given(values, names), sizes, strict=True)))

            self._parts[key] = self._call(names, " | ".join(known), joined, width=len(bits))
        return self._parts[key]

    def _field(self, source: Source | None, low: int | None, size: int, repeats: int) -> str:
        if source is None:
            return str(low) if low is not None else self._fresh(size)
        whole, width = self._name(source), self.netlist.width(source)
        key = (source, low, size, repeats)
        if key == (source, 0, width, 0):
            return whole
        if key in self._parts:
            return self._parts[key]
        mask = (1 << size) - 1
        text = f"{whole} >> {low} & {mask}" if low else f"{whole} & {mask}"
        if low and low + size == width:
            text = f"{whole} >> {low}"
        if repeats:
            text = f"(({text}) ^ {1 << size - 1}) - {1 << size - 1} & {(1 << size + repeats) - 1}"

        def cut(word: Word) -> Word:
            piece = part(word, width, low or 0, size)
            return normal(as_signed(piece, size), size + repeats) if repeats else piece

        self._parts[key] = made = self._call([whole], text, cut, width=size + repeats)
        return made

    def _fresh(self, width: int) -> str:
        name = f"x{self._calls}"
        self._calls += 1
        self._lines.append(f"{name} = unknown({width}, 'x')")
        return name

    def _call(
        self,
        names: Sequence[str],
        known: str,
        function: Callable[..., Word],
        *,
        width: int,
        name: str = "",
        looked_at: Sequence[str] = (),
    ) -> str:
        """Add a statement that computes a word; return the name of the word."""
        names = list(dict.fromkeys(n for n in names if not n.isdigit()))
        self._calls += 1
        name = name or f"w{self._calls}"
        looked_at = [n for n in looked_at or names if not n.isdigit()]
        if not looked_at:
            self._lines.append(f"{name} = {known}")
            return name
        call = self._constant(_or_unknown(function, width))
        cache = self._constant([None] * (len(names) + 1))
        same = " and ".join(f"{cache}[{i}] is {n}" for i, n in enumerate(names))
        keep = "; ".join(f"{cache}[{i}] = {n}" for i, n in enumerate(names))
        self._lines += [
            f"if {' and '.join(f'type({n}) is int' for n in looked_at)}: {name} = {known}",
            f"elif {same}: {name} = {cache}[{len(names)}]",
            f"else: {name} = {cache}[{len(names)}] = {call}({', '.join(names)}); {keep}",
        ]
        return name

    # -- cells ---------------------------------------------------------------------------------

    def _build(self, observed: dict[str, Sequence[Bit]]) -> None:
        netlist = self.netlist
        for name in netlist.ports("input"):
            self._lines.append(f"{self._name(('', name))} = inputs[{name!r}]")
        for index, name in enumerate(self.registers):
            self._lines.append(f"{self._name((name, 'Q'))} = registers[{index}]")
        for memory in netlist.memories:
            self._lines.append(f"{self._memory(memory)} = memories[{memory!r}]")
        for name in self._order():
            self._cell(name)
        seen = [self._word(bits) for bits in observed.values()]
        following = [self._register(name) for name in self.registers]
        self._lines.append("writes = []")
        for name, cell in netlist.cells.items():
            if cell["type"].startswith("$memwr"):
                self._write(name, cell)
        self._lines.append(f"return [{', '.join(seen)}], [{', '.join(following)}], writes")

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
                    target = self._name((name, port))
                    self._lines.append(f"{target} = unknown({len(bits)}, {kind!r})")

    def _logic(self, cell: dict[str, Any], target: str) -> None:
        connections, parameters = cell["connections"], cell["parameters"]
        ports = [port for port in ("A", "B", "S") if port in connections]
        shape = Shape(
            kind=cell["type"],
            widths=tuple(len(connections[port]) for port in ports),
            signed=tuple(bool(int(parameters.get(f"{port}_SIGNED", "0"), 2)) for port in ports[:2]),
            width=len(connections["Y"]),
        )
        self._shaped(shape, [self._word(connections[port]) for port in ports], target)

    def _shaped(self, shape: Shape, words: list[str], target: str = "") -> str:
        """Add a cell; return the name of its output."""
        function = evaluate(shape)
        return self._call(
            words,
            on_numbers(shape, words),
            lambda *values: function(*_given(values, words)),
            width=shape.width,
            name=target,
            looked_at=words[-1:] if shape.kind == "$mux" else (),  # the rest is handed on as it is
        )

    def _memory(self, name: str) -> str:
        return f"m{list(self.netlist.memories).index(name)}"

    def _read(self, name: str, cell: dict[str, Any]) -> None:
        memory = cell["parameters"]["MEMID"].lstrip("\\")
        _, size = self.netlist.memories[memory]
        address = self._word(cell["connections"]["ADDR"])
        target, rows = self._name((name, "DATA")), self._memory(memory)
        bits = len(cell["connections"]["ADDR"])
        read = self._constant(lambda rows, word: self._read_at(memory, rows, word, bits))
        known = f"type({address}) is int and {address} < {size}"
        self._lines += [
            f"if {known}: {target} = {rows}[{address}]",
            f"else: {target} = {read}({rows}, {address})",
        ]
        for write in self._colliding(cell):
            # An enable or address that is a form may be any: it is no reason to rule it out.
            enable, place = (self._word(write["connections"][port]) for port in ("EN", "ADDR"))
            apart = f"type({place}) is type({address}) is int and {place} != {address}"
            free = f"unknown({len(cell['connections']['DATA'])}, 'read while written')"
            self._lines.append(f"if {enable} and not ({apart}): {target} = {free}")

    def _colliding(self, read: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the write ports at whose word a read port may answer anything."""
        memory = read["parameters"]["MEMID"]
        if memory.lstrip("\\") not in self.netlist.undefined_collisions:
            return []
        return [
            cell
            for cell in self.netlist.cells.values()
            if cell["type"].startswith("$memwr") and cell["parameters"]["MEMID"] == memory
        ]

    def _read_at(self, memory: str, rows: list[Word], address: Word, bits: int) -> Word:
        """Return a word of a memory at an address that is not known, or beyond its end."""
        width, size = self.netlist.memories[memory]
        leaf = leaf_of([number(address)])
        constant = width < 62 and all(isinstance(row, int) for row in rows)
        if leaf is None or not constant:
            return unknown(width, memory)
        contents = np.array(rows, np.int64)
        places = values_of(number(address), leaf) & ((1 << bits) - 1)
        if places.max() >= size:
            return unknown(width, memory)
        return function(contents[places], leaf)

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
            kept = self._name((name, "Q"))
            following = self._when(
                connections["EN"], parameters["EN_POLARITY"], following, kept, width
            )
        if kind in ("$sdff", "$sdffe"):
            following = reset(following)
        return following

    def _when(self, bit: Sequence[Bit], polarity: str, yes: str, no: str, width: int) -> str:
        """Add a choice by a control input; return the name of what is chosen."""
        if not int(polarity, 2):
            yes, no = no, yes
        shape = Shape(kind="$mux", widths=(width, width, 1), signed=(), width=width)
        return self._shaped(shape, [no, yes, self._word(bit)])

    def _write(self, name: str, cell: dict[str, Any]) -> None:
        connections = cell["connections"]
        enable = self._word(connections["EN"])
        address = self._word(connections["ADDR"])
        word = self._word(connections["DATA"])
        memory = cell["parameters"]["MEMID"].lstrip("\\")
        entry = f"({memory!r}, {enable}, {address}, {word}, {len(connections['DATA'])}, {name!r})"
        self._lines.append(f"if type({enable}) is not int or {enable}: writes.append({entry})")

    def _compile(self, lines: list[str]) -> Callable[..., Any]:
        body = "\n".join(f"    {line}" for line in lines)
        scope = dict(self._constants)
        exec(f"def step(registers, memories, inputs):\n{body}\n", scope)
        return scope["step"]


def _given(values: Sequence[Word], words: Sequence[str]) -> list[Word]:
    """Return every word, from the values of those that have names, each given once."""
    names = dict.fromkeys(word for word in words if not word.isdigit())
    by_name = dict(zip(names, values, strict=True))
    return [int(word) if word.isdigit() else by_name[word] for word in words]


def _or_unknown(function: Callable[..., Word], width: int) -> Callable[..., Word]:
    """Return a function that answers a free word where forms cannot say what it would."""

    def answer(*words: Word) -> Word:
        try:
            return function(*words)
        except (Unknown, OverflowError):
            return unknown(width, "given up")

    return answer
