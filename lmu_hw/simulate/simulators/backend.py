# SPDX-License-Identifier: Apache-2.0
"""What a simulator says about itself, and programs of the system that say their version."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["TOP", "Backend", "Compiler", "Installed", "output"]

TOP = "lmu__bench"


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A simulator that was found: its version, and the variables that its programs need."""

    version: str
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiler:
    """How cocotb compiles Verilog for a simulator.

    Parameters
    ----------
    runner : str
        Class of `cocotb_tools.runner`.
    product : str
        File that it makes, and that runs.
    arguments : tuple of str
        Of the compiler, beside those of the runner.
    left_out : tuple of str
        Words of the runner's first command that are left out of it.
    files : dict of file name to text
        Sources that come before those of the design.
    programs : tuple of str
        Compilers that it calls.
    variables : tuple of str
        Of the environment, that change what they make.
    """

    runner: str
    product: str
    arguments: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    files: dict[str, str] = field(default_factory=dict)
    programs: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """A simulator.

    Parameters
    ----------
    find : callable
        Returns what is installed, or raises `ToolError` with how to get it.
    compiler : Compiler or None
        None: it runs the components before they become Verilog.
    cycles : (int, int)
        That the built-in stimuli and the user's data may take by default.
    waves : str
        Pattern of the file of waveforms that it leaves below the folder in which it runs.
    """

    find: Callable[[], Installed]
    compiler: Compiler | None
    cycles: tuple[int, int]
    waves: str

    @property
    def runs_verilog(self) -> bool:
        """Whether it runs the emitted Verilog."""
        return self.compiler is not None


def output(*command: str) -> str:
    """Return what a program prints."""
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    return run.stdout + run.stderr
