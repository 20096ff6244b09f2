# SPDX-License-Identifier: Apache-2.0
"""Designs go into projects: two in one, with constraints, scripts, and a core file."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import lmu_hw
from lmu_hw.integration.projects import constraints, core_file
from tests.integration.designs import design, subject
from tests.integration.one_project import answers, due, write_top
from tests.simulators import require_simulator

_SHAPES = {"left": {"order": 3}, "right": {"order": 4, "dense": 5}}
_STREAMS = {"left": "vector", "right": 8}


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A folder with two designs, and a top that has one instance of each."""
    target = tmp_path_factory.mktemp("project")
    for name, shape in _SHAPES.items():
        width = _STREAMS[name]
        lmu_hw.emit(design(**shape), target / name, lanes=2, name=name, stream_width=width)
    write_top(target, tuple(_SHAPES))
    return target


@pytest.mark.parametrize("tool", ["icarus", "verilator"])
def test_two_designs_in_one_project_answer_as_each_alone(project, tool):
    require_simulator(tool)
    for name, answer in answers(project, tuple(_SHAPES), tool).items():
        folder = project / name
        assert answer.beats == due(folder)
        said = re.search(r"(\d+)(?: to (\d+))? cycles, where", (folder / "README.md").read_text())
        assert said is not None
        assert int(said[1]) <= answer.latency <= int(said[2] or said[1])
        assert name == "right" or said[2] is None


def test_no_file_of_rtl_has_the_name_of_another_design(project):
    left, right = ({path.name for path in (project / n / "rtl").iterdir()} for n in _SHAPES)
    assert left & right == {"files.f"}


@pytest.mark.parametrize(("clock", "period"), [(48.0, "20.833"), (100.0, "10.000")])
def test_the_clock_is_that_which_was_asked_for(clock, period):
    made = subject()
    choice = made.manifest["choice"] | {"clock_mhz": clock}
    asked = lmu_hw.integration.Subject(
        design=made.design,
        plan=made.plan,
        manifest=made.manifest | {"choice": choice},
        rtl=made.rtl,
    )
    for text in constraints(asked).values():
        assert f"create_clock -name clk -period {period} [get_ports clk]\n" in text
        assert "as asked for" in text


def test_without_one_the_clock_is_the_estimate():
    made = subject()
    text = constraints(made)["constraints/tiny.sdc"]
    period = re.search(r"-period ([\d.]+)", text)
    assert period is not None
    assert 1000 / float(period[1]) == pytest.approx(made.chosen["mhz"], rel=1e-3)
    assert "estimated" in text


_STUBS = """
foreach c {synth_design opt_design place_design phys_opt_design route_design report_utilization
    report_timing_summary write_checkpoint} { proc $c args [list puts $c] }
proc read_verilog file { close [open $file] }
proc read_xdc file { source $file }
proc create_clock args { puts "clock" }
proc get_ports name { return $name }
set argv xc7a100t
source SCRIPT
puts "$part [llength [glob *.hex]]"
"""


@pytest.mark.skipif(shutil.which("tclsh") is None and not os.environ.get("CI"), reason="no Tcl")
def test_vivado_is_given_the_sources_and_the_clock(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "out")
    script = _STUBS.replace("SCRIPT", str(tmp_path / "out" / "scripts" / "vivado.tcl"))
    run = subprocess.run(["tclsh"], input=script, capture_output=True, text=True, check=True)
    said = run.stdout.split("\n")
    assert said[:2] == ["clock", "synth_design"]
    assert said[-2] == f"xc7a100t {len(list((folder / 'rtl').glob('*.hex')))}"


def test_the_script_for_ecp5_gives_its_tools_what_they_read(folder, tmp_path):
    out, tools = shutil.copytree(folder, tmp_path / "my out"), tmp_path / "tools"
    tools.mkdir()
    bodies = {
        "yosys": 'test -f tiny.v && test -f tiny__lmu0_weights.hex && echo "$@" >&2',
        "nextpnr-ecp5": 'echo "Info: Max frequency for clock: 9 MHz" > nextpnr.log; echo "$@" >&2',
    }
    for name, body in bodies.items():
        (tools / name).write_text(f"#!/bin/sh\n{body}\n")
        (tools / name).chmod(0o755)
    environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}
    command = ["sh", str(out / "scripts" / "ecp5.sh"), "85k"]
    run = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert "9 MHz" in run.stdout
    assert "synth_ecp5 -top tiny" in run.stderr
    assert "--85k" in run.stderr
    # What pip brings has a /tmp of its own, and Yosys takes words apart at spaces.
    assert str(tmp_path) not in run.stderr


def test_the_core_lists_every_file_that_is_there(folder):
    text = core_file(subject())["tiny.core"]
    listed = re.findall(r"^      - (\w+/[\w.]+)", text, re.MULTILINE)
    assert all((folder / name).is_file() for name in listed)
    assert {path.name for path in (folder / "rtl").glob("*.hex")} <= {Path(n).name for n in listed}
