# SPDX-License-Identifier: Apache-2.0
"""The tools behind `implement`: packages from PyPI, each run in a process of its own.

Edalize was looked at first and does not serve: its flows write a makefile that calls programs named
``yosys`` and ``nextpnr-ecp5``, which pip does not bring (pyosys is a library, and YoWASP's programs
have other names), and leave what this is about, counts by part, seeds and critical paths, to the
caller.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from threading import Event

from lmu_hw.errors import ToolError

__all__ = ["YOSYS", "Tool", "require", "run_program", "run_tool", "run_yosys", "versions"]

YOSYS = "pyosys"
_SCRIPT = Path(__file__).with_name("_yosys.py")
_LAST_LINES = 8
_LOOK = 0.1
"""Seconds between two looks at whether a process is still wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A program that a package brings: a function that takes arguments."""

    package: str
    module: str
    function: str
    takes_arguments: bool = True
    """It takes a list; otherwise it reads `sys.argv`."""

    def command(self, arguments: Sequence[str]) -> list[str]:
        """Return what runs it in a process of its own."""
        call = f"{self.function}({'sys.argv[1:]' if self.takes_arguments else ''})"
        code = f"import sys; from {self.module} import {self.function}; sys.exit({call})"
        return [sys.executable, "-P", "-c", code, *arguments]


def require(packages: Sequence[str], what: str) -> None:
    """Raise `ToolError` unless all packages are installed: before any work."""
    missing = [package for package in packages if not _installed(package)]
    if missing:
        names = " and ".join(dict.fromkeys(missing))
        raise ToolError(
            f"{what} must have {names}, which is not installed: pip install 'lmu_hw[implement]'"
        )


def versions(packages: Sequence[str]) -> dict[str, str]:
    """Return the versions of installed packages by name."""
    return {name: version(name) for name in packages}


def _installed(package: str) -> bool:
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True


def run_tool(
    tool: Tool, arguments: Sequence[str], work: Path, *, log: str, stop: Event | None = None
) -> str:
    """Run a tool in a folder and return what it said, which is left there in a file, too.

    Files are named relative to the folder: WebAssembly sees no absolute paths below ``/tmp``. When
    `stop` is set, the tool is ended.

    Raises
    ------
    ToolError
        If it fails, with the last lines of what it said.
    """
    status, said = run_program(tool.command(arguments), work, log, stop)
    if status:
        raise ToolError(f"{tool.package} must not fail, but did:\n{_end(said)}")
    return said


def run_yosys(commands: Sequence[str], work: Path, *, log: str) -> str:
    """Run Yosys commands on one design in a folder, and return what Yosys said.

    Parameters
    ----------
    commands : sequence of str
        File names in them are relative to the folder.
    work : Path
    log : str
        File in the folder in which all that was said is left.

    Raises
    ------
    ToolError
        If a command fails.
    """
    script = work / f"{log}.ys"
    script.write_text("\n".join(commands) + "\n")
    try:
        status, said = run_program([sys.executable, "-P", str(_SCRIPT), script.name], work, log)
    finally:
        script.unlink()
    if status:
        errors = [line for line in said.splitlines() if line.startswith("ERROR")]
        raise ToolError(f"Yosys must not fail, but did: {errors[-1] if errors else _end(said)}")
    return said


def run_program(
    command: list[str], work: Path, log: str, stop: Event | None = None
) -> tuple[int, str]:
    """Run a program in a folder, and return its exit status and what it said, which is left there.

    When `stop` is set, it is ended. Its temporary files are in the folder, too: abc leaves some
    where it fails.
    """
    path = work / log
    with path.open("w") as file:
        process = subprocess.Popen(
            command,
            cwd=work,
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, "TMPDIR": str(work.resolve())},
        )
        try:
            while process.poll() is None and not (stop is not None and stop.is_set()):
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_LOOK)
        finally:
            process.kill()  # interrupted, or not needed any more; nothing if it has ended
            process.wait()
    return process.returncode, path.read_text(errors="replace")


def _end(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-_LAST_LINES:])
