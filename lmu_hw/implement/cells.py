# SPDX-License-Identifier: Apache-2.0
"""A synthesised netlist: its cells, and of which part of the design each is.

Flip-flops, carry chains and multipliers keep the line of the Verilog that they come from, memories
keep their name in the hierarchy. Tables are named after what they lead to, and belong to its part:
logic that two parts share is counted with one of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

__all__ = ["Cell", "Netlist", "Scope"]

_PLACE = re.compile(r"([^|]+?):(\d+)\.\d+-(\d+)\.\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell: its name, its type, and where in the sources it comes from (``file:lines|...``)."""

    name: str
    kind: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """An instance of a module: its path, the module's name, and the file and lines of that."""

    path: str
    module: str
    file: str
    first: int
    last: int


@dataclass(frozen=True, kw_only=True)
class Netlist:
    """The top of a synthesised design.

    Attributes
    ----------
    cells : dict of name to Cell
    scopes : dict of path to Scope
        Instances that were flattened into the top.
    """

    cells: dict[str, Cell]
    scopes: dict[str, Scope] = field(repr=False)

    @classmethod
    def of(cls, document: Mapping[str, Any], top: str) -> Netlist:
        """Return the top in a netlist as Yosys writes it to JSON."""
        cells, scopes = {}, {}
        for name, entry in document["modules"][top]["cells"].items():
            attributes = entry["attributes"]
            if entry["type"] == "$scopeinfo":
                place = _PLACE.search(attributes.get("module_src", ""))
                if place is not None:
                    scopes[name] = Scope(
                        path=name,
                        module=attributes["module"],
                        file=place[1],
                        first=int(place[2]),
                        last=int(place[3]),
                    )
            else:
                cells[name] = Cell(name=name, kind=entry["type"], source=attributes.get("src", ""))
        return cls(cells=cells, scopes=scopes)

    @cached_property
    def _by_module(self) -> dict[str, list[Scope]]:
        modules: dict[str, list[Scope]] = {}
        for scope in self.scopes.values():
            modules.setdefault(scope.module, []).append(scope)
        return modules

    @cached_property
    def paths(self) -> dict[str, str]:
        """Path of the instance that each cell is of, by the cell's name; empty: of the top."""
        placed = {}
        for name, cell in self.cells.items():
            path = self._by_source(cell)
            if path is not None:
                placed[name] = path
        return {name: self._path(name, placed) for name in self.cells}

    def _path(self, name: str, placed: Mapping[str, str]) -> str:
        if name in placed:
            return placed[name]
        rest = name
        while "_" in rest:  # what is named after another cell leads to it
            rest = rest.rpartition("_")[0]
            if rest in placed:
                return placed[rest]
        return self._enclosing(name)

    def _enclosing(self, name: str) -> str:
        while "." in name:
            name = name.rpartition(".")[0]
            if name in self.scopes:
                return name
        return ""

    def _by_source(self, cell: Cell) -> str | None:
        """Return the only instance of the module in whose lines a cell comes from."""
        for file, first, _ in _PLACE.findall(cell.source):
            for scopes in self._by_module.values():
                scope = scopes[0]
                if scope.file == file and scope.first <= int(first) <= scope.last:
                    return scope.path if len(scopes) == 1 else None
        return None
