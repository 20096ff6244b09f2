# SPDX-License-Identifier: Apache-2.0
"""The word-level cells of Verilog files, as Yosys reads them, and what must hold of them all."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from lmu_hw.errors import ToolError
from lmu_hw.hdl.assertions import MACRO
from lmu_hw.implement.tools import run_yosys

__all__ = ["REGISTERS", "Bit", "Netlist", "Source", "number_of", "read_netlist"]

Bit = int | str
"""The number of a wire of one bit, or a constant: 0, 1, x, z."""

Source = tuple[str, str]
"""A cell and its output; of an input of the module, the empty text and its name."""

REGISTERS = frozenset(("$dff", "$dffe", "$sdff", "$sdffe", "$sdffce"))
_CLOCK = "clk"
_NO_CHECK = "no_rw_check"


def read_netlist(files: Mapping[str, bytes], top: str) -> Netlist:
    """Return the cells of a module and of all below it.

    Parameters
    ----------
    files : mapping of name to content
        Verilog, and the contents of ROMs that it reads.
    top : str

    Raises
    ------
    ToolError
        If Yosys does not read the files, with what it says.
    """
    commands = [
        "proc -noopt -norom",
        "flatten",
        "delete t:$check",
        # Parts end at wires of checkers, and vectors go from part to part: they keep their names.
        "setattr -set keep 1 w:*trace_* w:*check_*.* w:*.i__payload w:*.level",
        "opt_clean",
    ]
    # Nothing is optimised, and memories stay words: the less is rewritten, the less is trusted.
    return Netlist(cells_after(commands, files, top, options=f"-nomem2reg -D{MACRO}"))


def cells_after(
    commands: Sequence[str], files: Mapping[str, bytes], top: str, *, options: str = ""
) -> dict[str, Any]:
    """Return a module as Yosys writes it, after commands that leave one module.

    Parameters
    ----------
    commands : sequence of str
        Once the files are read.
    files : mapping of name to content
        Verilog, and the contents of ROMs that it reads.
    top : str
    options : str
        Of `read_verilog`, beside that it is SystemVerilog.

    Raises
    ------
    ToolError
        If Yosys does not read the files, with what it says.
    """
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        for file, content in files.items():
            (work / file).write_bytes(content)
        reading = [f"read_verilog -sv {options} {file}" for file in files if file.endswith(".v")]
        steps = [*reading, f"hierarchy -check -top {top}", *commands, "write_json cells.json"]
        run_yosys(steps, work, log="yosys.log")
        try:
            return json.loads((work / "cells.json").read_bytes())["modules"][top]
        except (OSError, ValueError, LookupError) as error:
            raise ToolError(f"Yosys must write the cells of {top}, but: {error}") from None


@dataclass(frozen=True, eq=False)
class Netlist:
    """One flat module.

    Parameters
    ----------
    module : dict
        As Yosys writes it.
    """

    module: dict[str, Any]

    @cached_property
    def cells(self) -> dict[str, dict[str, Any]]:
        """Cells by name, without those that only say where others come from."""
        cells = self.module["cells"]
        return {name: cell for name, cell in cells.items() if cell["type"] != "$scopeinfo"}

    def ports(self, direction: str) -> dict[str, list[Bit]]:
        """Return the bits of inputs or outputs, by name."""
        ports = self.module["ports"]
        return {n: port["bits"] for n, port in ports.items() if port["direction"] == direction}

    def wire(self, name: str) -> list[Bit] | None:
        """Return the bits of a wire by its hierarchical name; None if there is none."""
        wire = self.module["netnames"].get(name)
        return None if wire is None else wire["bits"]

    @cached_property
    def memories(self) -> dict[str, tuple[int, int]]:
        """Width and words of each memory."""
        entries = self.module.get("memories", {})
        return {name: (entry["width"], entry["size"]) for name, entry in entries.items()}

    @cached_property
    def undefined_collisions(self) -> frozenset[str]:
        """Memories of which a word that is read while it is written is undefined."""
        entries = self.module.get("memories", {})
        return frozenset(n for n, e in entries.items() if _NO_CHECK in e.get("attributes", {}))

    @cached_property
    def drivers(self) -> dict[Bit, tuple[Source, int]]:
        """What drives each bit, and at which place of it the bit is."""
        drivers: dict[Bit, tuple[Source, int]] = {}
        for name, bits in self.ports("input").items():
            drivers |= {bit: (("", name), place) for place, bit in enumerate(bits)}
        for name, cell in self.cells.items():
            for port, bits in cell["connections"].items():
                if cell["port_directions"].get(port) == "output":
                    for place, bit in enumerate(bits):
                        if bit in drivers:
                            raise ToolError(f"{name}: a wire must have one driver, not several")
                        drivers[bit] = (name, port), place
        return drivers

    def width(self, source: Source) -> int:
        """Return the bits of an output."""
        cell, port = source
        if not cell:
            return len(self.module["ports"][port]["bits"])
        return len(self.cells[cell]["connections"][port])

    def wrong_clocks(self) -> list[str]:
        """Return the registers and memory ports that are not clocked by the rising edge of clk."""
        (clock,) = self.ports("input").get(_CLOCK, [None])[:1]
        wrong = []
        for name, cell in self.cells.items():
            connections, parameters = cell["connections"], cell["parameters"]
            if "CLK" not in connections or cell["type"] == "$memrd":
                continue
            polarity = int(parameters.get("CLK_POLARITY", "1"), 2)
            enabled = int(parameters.get("CLK_ENABLE", "1"), 2)
            if connections["CLK"] != [clock] or not polarity or not enabled:
                wrong.append(name)
        return wrong

    def clock_in_logic(self) -> list[str]:
        """Return the cells that read the clock as data."""
        clocks = set(self.ports("input").get(_CLOCK, ()))
        return [
            name
            for name, cell in self.cells.items()
            for port, bits in cell["connections"].items()
            if port != "CLK" and clocks & {bit for bit in bits if isinstance(bit, int)}
        ]


def number_of(bits: Iterable[Bit]) -> int | None:
    """Return the number that constant bits are, the lowest first; None if one is not known."""
    total = 0
    for place, bit in enumerate(bits):
        if bit not in ("0", "1"):
            return None
        total |= int(bit) << place
    return total
