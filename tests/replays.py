# SPDX-License-Identifier: Apache-2.0
"""Playing a trace in Icarus, with the checkers of the design compiled in."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from lmu_hw.hdl.assertions import MACRO

__all__ = ["failures"]


def failures(folder: Path, files: dict[str, str], bench: str) -> list[str]:
    """Return the properties that fail, each once, in order."""
    for name, text in {**files, "replay.v": bench}.items():
        (folder / name).write_text(text)
    command = ["iverilog", "-g2012", f"-D{MACRO}", "-s", "replay", "-o", "replay"]
    sources = [name for name in (*files, "replay.v") if name.endswith(".v")]
    subprocess.run([*command, *sources], cwd=folder, check=True)
    run = subprocess.run(["vvp", "-n", "replay"], cwd=folder, capture_output=True, text=True)
    return list(dict.fromkeys(re.findall(r"Scope: .*\.assert_(\w+)", run.stdout + run.stderr)))
