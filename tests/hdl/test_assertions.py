# SPDX-License-Identifier: Apache-2.0
"""Checkers in the emitted Verilog: silent for a sound design, and each of them can fail."""

from __future__ import annotations

import os
import re
import subprocess

import numpy as np
import pytest

from lmu_hw.hdl.assertions import MACRO
from lmu_hw.hdl.checkers import CHECKERS
from lmu_hw.prove.control.trace import Trace, replay
from lmu_hw.simulate import Simulator, find
from tests.broken_control import BROKEN, broken, small_design
from tests.replays import failures
from tests.simulators import require_simulator


def run(folder, files):
    """Drive the small design at random, with a reset on the way; return what fails, in order."""
    random = np.random.default_rng(3)
    names = ("rst", "s_axis_tvalid", "s_axis_tlast", "m_axis_tready", "s_axis_tdata")
    cycles = []
    for cycle in range(500):
        bits = dict(zip(names, random.integers(0, 2, 5).tolist(), strict=True))
        cycles.append(
            {**bits, "rst": int(cycle in (0, 1, 250)), "s_axis_tvalid": int(cycle % 7 != 0)}
        )
    trace = Trace(widths=dict.fromkeys(names, 1) | {"s_axis_tdata": 16}, cycles=cycles, failed="")
    return failures(folder, files, replay("tiny", trace))


def test_nothing_of_them_is_read_without_the_macro():
    _, _, files = small_design()
    text = files["tiny.v"]
    guarded = re.compile(rf"^`ifdef {MACRO}\n.*?^`endif\n", re.MULTILINE | re.DOTALL)
    assert "check_" in text
    assert not re.search(r"check_|assert", guarded.sub("", text))


@pytest.mark.parametrize("kind", CHECKERS)
def test_every_kind_is_in_a_design_and_asserts_its_properties(kind):
    _, _, files = small_design()
    module = re.search(rf"^module tiny__check_{kind}\(.*?^endmodule", files["tiny.v"], re.M | re.S)
    assert re.search(rf"^  tiny__check_{kind} ", files["tiny.v"], re.MULTILINE)
    assert re.findall(r"assert \((\w+)\)", module[0]) == list(CHECKERS[kind].properties)


def test_a_sound_design_fails_none(tmp_path):
    _, _, files = small_design()
    assert run(tmp_path, files) == []


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_design_fails_its_assertion(tmp_path, how):
    assert BROKEN[how][0] in run(tmp_path, broken(how))


def test_verilator_reads_them(tmp_path):
    require_simulator("verilator")
    for name, text in small_design()[2].items():
        (tmp_path / name).write_text(text)
    command = ["verilator", "--lint-only", "--assert", f"-D{MACRO}", "--top-module", "tiny"]
    environment = {**os.environ, **find(Simulator.VERILATOR).environment}
    subprocess.run([*command, "-Wno-lint", "tiny.v"], cwd=tmp_path, env=environment, check=True)
