# SPDX-License-Identifier: Apache-2.0
"""Timing of a netlist of standard cells by OpenSTA, where that is installed.

OpenSTA gets the netlist with numbers for names, so that what it reports leads back to the cells
without any escaping. Memories are not in it: what they drive has no time, and no path begins or
ends at one.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from lmu_hw.errors import ToolError
from lmu_hw.implement.library import LIBRARY
from lmu_hw.implement.route import Hop
from lmu_hw.implement.tools import run_program

__all__ = ["MISSING", "OPENSTA", "TIMING_LOG", "Timed", "installed", "sta_version", "time_paths"]

OPENSTA = "opensta"
TIMING_LOG = "timing.log"
MISSING = "OpenSTA is not installed, so there is no clock: apt-get install opensta"

_PROGRAM = "sta"
_VERILOG, _SCRIPT = "timing.v", "timing.tcl"
_PERIOD = 10.0  # ns; any: what counts is how much of it is left
_COMMANDS = f"""\
read_liberty {LIBRARY}
read_verilog {_VERILOG}
link_design timed
set_cmd_units -time ns
create_clock -name clk -period {_PERIOD:g} [get_ports clk]
report_checks -path_delay max -from [all_registers -clock_pins] -to [all_registers -data_pins] \
-digits 5
exit
"""
_POINT = re.compile(r"^ +(-?[\d.]+) +-?[\d.]+ [v^] g(\d+)/\S+ \(\S+\)$", re.MULTILINE)
_SETUP = re.compile(r"^ +(-?[\d.]+) +-?[\d.]+ +library setup time$", re.MULTILINE)
_SLACK = re.compile(r"^ +(-?[\d.]+) +slack \(\w+\)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """The highest clock in MHz, and the critical path between two flip-flops."""

    mhz: float
    path: tuple[Hop, ...]


def installed() -> bool:
    """Return whether there is a program ``sta``."""
    return shutil.which(_PROGRAM) is not None


def sta_version() -> str:
    """Return the version of OpenSTA."""
    said = subprocess.run([_PROGRAM, "-version"], capture_output=True, text=True, check=False)
    return said.stdout.strip()


def time_paths(module: Mapping[str, Any], work: Path) -> Timed:
    """Find the longest path from a flip-flop to a flip-flop.

    Parameters
    ----------
    module : dict
        The top as Yosys writes it to JSON, mapped to the cells of ``library.lib`` in the folder;
        its clock is ``clk``.
    work : Path
        All that OpenSTA says is left there in ``timing.log``.

    Raises
    ------
    ToolError
        If OpenSTA finds no such path.
    """
    names = list(module["cells"])
    (work / _VERILOG).write_text(_verilog(module))
    (work / _SCRIPT).write_text(_COMMANDS)
    _, said = run_program([_PROGRAM, "-no_splash", "-exit", _SCRIPT], work, TIMING_LOG)
    slack, setup = _SLACK.search(said), _SETUP.search(said)
    if slack is None or setup is None:
        end = "\n".join(said.strip().splitlines()[-8:])
        raise ToolError(f"OpenSTA must find a path between two flip-flops, but did not:\n{end}")
    points = [(int(number), float(delay)) for delay, number in _POINT.findall(said)]
    hops = [
        Hop(cell=names[number], wire_ns=0.0, logic_ns=sum(delay for _, delay in group))
        for number, group in groupby(points, key=lambda point: point[0])
    ]
    # A path ends where the next edge of the clock needs its value: the setup time before it.
    last = Hop(cell=hops[-1].cell, wire_ns=0.0, logic_ns=-float(setup[1]))
    return Timed(
        mhz=round(1e3 / (_PERIOD - float(slack[1])), 2),
        path=(*hops[:-1], last),
    )


def _verilog(module: Mapping[str, Any]) -> str:
    """Return the cells of a module, in Verilog: cell 12 is ``g12``, net 34 is ``n34``."""
    (clock_bit,) = module["ports"]["clk"]["bits"]

    def net(bit: int | str) -> str:
        if bit == clock_bit:
            return "clk"
        return f"n{bit}" if isinstance(bit, int) else f"1'b{int(bit == '1')}"

    lines = ["module timed (clk);", "  input clk;"]
    for number, cell in enumerate(module["cells"].values()):
        if not cell["type"].startswith("$"):  # a memory, or what is known of the hierarchy
            pins = (
                f".{pin}({net(bit)})" for pin, bits in cell["connections"].items() for bit in bits
            )
            lines.append(f"  {cell['type']} g{number} ({', '.join(pins)});")
    return "\n".join([*lines, "endmodule", ""])
