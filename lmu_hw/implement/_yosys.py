# SPDX-License-Identifier: Apache-2.0
"""Yosys commands in a process of its own: ``python -P _yosys.py COMMANDS``, one command a line.

Yosys keeps global state and ends the process on an error, so it never runs in the caller's. What it
says is the standard output of this process.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any


def main(commands: Path) -> None:
    """Run every line of a file on one design."""
    import pyosys.libyosys

    yosys: Any = pyosys.libyosys  # compiled, without types
    design = yosys.Design()
    for command in commands.read_text().splitlines():
        yosys.run_pass(command, design)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
