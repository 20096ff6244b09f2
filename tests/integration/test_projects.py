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
from lmu_hw.integration.vectors import vectors_of
from tests.integration.designs import design, subject
from tests.simulators import require_simulator

_TOP = """
module top;
  reg clk = 0, rst = 1;
  integer cycle = 0;
  always #5 clk = ~clk;
  `include "{first}.vh"
  `include "{second}.vh"
  {drives}
  always @(posedge clk) begin
    cycle <= cycle + 1;
    rst <= cycle == 0;
    if (cycle == 1000) $finish;
  end
endmodule
"""
_DRIVE = """
  reg {name}_sent = 0;
  assign {name}__s_axis_tvalid = !rst && !{name}_sent;
  assign {name}__s_axis_tdata = {sample};
  assign {name}__s_axis_tlast = 1;
  assign {name}__m_axis_tready = 1;
  always @(posedge clk) begin
    if ({name}__s_axis_tvalid && {name}__s_axis_tready) {name}_sent <= 1;
    if ({name}__m_axis_tvalid && !rst) $display("{name} %0d", {name}__m_axis_tdata);
  end
"""
_SHAPES = {"left": {"order": 3}, "right": {"order": 4}}


@pytest.fixture
def project(tmp_path) -> Path:
    """A folder with two designs, and a top that has one instance of each."""
    drives = []
    for name, shape in _SHAPES.items():
        lmu_hw.emit(design(**shape), tmp_path / name, lanes=2, name=name)
        made = subject(**shape)
        data = vectors_of(made).sent[-1] & (1 << made.plan.source.width) - 1
        drives.append(_DRIVE.format(name=name, sample=f"{made.plan.source.width}'d{data}"))
    first, second = _SHAPES
    text = _TOP.format(first=first, second=second, drives="".join(drives))
    (tmp_path / "top.v").write_text(text)
    return tmp_path


def answers(shape: dict[str, object]) -> int:
    """Return the answer to the last step that the testbench sends, alone, as a beat."""
    made = subject(**shape)
    codes = vectors_of(made).sequences[-1][-1:]
    y = lmu_hw.golden.GoldenModel(made.network).run(codes[None])[0].reshape(1, -1)
    return int.from_bytes(made.plan.answer.encode(y)[0].tobytes(), "little")


def test_two_designs_in_one_project_share_no_name(project):
    require_simulator("icarus")
    command = ["iverilog", "-g2005", "-s", "top", "-o", "top.vvp", "top.v"]
    for name in _SHAPES:
        macro = f'{name.upper()}_ROM_PATH="{name}/rtl/"'
        command += [f"-D{macro}", f"-I{name}/rtl", f"{name}/rtl/{name}.v"]
    subprocess.run(command, cwd=project, check=True)
    run = subprocess.run(["vvp", "-n", "top.vvp"], cwd=project, capture_output=True, text=True)
    expected = {f"{name} {answers(shape)}" for name, shape in _SHAPES.items()}
    assert {line for line in run.stdout.splitlines() if " " in line} >= expected


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
    out, tools = shutil.copytree(folder, tmp_path / "out"), tmp_path / "tools"
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


def test_the_core_lists_every_file_that_is_there(folder):
    text = core_file(subject())["tiny.core"]
    listed = re.findall(r"^      - (\w+/[\w.]+)", text, re.MULTILINE)
    assert all((folder / name).is_file() for name in listed)
    assert {path.name for path in (folder / "rtl").glob("*.hex")} <= {Path(n).name for n in listed}
