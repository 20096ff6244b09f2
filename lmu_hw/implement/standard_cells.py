# SPDX-License-Identifier: Apache-2.0
"""A design in standard cells: mapped to a user's library, counted by part, timed by OpenSTA.

Logic that drives many cells is buffered and sized, since the delay of a gate that drives hundreds
of others says nothing. Enables and resets of flip-flops are logic before them for the same reason:
pins of flip-flops are ends to the mapper, which buffers nothing before them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lmu_hw.errors import ToolError
from lmu_hw.implement.cells import Netlist
from lmu_hw.implement.library import LIBRARY, READ_LIBRARY, Library
from lmu_hw.implement.opensta import MISSING, OPENSTA, Timed, installed, sta_version, time_paths
from lmu_hw.implement.parts import memory_words, part_of, words_of
from lmu_hw.implement.path import Namer, path_words
from lmu_hw.implement.record import rtl_digest
from lmu_hw.implement.rtl import Rtl
from lmu_hw.implement.synthesis import LOG, NETLIST, counted, warnings_in
from lmu_hw.implement.targets import LIBERTY, Target
from lmu_hw.implement.tools import YOSYS, run_yosys, versions
from lmu_hw.measure.implementation import Implementation, Macro, PathStep, Resources

__all__ = ["implement_cells", "library_target"]

_WORDS, _WORDS_JSON, _WORDS_LOG = "words.il", "words.json", "words.log"
_CONSTRAINTS = "constraints"
_MACRO = 256
"""Bits from which on a memory is a macro: smaller ones are made of flip-flops and gates."""

_MEMORY = "$mem_v2"
_ABC = re.compile(r"^ABC: (?!\+ )(.*)$", re.MULTILINE)
_TIMED = (
    "by OpenSTA, between flip-flops, without wires and clock tree; paths from and to memory macros "
    "do not count"
)


def library_target(library: Library) -> Target:
    """Return the target that a library of standard cells is."""
    costs = {re.escape(name): Resources(area=area) for name, area in library.areas.items()}
    for name in library.flip_flops:
        area = library.areas.get(name, 0.0)
        costs[re.escape(name)] = Resources(ff=1, area=area, ff_area=area)
    return Target(
        name=LIBERTY,
        device=f"standard cells of {library.name} ({library.file})",
        synthesis=(),
        costs=costs,
        available=None,
        flow=None,
    )


def implement_cells(
    files: Mapping[str, bytes],
    top: str,
    work: Path,
    library: Library,
    *,
    clock: float | None = None,
    progress: Callable[[str, int, int | None], None] = lambda stage, done, total: None,
) -> Implementation:
    """Map a design to a library.

    Parameters
    ----------
    files, top, work, progress
        See `implement_verilog`.
    library : Library
    clock : float or None
        In MHz, for which gates are sized; None: for the highest.

    Raises
    ------
    ToolError
        If a tool fails.
    """
    for name, content in files.items():
        (work / name).write_bytes(content)
    (work / LIBRARY).write_bytes(library.text)
    (work / _CONSTRAINTS).write_text(f"set_driving_cell {library.driver}\n")
    progress("synthesis", 0, None)
    said, macros, small = _memories(top, work)
    said += _mapped(_mapping(library, small, clock), library, work)
    (work / LOG).write_text(said)
    document = json.loads((work / NETLIST).read_bytes())
    netlist = Netlist.of(document, top)
    target = library_target(library)
    _, parts = counted(target, netlist, wrapped=False)
    parts = tuple(replace(part, resources=_rounded(part.resources)) for part in parts)
    warnings = (*warnings_in(said, registers=False), *_without_area(netlist, library))
    mapped = Implementation(
        target=target.name,
        device=target.device,
        tools=versions([YOSYS]),
        rtl=rtl_digest(files),
        ports="those of the design, with no pads",
        wrapper=None,
        total=_rounded(sum((part.resources for part in parts), Resources())),
        parts=parts,
        warnings=warnings,
        library=library.digest,
        macros=macros,
        timing=MISSING,
    )
    if not installed():
        return mapped
    progress("timing", 0, None)
    timed = time_paths(document["modules"][top], work)
    return _with_clock(mapped, clock, timed, _steps(target, netlist, timed))


def _with_clock(
    mapped: Implementation, clock: float | None, timed: Timed, steps: tuple[PathStep, ...]
) -> Implementation:
    return replace(
        mapped,
        tools={**mapped.tools, OPENSTA: sta_version()},
        clock_asked=clock,
        timing=_TIMED,
        static_mhz=timed.mhz,
        path=steps,
        path_words=path_words(steps),
    )


def _mapped(commands: list[str], library: Library, work: Path) -> str:
    """Run the commands that map a design, and return what was said."""
    try:
        return run_yosys(commands, work, log=LOG)
    except ToolError as error:
        said = _ABC.findall((work / LOG).read_text(errors="replace"))
        if "ABC" not in str(error) or not said:
            raise
        end = "\n".join(said[-2:])
        raise ToolError(
            f"{library.file}: must be a library that abc can map to, but it stopped:\n{end}"
        ) from None


def _memories(top: str, work: Path) -> tuple[str, tuple[Macro, ...], list[str]]:
    """Synthesise until memories are words: what was said, the macros, and names of the others."""
    commands = [
        f"read_verilog -sv {top}.v",
        f"hierarchy -check -top {top}",
        "proc",
        "setattr -unset init w:*",  # no flip-flop has a value at power-up
        f"synth -flatten -top {top} -run begin:fine",
        f"setparam -set INIT 1'bx t:{_MEMORY} r:WR_PORTS>0 %i",  # nor has a RAM
        f"write_json {_WORDS_JSON}",
        f"write_rtlil {_WORDS}",
    ]
    said = run_yosys(commands, work, log=_WORDS_LOG)
    cells = json.loads((work / _WORDS_JSON).read_bytes())["modules"][top]["cells"]
    memories = [_macro(name, cell) for name, cell in cells.items() if cell["type"] == _MEMORY]
    macros = sorted((m for m in memories if m.bits >= _MACRO), key=lambda macro: macro.path)
    return said, tuple(macros), [m.path for m in memories if m.bits < _MACRO]


def _macro(name: str, cell: Mapping[str, Any]) -> Macro:
    size = {key: int(cell["parameters"][key], 2) for key in _SIZES}
    return Macro(
        path=name,
        words=memory_words(name),
        part=words_of(part_of(name)),
        depth=size["SIZE"],
        width=size["WIDTH"],
        reads=size["RD_PORTS"],
        writes=size["WR_PORTS"],
    )


_SIZES = ("SIZE", "WIDTH", "RD_PORTS", "WR_PORTS")


def _mapping(library: Library, small: list[str], clock: float | None) -> list[str]:
    """Return the commands that map a design, all but its macros."""
    delay = "" if clock is None else f" -D {1e6 / clock:.0f}"
    leave = library.left_out
    return [
        "libcache -scl -disable",  # which would stay behind, outside of the folder
        f"read_rtlil {_WORDS}",
        *(f"memory_map c:{name}" for name in small),
        "opt -fast -full",
        "techmap",
        "opt -fast",
        "dfflegalize -cell $_DFF_P_ x",
        f"dfflibmap{leave} -liberty {LIBRARY}",
        f"abc{leave} -liberty {LIBRARY} -constr {_CONSTRAINTS}{delay}",
        "opt_clean",  # names of wires stay: they are those of the parts
        "select -assert-none t:$_*_",  # all is mapped
        READ_LIBRARY.format("-lib"),  # by which Yosys knows what is an output: names follow those
        "autoname",
        f"write_json {NETLIST}",
    ]


def _rounded(resources: Resources) -> Resources:
    """Return the same without the noise of sums of floats."""
    return replace(resources, area=round(resources.area, 3), ff_area=round(resources.ff_area, 3))


def _without_area(netlist: Netlist, library: Library) -> list[str]:
    """Return a warning for the cells in use that have no area."""
    kinds = {cell.kind for cell in netlist.cells.values() if not cell.kind.startswith("$")}
    missing = sorted(kinds - library.areas.keys())
    return [f"cells without an area in the library: {', '.join(missing)}"] if missing else []


def _steps(target: Target, netlist: Netlist, timed: Timed) -> tuple[PathStep, ...]:
    """Return the steps of the critical path: what gates compute is not known any more."""
    nothing = Rtl(operators={}, reads={}, signals={})
    steps = Namer(target=target, netlist=netlist, rtl=nothing).steps(timed.path)
    gates = f"{len(timed.path) - 2} gates"
    return tuple(replace(step, what=gates) if step.what == "logic" else step for step in steps)
