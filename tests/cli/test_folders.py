# SPDX-License-Identifier: Apache-2.0
"""inspect, predict, simulate, report and compare on folders that are damaged or no design."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from lmu_hw.folder import DesignFolder
from tests.reports import proved_folder
from tests.resealed import change_manifest

COMMANDS = {
    "inspect": ("inspect", "out"),
    "predict": ("predict", "out", "--input", "x.npy", "-o", "y.npy"),
    "simulate": ("simulate", "out", "--simulator", "amaranth"),
    "report": ("report", "out"),
}


@pytest.fixture(params=COMMANDS)
def command(request) -> tuple[str, ...]:
    return COMMANDS[request.param]


def test_a_folder_without_a_manifest_is_no_design(here, refused, command):
    (here / "out" / "manifest.json").unlink()
    error = refused(*command)
    assert "out: must be a folder written by 'lmu-hw generate', but there is no manifest" in error


@pytest.mark.parametrize("command", [*list(COMMANDS.values())[1:]])
def test_a_folder_that_is_not_there_is_no_design(here, refused, command):
    shutil.rmtree(here / "out")
    assert "out: must be a folder written by 'lmu-hw generate'" in refused(*command)


@pytest.mark.parametrize("name", DesignFolder.GENERATED)
@pytest.mark.parametrize("damage", ["missing", "empty", "half", "bytes"])
def test_a_damaged_file_is_named(here, refused, command, name, damage):
    path = here / "out" / name
    data = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(
            {"empty": b"", "half": data[: len(data) // 2], "bytes": b"\xff\xfe"}[damage]
        )
    expected = f"out: must hold {name}" if damage == "missing" else f"out/{name}: is damaged"
    assert expected in refused(*command)


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"lmu_hw": "1"}', "\xff"])
@pytest.mark.parametrize("name", ["inspect", "simulate", "report"])
def test_a_damaged_manifest_is_named(here, refused, name, text):
    (here / "out" / "manifest.json").write_text(text, encoding="latin-1")
    error = refused(*COMMANDS[name])
    assert "out/manifest.json: " in error
    assert error.count("manifest.json") == 1


def test_a_report_of_another_design_is_refused(here, refused):
    change_manifest(here / "out", lambda manifest: manifest.update(design_digest="0" * 64))
    assert "manifest.json: describes another design than design.safetensors" in refused(
        *COMMANDS["report"]
    )


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (0, "rows must be at least 1, not 0"),
        ("many", "layers[0].rows must be an integer, not 'many'"),
        (10**7, "must give"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(here, refused, rows, message):
    change_manifest(here / "out", lambda manifest: manifest["layers"][0].update(rows=rows))
    assert message in refused(*COMMANDS["simulate"])


@pytest.mark.parametrize("name", ["tiny.v", "tiny__dense_weights.hex", "."])
def test_a_missing_file_of_verilog_is_named(here, refused, name):
    path = here / "out" / "rtl" / name
    shutil.rmtree(path) if name == "." else path.unlink()
    error = refused(*COMMANDS["simulate"])
    assert "out: must hold rtl/" in error
    assert "which is missing; generate the design again" in error


def test_verilog_that_does_not_compile_shows_the_compiler(here, refused, icarus):
    (here / "out" / "rtl" / "tiny.v").write_text("module tiny(; endmodule\n")
    error = refused("simulate", "out", "--simulator", "icarus", "--max-cycles", "100")
    assert "icarus must compile and run the design, but failed:\ntiny.v:1: syntax error" in error
    assert not (here / "out" / "simulation.json").exists()


def test_a_prediction_needs_a_place(refused, unchanged):
    for target, message in {
        "nowhere/y.npy": "nowhere/y.npy: cannot be written: there is no folder nowhere",
        "out": "out: must be a file to write, not a folder",
        "": "'': must be a file to write, not a folder",
        "x.npy/y.npy": "x.npy/y.npy: cannot be written: there is no folder x.npy",
    }.items():
        assert message in refused("predict", "out", "--input", "x.npy", "-o", target)
    unchanged()


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("x.npy", "x.npy: must not be a file that is read, x.npy"),
        ("link.npy", "link.npy: must not be a file that is read, x.npy"),
        ("out/calibration.npy", "out/calibration.npy: must not be a file of the design in"),
        ("out/rtl/tiny.v", "out/rtl/tiny.v: must not be a file of the design in"),
        ("out/manifest.json", "out/manifest.json: must not be a file of the design in"),
    ],
)
def test_a_prediction_overwrites_neither_its_input_nor_a_design(
    here, refused, unchanged, target, message
):
    (here / "link.npy").symlink_to("x.npy")
    assert message in refused("predict", "out", "--input", "x.npy", "-o", target)
    (here / "link.npy").unlink()
    unchanged()


def test_a_prediction_goes_through_a_link_and_into_a_device(here, run):
    (here / "link.npy").symlink_to("y.npy")
    for target in ("link.npy", "/dev/null"):
        assert run("predict", "out", "--input", "x.npy", "-o", target).status == 0
    assert (here / "link.npy").is_symlink() and np.load(here / "y.npy").shape == (3, 2)
    assert Path("/dev/null").is_char_device()


def test_a_full_disk_leaves_no_half_of_a_prediction(refused, unchanged, monkeypatch):
    write = Path.write_bytes

    def full(path, data):
        write(path, b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    error = refused("predict", "out", "--input", "x.npy", "-o", "y.npy")
    assert "y.npy: cannot be written: No space left on device" in error
    unchanged()


def test_a_comparison_needs_two_reports(here, refused, unchanged):
    shutil.copytree("out", Path("other"))
    for folders, message in {
        ("out",): "a comparison needs two or more different folders, not out",
        ("out", "out"): "a comparison needs two or more different folders, not out, out",
        ("out", "other"): "out: holds no report.json; run 'lmu-hw report out' first",
        ("out", "nothing"): "out: holds no report.json",
    }.items():
        assert message in refused("compare", *folders)
    assert "there is no folder nowhere" in refused(
        "compare", "out", "other", "-o", "nowhere/c.html"
    )
    shutil.rmtree("other")
    unchanged()


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("text", ["{", "[]", '{"version": 1}'])
def test_a_damaged_report_is_named(refused, text):
    shutil.copytree("out", Path("other"))
    DesignFolder("out").results.write("report.json", text.encode())
    error = refused("compare", "out", "other")
    assert "out/report.json: " in error and "run 'lmu-hw report out' again" in error


def test_inspect_says_that_a_proof_is_of_other_verilog(here, run):
    proved_folder(here / "out")
    assert "proof.json" not in run("inspect", "out").err
    (verilog,) = (here / "out" / "rtl").glob("*.v")
    verilog.write_text(verilog.read_text() + "\n")
    assert "proof.json is of other Verilog than what is in rtl/" in run("inspect", "out").err
