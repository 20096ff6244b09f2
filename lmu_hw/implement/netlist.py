# SPDX-License-Identifier: Apache-2.0
"""Emitted Verilog as a netlist that simulates: gates or vendor cells, and the models of both.

No register and no memory that the hardware writes has a value at power-up in it: initial values are
taken out of the design before anything is mapped, and out of the models of the cells. What files
hold stays: contents of ROMs, and coefficients that can be written later. Memories of such
coefficients stay words in Verilog, as others do for which Yosys has no simulation model.
"""

from __future__ import annotations

import importlib.util
import json
import re
import tempfile
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lmu_hw.checked import member
from lmu_hw.errors import ToolError
from lmu_hw.implement.flows import FLOWS, Cells, Steps
from lmu_hw.implement.tools import YOSYS, run_yosys

__all__ = ["Cells", "Netlist", "make_netlist", "model_text"]

_NETLIST, _COUNTS, _CELLS = "lmu__netlist.v", "lmu__counts.json", "lmu__cells.json"
_WRITTEN_ROMS = "c:*.rom.words t:$mem_v2 r:WR_PORTS>0 %i %i"
_MAPPED = re.compile(r"^mapping memory [^.\s]+\.(\S+) via (\S+)$", re.MULTILINE)
_WORDS = re.compile(r"^  reg \[\d+:0\] \\?(\S+) +\[\d+:0\];", re.MULTILINE)
_INCLUDE = re.compile(r'^`include "([^"]+)"[ \r]*$', re.MULTILINE)
# Register models begin with a value; those of memories read parameters, which the netlist sets.
_INITIAL = re.compile(r"`SB_DFF_INIT\b|\b(?:if \([^)]*\) *)?initial\s+\w+\s*<?=[^;]*;")
_VALUE = re.compile(r"^(\s*reg\s[^=;\n]*?) *=[^;\n]*;", re.MULTILINE)
_MODULE = re.compile(r"^(?=module +(\S+?)\s*[(#;])(.*?\bendmodule)", re.MULTILINE | re.DOTALL)
# Defaults of inputs are more than Icarus reads; a netlist connects what it needs.
_DEFAULT = re.compile(r"`ICE40_DEFAULT_ASSIGNMENT_(?:[01]|V\([^)]*\))")
# Icarus evaluates `always @*` when something changes, which what is constant never does.
_COMBINATIONAL = re.compile(r"\balways @(?:\*|\(\*\))")
_SPECIFY = re.compile(r"^\s*specify\b.*?^\s*endspecify\b", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Netlist:
    """A design as gates or cells.

    Attributes
    ----------
    cells : Cells
        What it was mapped to.
    verilog : str
        A module of the name of the design.
    models : dict of file name to text
        Of the cells.
    counts : dict of str to int
        Cells of each type, memories that stay words not among them.
    words : tuple of str
        Memories that stay words.
    """

    cells: Cells
    verilog: str
    models: dict[str, str]
    counts: dict[str, int]
    words: tuple[str, ...]

    @property
    def count(self) -> int:
        """Cells in all."""
        return sum(self.counts.values())

    @property
    def flip_flops(self) -> int:
        """Cells that are flip-flops."""
        kind = re.compile(FLOWS[self.cells].flip_flops)
        return sum(count for name, count in self.counts.items() if kind.fullmatch(name))


def make_netlist(files: Mapping[str, str], top: str, cells: Cells | str) -> Netlist:
    """Map a design to gates or cells.

    Parameters
    ----------
    files : mapping of file name to text
        Verilog, named after the top, and the contents of ROMs.
    top : str
    cells : Cells

    Raises
    ------
    ConfigError
        If there are no such cells.
    ToolError
        If Yosys cannot synthesise the design.
    """
    cells = member(cells, "`netlist`", Cells)
    flow = FLOWS[cells]
    with tempfile.TemporaryDirectory(prefix="lmu_hw_") as name:
        folder = Path(name)
        for file, text in files.items():
            (folder / file).write_text(text, encoding="utf-8")
        steps = flow.steps(top)
        names = _unmodelled(steps, folder)
        commands = [
            *steps.prepare,
            " ".join(["select -set kept", _WRITTEN_ROMS, *(f"c:{name} %u" for name in names)]),
            *steps.finish,
            "clean -purge",
            "select -assert-none w:* a:init %i",  # nothing has a value at power-up
        ]
        if flow.change is not None:
            _change(commands, flow.change, top, folder)
            commands = [f"read_json {_CELLS}", "clean -purge"]
        commands += [
            f"tee -q -o {_COUNTS} stat -json",
            f"write_verilog -noattr -noexpr {_NETLIST}",
        ]
        run_yosys(commands, folder, log="lmu__netlist.log")
        counts: dict[str, Any] = json.loads((folder / _COUNTS).read_text())
        verilog = (folder / _NETLIST).read_text().split("\n", 1)[1].lstrip("\n")
    by_type = {
        kind: count
        for kind, count in sorted(counts["design"]["num_cells_by_type"].items())
        if kind != "$mem_v2"
    }
    return Netlist(
        cells=cells,
        verilog=verilog,
        models={"lmu__models.v": model_text(flow.models, by_type)},
        counts=by_type,
        words=tuple(sorted(_WORDS.findall(verilog))),
    )


def _change(
    commands: list[str], change: Callable[[dict[str, Any]], object], top: str, folder: Path
) -> None:
    """Leave what commands make of a design as a file, changed."""
    commands = [*commands, f"select {top}", f"write_json -selected {_CELLS}"]
    run_yosys(commands, folder, log="lmu__cells.log")
    document = json.loads((folder / _CELLS).read_text())
    change(document["modules"][top])
    (folder / _CELLS).write_text(json.dumps(document))


def _unmodelled(steps: Steps, folder: Path) -> list[str]:
    """Return the memories that would become cells without a model, which a trial run says."""
    if not steps.unmodelled:
        return []
    said = run_yosys([*steps.prepare, steps.memories], folder, log="lmu__memories.log")
    return [name for name, kind in _MAPPED.findall(said) if kind in steps.unmodelled]


def model_text(files: Collection[str], cells: Collection[str]) -> str:
    """Return simulation models of cells, without the values that their registers begin with.

    Parameters
    ----------
    files : collection of str
        Where the models are: below the data of Yosys, or beside this file.
    cells : collection of str

    Raises
    ------
    ToolError
        If there is no model of a cell.
    """
    texts = [_included(file) for file in files]
    models = {name: body for text in texts for name, body in _MODULE.findall(text)}
    needed, open_ends = dict[str, str](), list(cells)
    while open_ends:
        name = open_ends.pop().replace("$", "\\$")
        if name not in models:
            raise ToolError(f"Yosys must have a simulation model of {name}, but has none")
        body = _DEFAULT.sub("", _SPECIFY.sub("", models[name]))
        body = _COMBINATIONAL.sub("always_comb", body)
        needed[name] = body = _VALUE.sub(r"\1;", _INITIAL.sub("", body))
        open_ends += {word for word in re.findall(r"\w+", body) if word in models} - needed.keys()
    return "\n".join([*(needed[name] for name in sorted(needed)), ""])


def _included(file: str) -> str:
    """Return a file with those that it includes."""
    own = Path(__file__).parent / file
    text = (own if own.exists() else _share() / file).read_text()
    return _INCLUDE.sub(lambda match: _included(f"{Path(file).parent}/{match[1]}"), text)


def _share() -> Path:
    """Return the folder of what Yosys brings, without loading it."""
    spec = importlib.util.find_spec(YOSYS)
    if spec is None or spec.origin is None:
        raise ToolError("Yosys is not installed: 'pip install pyosys'")
    return Path(spec.origin).parent / "share"
