# SPDX-License-Identifier: Apache-2.0
"""The cells of a netlist as statements, in the order in which they depend on each other.

A word that is read in the cycle in which it is written is unknown where the Verilog says that
chips may answer anything there (`no_rw_check`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import chain
from typing import Any

import numpy as np

from lmu_hw.errors import ToolError
from lmu_hw.prove.algebra.atoms import Unknown
from lmu_hw.prove.algebra.forms import Form
from lmu_hw.prove.algebra.functions import function, leaf_of, values_of
from lmu_hw.prove.algebra.undecided import Decide, Undecided, in_both
from lmu_hw.prove.algebra.words import Word, as_signed, join, normal, number, part, unknown
from lmu_hw.prove.deadline import ended
from lmu_hw.prove.hardware.cell_shape import Shape
from lmu_hw.prove.hardware.cells import evaluate
from lmu_hw.prove.hardware.cells_on_numbers import COMBINATIONAL, on_numbers
from lmu_hw.prove.hardware.netlist import REGISTERS, Bit, Netlist, Source
from lmu_hw.prove.hardware.statements import Choice, Computed, Free, Read, Statement, Write, named

__all__ = ["Translation"]

_REMEMBERED = 4096
"""Terms of all words whose answer a cell remembers."""


class Translation:
    """Statements, and what they need.

    Parameters
    ----------
    netlist : Netlist
    observed : dict of name to bits
    constant : set of str
        Memories of known numbers that are never written.

    Attributes
    ----------
    statements : list of Statement
        Each after those whose words it reads.
    inputs, registers, memories : dict of str to str
        The word that each of them is; in the order of `netlist`.
    seen : list of str
        Words that are observed.
    following : list of str
        Words that registers take.
    constants : dict of str to object
        What the statements call by name.
    not_understood : list of str
        Cells whose outputs are unknown in every cycle.
    """

    def __init__(
        self, netlist: Netlist, observed: dict[str, Sequence[Bit]], constant: set[str]
    ) -> None:
        self.netlist, self._constant_memories = netlist, constant
        self.statements: list[Statement] = []
        self.constants: dict[str, Any] = {"unknown": unknown}
        self.not_understood: list[str] = []
        self._names: dict[Source, str] = {}
        self._parts: dict[tuple[Any, ...], str] = {}
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

    # -- words ---------------------------------------------------------------------------------

    def _constant(self, value: Any) -> str:
        name = f"k{len(self.constants)}"
        self.constants[name] = value
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
                return join(list(zip(values, sizes, strict=True)))

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

    def _fresh(self, width: int, what: str = "x", name: str = "") -> str:
        """Add a word of which nothing is known; return its name."""
        name = name or f"x{len(self.statements)}"
        self.statements.append(Free(name=name, width=width, what=what))
        return name

    def _call(
        self,
        words: Sequence[str],
        known: str,
        function: Callable[..., Word],
        *,
        width: int,
        name: str = "",
    ) -> str:
        """Add a statement that computes a word; return its name."""
        name = name or f"w{len(self.statements)}"
        called = self._answers(words, function, width)
        self.statements.append(
            Computed(name=name, words=tuple(words), known=known, function=called)
        )
        return name

    def _answers(self, words: Sequence[str], function: Callable[..., Word], width: int) -> str:
        """Return the name of a function of the words that have names."""
        names = named(words)

        def of_all(*values: Word) -> Word:
            by_name = dict(zip(names, values, strict=True))
            return function(*(int(w) if w.isdigit() else by_name[w] for w in words))

        return self._constant(_remembering(function if names == list(words) else of_all, width))

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


def _remembering(function: Callable[..., Word], width: int) -> Callable[..., Word]:
    """Return a function of words that is called once for the same objects.

    Registers and memories hand on the objects that they hold, so most words come again as they are.
    It answers a free word where forms cannot say what it would be.
    """
    answers: dict[tuple[int, ...], tuple[tuple[Word, ...], Word]] = {}
    terms = 0

    def answer(*words: Word) -> Word:
        nonlocal terms
        key = tuple(map(id, words))
        if key in answers:
            return answers[key][1]
        if any(isinstance(word, Undecided) for word in words):
            return in_both(answer, words)
        ended()
        try:
            result = function(*words)
        except (Unknown, OverflowError):
            result = unknown(width, "given up")
        terms += 1 + sum(len(word.terms) for word in words if isinstance(word, Form))
        if terms > _REMEMBERED:
            answers.clear()
            terms = 0
        answers[key] = words, result  # the words stay, or another object might have their place
        return result

    return answer
