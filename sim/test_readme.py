# SPDX-License-Identifier: Apache-2.0
"""The commands that the README begins with, run as they are written there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.simulators import require_simulator

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()


def commands() -> list[str]:
    """Return the lines of the first block below "Start", without the set-up."""
    start = README.split("\n## Start\n")[1]
    setup, *lines = re.findall(r"^```\n(.*?)^```$", start, re.M | re.S)[0].splitlines()
    assert setup == "make setup"
    return lines


def test_a_new_user_gets_from_the_model_to_the_report(tmp_path):
    require_simulator("verilator")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / ".venv").symlink_to(sys.prefix)  # what `make setup` leaves there
    lines = commands()
    assert [line.split()[1] for line in lines] == ["generate", "simulate", "report"]
    for line in lines:
        run = subprocess.run(line, shell=True, cwd=tmp_path, capture_output=True, text=True)
        assert run.returncode == 0, f"{line}\n{run.stdout}{run.stderr}"
    row = re.search(r"^\| digits, .* dense memory \| ([\d.]+ %) \|", README, re.M)
    page = (tmp_path / "build" / "digits" / "report.html").read_text()
    assert row is not None and f" in fixed point and {row[1]} in float" in page
