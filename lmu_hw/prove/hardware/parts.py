# SPDX-License-Identifier: Apache-2.0
"""Part of a netlist: what decides some wires, up to others that anything may be on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import Any

from lmu_hw.errors import ToolError
from lmu_hw.prove.hardware.netlist import Bit, Netlist

__all__ = ["memory_of", "part_of"]


def memory_of(cell: Mapping[str, Any]) -> str:
    """Return the memory that a cell belongs to; empty: none."""
    return str(cell["parameters"].get("MEMID", "")).lstrip("\\")


def part_of(
    netlist: Netlist,
    roots: Iterable[Sequence[Bit]],
    cut: Mapping[str, Sequence[Bit]],
    *,
    filled: Iterable[str] = (),
    written: Iterable[str] = (),
) -> Netlist:
    """Return the cells that decide some wires, now and in all cycles before.

    Parameters
    ----------
    netlist : Netlist
    roots : iterable of bits
    cut : mapping of name to bits
        Where the part ends: inputs of the part, by these names. Of a wire that is a root, too, the
        part has what drives it.
    filled : iterable of str
        Memories that are filled from outside: what writes them is no part of it.
    written : iterable of str
        Memories of which what writes them is part of it, whether they are read or not.

    Raises
    ------
    ToolError
        If an end is no wire of its own, or nothing writes a memory that is `written`.
    """
    fresh = count(1 + max((bit for bit in netlist.drivers if isinstance(bit, int)), default=0))
    renamed: dict[Bit, Bit] = {}
    ports: dict[str, Any] = {}
    for name, bits in cut.items():
        if any(bit in renamed for bit in bits):
            raise ToolError(
                f"{name}: must be a wire of its own, not one with another end of a part"
            )
        # A constant is nobody's input; its place in the word is.
        ends = [
            renamed.setdefault(b, next(fresh)) if isinstance(b, int) else next(fresh) for b in bits
        ]
        ports[name] = {"direction": "input", "bits": ends}
    filled = set(filled)
    writers: dict[str, list[str]] = {}
    for name, cell in netlist.cells.items():
        if cell["type"].startswith(("$memwr", "$meminit")) and memory_of(cell) not in filled:
            writers.setdefault(memory_of(cell), []).append(name)
    cells: dict[str, dict[str, Any]] = {}
    inputs: set[str] = set()
    pending: list[Bit] = [bit for bits in roots for bit in bits]
    for memory in written:
        if memory not in writers:
            raise ToolError(f"{memory}: must be written, but nothing writes it")
        for name in writers[memory]:
            cells[name] = _ended(netlist.cells[name], renamed)
            pending += _read(cells[name])
    seen: set[Bit] = set()
    while pending:
        bit = pending.pop()
        if bit in seen or bit not in netlist.drivers:
            continue
        seen.add(bit)
        (name, port), _ = netlist.drivers[bit]
        if not name:
            inputs.add(port)
            continue
        for reached in (name, *writers.get(memory_of(netlist.cells[name]), ())):
            if reached not in cells:
                cells[reached] = _ended(netlist.cells[reached], renamed)
                pending += _read(cells[reached])
    outside = netlist.ports("input")
    ports = {name: {"direction": "input", "bits": outside[name]} for name in sorted(inputs)} | ports
    memories = netlist.module.get("memories", {})
    used = {memory_of(cell) for cell in cells.values()}
    return Netlist(
        {
            "ports": ports,
            "cells": {name: cells[name] for name in netlist.cells if name in cells},
            "netnames": netlist.module["netnames"],
            "memories": {name: entry for name, entry in memories.items() if name in used},
        }
    )


def _ended(cell: dict[str, Any], renamed: Mapping[Bit, Bit]) -> dict[str, Any]:
    """Return a cell that reads the inputs of a part where the part ends."""
    directions = cell["port_directions"]
    connections = {
        port: bits if directions.get(port) == "output" else [renamed.get(bit, bit) for bit in bits]
        for port, bits in cell["connections"].items()
    }
    return {**cell, "connections": connections}


def _read(cell: Mapping[str, Any]) -> list[Bit]:
    directions = cell["port_directions"]
    return [
        bit
        for port, bits in cell["connections"].items()
        if directions.get(port) != "output"
        for bit in bits
    ]
