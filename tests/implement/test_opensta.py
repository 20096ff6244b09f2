# SPDX-License-Identifier: Apache-2.0
"""What OpenSTA is given, and what is read of its answer, with a program in its place."""

from __future__ import annotations

import pytest

from lmu_hw.errors import ToolError
from lmu_hw.implement.opensta import installed, sta_version, time_paths
from lmu_hw.implement.route import Hop

REPORT = """\
   0.00000    0.00000   clock clk (rise edge)
   0.00000    0.00000 ^ g0/C (FLIPFLOP)
   0.50000    0.50000 ^ g0/Q (FLIPFLOP)
   0.25000    0.75000 v g2/Y (INV)
   0.00000    0.75000 v g3/D (FLIPFLOP)
              0.75000   data arrival time

  10.00000   10.00000   clock clk (rise edge)
             10.00000 ^ g3/C (FLIPFLOP)
  -0.05000    9.95000   library setup time
              9.95000   data required time
              9.20000   slack (MET)
"""


def cell(kind: str, **pins):
    return {"type": kind, "connections": {pin: [bit] for pin, bit in pins.items()}}


MODULE = {
    "ports": {"clk": {"bits": [2]}},
    "cells": {
        "a.first": cell("FLIPFLOP", C=2, D="0", Q=3),
        "a.words": cell("$mem_v2", RD_DATA=9),
        "\\odd$name[3]": cell("INV", A=3, Y=4),
        "b.last": cell("FLIPFLOP", C=2, D=4, Q=5),
    },
}


@pytest.fixture
def sta(tmp_path, monkeypatch):
    """Return a function that puts a program `sta` on the PATH, which prints a text."""

    def answer(text: str) -> None:
        (tmp_path / "answer").write_text(text)
        program = tmp_path / "sta"
        program.write_text(f'#!/bin/sh\nexec cat "{tmp_path}/answer"\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")

    return answer


def test_the_clock_is_what_the_longest_path_leaves_room_for(sta, tmp_path):
    sta(REPORT)
    timed = time_paths(MODULE, tmp_path)
    assert timed.mhz == 1250  # 0.75 ns, and 0.05 of setup
    assert timed.path == (
        Hop(cell="a.first", wire_ns=0, logic_ns=0.5),
        Hop(cell="\\odd$name[3]", wire_ns=0, logic_ns=0.25),
        Hop(cell="b.last", wire_ns=0, logic_ns=0.05),
    )
    assert (tmp_path / "timing.log").read_text() == REPORT


def test_cells_have_numbers_for_names_and_memories_are_left_out(sta, tmp_path):
    sta(REPORT)
    time_paths(MODULE, tmp_path)
    assert (tmp_path / "timing.v").read_text().splitlines() == [
        "module timed (clk);",
        "  input clk;",
        "  FLIPFLOP g0 (.C(clk), .D(1'b0), .Q(n3));",
        "  INV g2 (.A(n3), .Y(n4));",
        "  FLIPFLOP g3 (.C(clk), .D(n4), .Q(n5));",
        "endmodule",
    ]


def test_without_a_path_there_is_an_error_with_what_was_said(sta, tmp_path):
    sta("Error: library.lib, line 1 syntax error\n")
    with pytest.raises(ToolError, match="must find a path between two flip-flops.*\n.*line 1"):
        time_paths(MODULE, tmp_path)


def test_it_is_installed_where_its_program_is(sta, monkeypatch):
    sta("2.0.17\n")
    assert installed() and sta_version() == "2.0.17"
    monkeypatch.setenv("PATH", "/nowhere")
    assert not installed()
