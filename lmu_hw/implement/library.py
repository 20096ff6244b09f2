# SPDX-License-Identifier: Apache-2.0
"""A library of standard cells: a Liberty file of the user, and what Yosys reads in it.

None is shipped. What a design can be mapped to needs a flip-flop, an inverter, and a NAND or NOR of
two inputs; all else makes it smaller.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from lmu_hw.errors import ConfigError, LoadError, ToolError
from lmu_hw.files import sha256
from lmu_hw.implement.tools import run_yosys

__all__ = ["LIBRARY", "READ_LIBRARY", "Library", "read_library"]

LIBRARY = "library.lib"
"""Name of the file in the folder in which it is used."""

READ_LIBRARY = "read_liberty {} -ignore_miss_func -ignore_miss_dir -ignore_miss_data_latch " + (
    f"-ignore_buses {LIBRARY}"
)
"""Command of Yosys that reads the cells, but for those that are no gates; ``{}``: options."""

_NAME = re.compile(rb'^\s*library\s*\(\s*"?([^")\s]+)"?\s*\)', re.MULTILINE)
_PATTERN = re.compile(r"[\w*?]+", re.ASCII)
_FLIP_FLOP = re.compile(r"^\s*\\(\S+) _S?DFF\w*_ \(", re.MULTILINE)

_NOT, _PASS = (True, False), (False, True)
_NAND, _NOR = (True, True, True, False), (True, False, False, False)
_GATES = {
    "$_NOT_": lambda a: not a,
    "$_AND_": lambda a, b: a and b,
    "$_OR_": lambda a, b: a or b,
    "$_XOR_": lambda a, b: a != b,
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Library:
    """A library that designs can be mapped to.

    Attributes
    ----------
    name, file : str
        As the file calls it, and what the file is called.
    text : bytes
        Content of the file.
    areas : dict of cell to float
        In the unit of the library; cells for which it has none are not there.
    flip_flops : frozenset of str
        The cells that flip-flops may become.
    driver : str
        The smallest buffer, or inverter: what is taken to drive the logic between flip-flops.
    dont_use : tuple of str
        Patterns of cells that are left out.
    """

    name: str
    file: str
    text: bytes = field(repr=False)
    areas: dict[str, float] = field(repr=False)
    flip_flops: frozenset[str] = field(repr=False)
    driver: str
    dont_use: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of the file."""
        return sha256(self.text)

    @property
    def left_out(self) -> str:
        """Arguments of Yosys for the cells that are left out."""
        return _left_out(self.dont_use)


def read_library(path: str | Path, dont_use: Sequence[str] = ()) -> Library:
    """Read a Liberty file.

    Parameters
    ----------
    path : str or Path
    dont_use : sequence of str
        Names of cells that are not to be used; ``*`` and ``?`` stand for others.

    Raises
    ------
    LoadError
        If it cannot be read, is no Liberty file, or lacks what every design needs.
    ConfigError
        If a pattern is none of its cells.
    """
    path = Path(path)
    try:
        text = path.read_bytes()
    except OSError as error:
        raise LoadError(f"{path}: cannot be read: {error.strerror}") from None
    match = _NAME.search(text)
    if match is None:
        raise LoadError(f"{path}: must be a Liberty file, but there is no 'library (NAME)' in it")
    document, said = _parsed(path, text, dont_use)
    for pattern in dont_use:
        if not any(fnmatchcase(name, pattern) for name in document):
            raise ConfigError(f"`dont_use` must name cells of {path}, not {pattern!r}")
    usable = {
        name: module
        for name, module in document.items()
        if not any(fnmatchcase(name, pattern) for pattern in dont_use)
    }
    flip_flops = frozenset(_FLIP_FLOP.findall(said))
    if not flip_flops:
        raise _lacks(path, "a flip-flop")
    areas = {
        name: float(module["attributes"]["area"])
        for name, module in usable.items()
        if float(module["attributes"].get("area", 0)) > 0
    }
    return Library(
        name=match[1].decode(errors="replace"),
        file=path.name,
        text=text,
        areas=areas,
        flip_flops=flip_flops,
        driver=_driver(path, usable, areas),
        dont_use=tuple(dont_use),
    )


def _left_out(patterns: Sequence[str]) -> str:
    return "".join(f" -dont_use {pattern}" for pattern in patterns)


def _parsed(path: Path, text: bytes, dont_use: Sequence[str]) -> tuple[dict[str, Any], str]:
    """Return the cells as Yosys writes them to JSON, and what it said of flip-flops."""
    for pattern in dont_use:
        if not isinstance(pattern, str) or not _PATTERN.fullmatch(pattern):
            raise ConfigError(f"`dont_use` must be names of cells, not {pattern!r}")
    commands = [
        READ_LIBRARY.format(""),
        "write_json cells.json",
        f"dfflibmap -info{_left_out(dont_use)} -liberty {LIBRARY}",
    ]
    with tempfile.TemporaryDirectory(prefix="lmu_hw_") as temporary:
        folder = Path(temporary)
        (folder / LIBRARY).write_bytes(text)
        try:
            said = run_yosys(commands, folder, log="library.log")
        except ToolError as error:
            reason = str(error).rpartition("ERROR: ")[2].replace(LIBRARY, path.name)
            raise LoadError(f"{path}: must be a Liberty file that Yosys reads: {reason}") from None
        return json.loads((folder / "cells.json").read_bytes())["modules"], said


def _driver(path: Path, cells: Mapping[str, Any], areas: Mapping[str, float]) -> str:
    """Return the smallest buffer or else inverter, or raise `LoadError` if a gate is missing."""
    tables = {name: _table(module) for name, module in cells.items()}
    inverters, buffers = ([n for n, t in tables.items() if t == what] for what in (_NOT, _PASS))
    if not inverters:
        raise _lacks(path, "an inverter")
    if not any(table in (_NAND, _NOR) for table in tables.values()):
        raise _lacks(path, "a NAND or NOR gate of two inputs")
    without = [name for name in inverters if name not in areas]
    if without:
        raise LoadError(f"{path}: cells must have an area above 0, but {without[0]} has none")
    return min(buffers or inverters, key=lambda name: (areas.get(name, 0.0), name))


def _lacks(path: Path, what: str) -> LoadError:
    return LoadError(f"{path}: must have {what} that may be used, but has none")


def _table(module: Mapping[str, Any]) -> tuple[bool, ...]:
    """Return the values of a gate of one output and one or two inputs; nothing for other cells."""
    ports = module["ports"].values()
    inputs = [port["bits"][0] for port in ports if port["direction"] == "input"]
    outputs = [port["bits"][0] for port in ports if port["direction"] == "output"]
    gates = [(cell["type"], cell["connections"]) for cell in module["cells"].values()]
    few = len(outputs) == 1 and len(inputs) in (1, 2) and len(inputs) + 1 == len(ports)
    if not few or any(kind not in _GATES for kind, _ in gates):
        return ()
    drivers = {pins["Y"][0]: (kind, pins) for kind, pins in gates}
    rows = product((False, True), repeat=len(inputs))
    known = [dict(zip(inputs, row, strict=True)) for row in rows]
    return tuple(map(partial(_value, outputs[0], drivers), known))


def _value(
    bit: int | str, drivers: Mapping[Any, tuple[str, Mapping[str, Any]]], known: Mapping[Any, bool]
) -> bool:
    if bit in known:
        return known[bit]
    if bit not in drivers:
        return bit == "1"
    kind, pins = drivers[bit]
    return _GATES[kind](*(_value(pins[pin][0], drivers, known) for pin in "AB" if pin in pins))
