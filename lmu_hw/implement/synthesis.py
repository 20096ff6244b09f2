# SPDX-License-Identifier: Apache-2.0
"""Synthesis for a target: the netlist, and what it takes by part of the design."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lmu_hw.implement.cells import Netlist
from lmu_hw.implement.parts import part_of, words_of
from lmu_hw.implement.rtl import Rtl, commands_for_rtl
from lmu_hw.implement.targets import Target
from lmu_hw.implement.tools import run_yosys
from lmu_hw.implement.wrapper import DESIGN, inside, is_inside
from lmu_hw.measure.implementation import Part, Resources

__all__ = ["LOG", "NETLIST", "PLACED", "Synthesis", "counted", "synthesize", "warnings_in"]

NETLIST, LOG = "netlist.json", "synthesis.log"
PLACED = "placed.json"
"""The netlist that is placed: finished for the target."""
_RTL = "rtl.json"

_WARNING = re.compile(r"^(?:Warning|Lexer warning|ABC: Warning): (.*)$", re.MULTILINE)
_HARMLESS = (
    re.compile(r"Replacing memory "),  # of one word
    re.compile(r"The SystemVerilog keyword"),  # in files of Yosys itself
    re.compile(r"AIG with boxes has internal fanout"),
    re.compile(r"The network is combinational"),
    re.compile(r"Resizing cell port"),
    re.compile(r"Detected \d+ multi-output cells"),  # of a library: they are not used
)
_LARGE = 64
"""Bits from which on registers in place of a memory are worth a word."""

_MEMORY = re.compile(
    r"^[Mm]apping memory (\S+) in module \S+:\n\s+created (\d+) \$dff cells and "
    r"\d+ static cells of width (\d+)",
    re.MULTILINE,
)


@dataclass(frozen=True, kw_only=True)
class Synthesis:
    """A netlist for a target; see `Implementation` for the rest."""

    netlist: Netlist
    rtl: Rtl
    wrapper: Resources | None
    total: Resources
    parts: tuple[Part, ...]
    warnings: tuple[str, ...]


def synthesize(
    target: Target, sources: Sequence[str], top: str, work: Path, *, wrapped: bool
) -> Synthesis:
    """Synthesise Verilog files in a folder, and leave the netlist and a log there.

    Parameters
    ----------
    target : Target
    sources : sequence of str
        Names of Verilog files in the folder.
    top : str
    work : Path
    wrapped : bool
        The top is a wrapper around the design.

    Raises
    ------
    ToolError
        If Yosys fails.
    """
    commands = commands_for_rtl(sources, top, _RTL)
    commands += [f"read_verilog -sv {name}" for name in sources]
    commands += [command.format(top=top) for command in target.synthesis]
    commands += ["autoname", f"write_json {NETLIST}"]  # every cell is named after what it feeds
    said = run_yosys(commands, work, log=LOG)
    document = json.loads((work / NETLIST).read_bytes())
    if target.change is not None:
        target.change(document["modules"][top])
    (work / PLACED).write_text(json.dumps(document))
    netlist = Netlist.of(document, top)
    wrapper, parts = counted(target, netlist, wrapped=wrapped)
    return Synthesis(
        netlist=netlist,
        rtl=Rtl.of(json.loads((work / _RTL).read_bytes()), top),
        wrapper=wrapper,
        total=sum((part.resources for part in parts), Resources()),
        parts=parts,
        warnings=warnings_in(said),
    )


def counted(
    target: Target, netlist: Netlist, *, wrapped: bool
) -> tuple[Resources | None, tuple[Part, ...]]:
    """Return what the wrapper takes, if there is one, and what the parts of the design take."""
    kinds: Counter[tuple[str, str]] = Counter()
    for name, path in netlist.paths.items():
        kinds[path, netlist.cells[name].kind] += 1
    parts: dict[str, Resources] = {}
    wrapper = Resources()
    for (path, kind), count in sorted(kinds.items()):
        cost = scaled(target.cost(kind), count)
        if wrapped and not is_inside(path):
            wrapper += cost
            continue
        part = part_of(inside(path))
        parts[part] = parts.get(part, Resources()) + cost
    listed = tuple(
        Part(path=path, words=words_of(path), resources=resources)
        for path, resources in parts.items()
        if resources != Resources()
    )
    return wrapper if wrapped else None, listed


def scaled(resources: Resources, count: int) -> Resources:
    """Return what so many of a cell take."""
    return sum([resources] * count, Resources())


def warnings_in(said: str, *, registers: bool = True) -> tuple[str, ...]:
    """Return what of the words of Yosys its reader should know, once each.

    Every warning but those known to be harmless, and, unless they are meant, every memory of many
    bits that became registers.
    """
    found = [text for text in _WARNING.findall(said) if not any(h.match(text) for h in _HARMLESS)]
    for name, words, width in _MEMORY.findall(said) if registers else ():
        if (bits := int(words) * int(width)) >= _LARGE:
            memory = name.lstrip("\\").removeprefix(f"{DESIGN}.")
            found.append(f"the memory {memory} became {bits:,} registers")
    return tuple(dict.fromkeys(found))
