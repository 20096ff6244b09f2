# SPDX-License-Identifier: Apache-2.0
"""Two boards as examples: what stands around a design there, and what makes a bitstream of it."""

from __future__ import annotations

from lmu_hw.boards import build_board
from lmu_hw.boards.ports import Ports
from lmu_hw.implement.script import board_script, script_files
from lmu_hw.implement.targets import on_board
from lmu_hw.integration.ports import ports_of
from lmu_hw.integration.subject import Subject

__all__ = ["EXAMPLES", "boards"]

EXAMPLES = ("icebreaker", "ulx3s-25k")
"""One for each kind of device; `lmu-hw implement --board` makes the same for others."""

_FOLDER = "boards"


def boards(subject: Subject) -> dict[str, str]:
    """Return Verilog, pins and a script for each board, with its UART at the rate by default.

    None for several streams: what comes over UART is one.
    """
    if subject.plan.stream.streams > 1:
        return {}
    listed = ports_of(subject.plan)
    ports = Ports(
        bits={port.name: port.width for port in listed},
        outputs=frozenset(port.name for port in listed if port.output),
    )
    files = dict[str, str]()
    for board in EXAMPLES:
        build = build_board(board, ports, subject.name, subject.plan)
        target = on_board(build.board)
        files |= {
            f"{build.top}.v": build.verilog,
            build.pins_file: build.pins,
            f"{board}.sh": board_script(target, build, subject.name, _FOLDER),
            **script_files(target),
        }
    digest = f"// design sha256 {subject.design.digest}\n"  # in every Verilog file of a folder
    return {
        f"{_FOLDER}/{name}": digest + text if name.endswith(".v") else text
        for name, text in files.items()
    }
