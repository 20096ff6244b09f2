# SPDX-License-Identifier: Apache-2.0
"""generate and config: models, word lengths, configurations and output folders of every kind."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from lmu_hw.design import Design
from lmu_hw.fixed import Rounding
from lmu_hw.folder import DesignFolder

MODEL = "model.safetensors"


def test_a_model_must_be_a_trained_file(here, refused, unchanged):
    for name, message in {
        "nothing.keras": "nothing.keras: the file must be readable, but: No such file",
        "out": "out: the file must be a .keras, .h5, .npz, .safetensors, .pt or .onnx file, not "
        "the folder of a design, which is hardware already; name the trained file",
        "x.npy": "x.npy: the file must be a .keras, .h5, .npz, .safetensors, .pt or .onnx file",
    }.items():
        assert message in refused("generate", name, "-o", "new")
    unchanged()


def test_a_truncated_model_is_refused(here, refused):
    data = (here / MODEL).read_bytes()
    (here / MODEL).write_bytes(data[: len(data) // 2])
    assert f"{MODEL}: must be a whole safetensors file" in refused("generate", MODEL, "-o", "new")
    assert not (here / "new").exists()


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--weight-bits", "1", "--weight-bits must be 2 to 32, not 1"),
        ("--state-bits", "33", "--state-bits must be 2 to 32, not 33"),
        ("--memory-bits", "0", "--memory-bits must be 2 to 32, not 0"),
        ("--input-bits", "-4", "--input-bits must be 2 to 32, not -4"),
        ("--activation-bits", "x", "--activation-bits must be a whole number, 2 to 32, not 'x'"),
        ("--activation-bits", "32", "lmu0.h: the table of tanh must have at most 20 address bits"),
        ("--weight-bits", "12.0", "--weight-bits must be a whole number, 2 to 32, not 12.0"),
        ("--horizon", "0", "--horizon must be at least 1, not 0"),
        ("--memory-tolerance", "2", "--memory-tolerance must be between 0 and 1, not 2"),
        ("--memory-range", "any", "--memory-range must be one of auto, scale, widen, saturate"),
        ("--realization", "fast", "--realization must be one of dense, semiseparable, two-pass"),
        ("--lanes", "4.0", "--lanes must be a whole number, at least 1, not 4.0"),
        ("--lanes", "0", "--lanes must be at least 1, not 0"),
        ("--lanes", "-1", "--lanes must be at least 1, not -1"),
        ("--lanes", "many", "--lanes must be a number or 'full', not 'many'"),
        ("--clock", "0", "--clock must be a number of MHz above 0, not 0"),
        ("--clock", "fast", "--clock must be a number of MHz above 0, not 'fast'"),
        ("--sample-rate", "100", "--sample-rate must come with --clock"),
        ("--target", "ecp5", "--target must be one of ecp5-25k, ecp5-45k, ecp5-85k, ice40-up5k"),
        ("--input-scale", "0", "--input-scale must be positive, not '0'"),
        ("--input-scale", "-1", "--input-scale must be positive, not '-1'"),
        ("--input-scale", "nan", "must be a number such as 1/255, not 'nan'"),
        ("--input-scale", "1/0", "must be a number such as 1/255, not '1/0'"),
        ("--input-scale", "1e-400", "must be a fraction of numbers of at most 256 bits"),
        ("--input-scale", "1e400", "must be a fraction of numbers of at most 256 bits"),
        ("--input-scale", "1e-30", "must be below 2**62 in magnitude"),
        ("--margin", "nan", "--margin must be 1 to 64, not nan"),
        ("--margin", "0.5", "--margin must be 1 to 64, not 0.5"),
        ("--name", "two__parts", "generate: the name of a design must begin with a letter"),
        ("--name", "module", "generate: the name of a design must be no keyword of Verilog"),
        ("--basis", "fourier", "must be one of orthonormal, trained, not 'fourier'"),
    ],
)
def test_a_wrong_option_is_refused(refused, unchanged, option, value, message):
    assert message in refused("generate", MODEL, "-o", "new", f"{option}={value}")
    unchanged()


@pytest.mark.parametrize(
    "options",
    [
        [
            "--weight-bits=2",
            "--memory-bits=3",
            "--state-bits=2",
            "--activation-bits=2",
            "--input-bits=2",
        ],
        ["--weight-bits=32", "--state-bits=32", "--memory-bits=32", "--input-bits=32"],
        ["--input-scale=1e60"],
        ["--margin=64"],
    ],
)
@pytest.mark.usefixtures("here")
def test_extreme_formats_are_configured(run, options):
    answer = run("config", MODEL, "--calibrate", "x.npy", *options)
    assert answer.status == 0, answer.err
    assert "version = 4" in answer.out
    assert "in all: " in answer.err or "no estimate of area and clock: " in answer.err


def test_sums_that_are_too_long_are_refused_before_anything_is_written(refused, unchanged):
    wide = [f"--{name}-bits=32" for name in ("weight", "state", "memory", "input")]
    error = refused("generate", MODEL, "-o", "new", "--margin=64", *wide)
    assert "its sum must stay below 2**61 to be exact" in error
    assert "use fewer weight or state bits" in error
    unchanged()


def test_a_sample_rate_out_of_reach_is_refused_with_the_cycles(refused, unchanged):
    rate = ["--clock=10", "--sample-rate=1e6"]
    error = refused("generate", MODEL, "-o", "new", "--calibrate", "x.npy", *rate)
    assert re.search(r"a step needs \d+ cycles, 10 are there at a --clock of 10 MHz", error)
    unchanged()


def test_the_plans_that_were_weighed_are_printed_and_kept(here, run):
    rate = ["--clock=10", "--sample-rate=20000"]
    answer = run("generate", MODEL, "-o", "new", "--calibrate", "x.npy", *rate)
    assert answer.status == 0, answer.err
    assert "plans that were weighed" in answer.out
    assert "estimated before synthesis" in answer.out
    manifest = DesignFolder(here / "new").manifest
    chosen = [option for option in manifest["choice"]["options"] if option["chosen"]]
    assert [option["cycles"] for option in chosen] == [manifest["cycles_last_step"]]
    assert manifest["cycles_last_step"] <= 10e6 / 20000


def test_banks_are_of_as_many_words_as_are_asked_for(here, run):
    answer = run("generate", MODEL, "-o", "new", "--calibrate", "x.npy", "--bank-words=16")
    assert answer.status == 0, answer.err
    assert DesignFolder(here / "new").manifest["bank_words"] == 16
    assert len(list((here / "new" / "rtl").glob("*weights_1.hex"))) > 0
    assert run("verify", "new").status == 0


def test_what_is_estimated_is_of_the_target_and_a_clock_beyond_it_is_warned_of(here, run):
    chosen = ["--target=ice40-up5k", "--clock=200", "--weight-bits=6"]
    answer = run("generate", MODEL, "-o", "new", "--calibrate", "x.npy", *chosen)
    assert answer.status == 0, answer.err
    assert "estimated for Lattice iCE40 UP5K" in answer.out
    assert "warning: a --clock of 200 MHz is beyond the " in answer.err
    choice = DesignFolder(here / "new").manifest["choice"]
    assert choice["target"] == "ice40-up5k"
    assert choice["warnings"][0].startswith("a `clock` of 200 MHz is beyond the ")
    rates = [(option["samples_per_second"], option["cycles"]) for option in choice["options"]]
    assert all(0 < rate * cycles < 200e6 for rate, cycles in rates)


def test_a_configuration_is_estimated_for_the_target(run, here):
    answer = run("config", MODEL, "--calibrate", "x.npy", "--target=xilinx7")
    assert answer.status == 0, answer.err
    assert "for AMD 7 series" in answer.err
    assert "clock: not known" in answer.err


@pytest.fixture
def config(here, run):
    """Return the edited configuration of the model, and complain if the edit changes nothing."""
    text = run("config", MODEL, "--calibrate", "x.npy").out

    def edit(pattern: str, replacement: str) -> str:
        changed = re.sub(pattern, replacement, text, count=1, flags=re.DOTALL)
        assert changed != text
        (here / "edited.toml").write_text(changed)
        return "edited.toml"

    return edit


BROKEN = {
    "no TOML": ("version = 4", "version 2", "edited.toml: not a TOML file"),
    "another version": ("version = 4", "version = 1", "version must be 4, not 1"),
    "an unknown key": ("version = 4", "version = 4\nspeed = 3", "speed is a key that nobody knows"),
    "a missing key": ("version = 4", "", "its version must be 4, not None"),
    "an unknown basis": ('basis = "orth', 'basis = "x', "basis must be one of orthonormal"),
    "a format in words": ("sQ\\d+", "sixteen", "a format must be written like sQ0.15"),
    "a missing node": (r'\[node."lmu0.u"\].*?(?=\[node."lmu0.m"\])', "", "lacks the node 'lmu0.u'"),
    "an unknown node": ('node."head|node."dense', 'node."tail', "tail.y|lacks the node"),
    "a source by another name": ('"lmu0.u" = "s', '"lmu9.u" = "s', "lacks weights of 'lmu0.u'"),
    "weights that are too narrow": (
        '"lmu0.u" = "[^"]*"',
        '"lmu0.u" = "sQ-9.20"',
        "lmu0.m: weights",
    ),
    "an unknown rounding": ('half_up"', 'up"', "rounding must be one of"),
    "a scale of nothing": (r'scale = "1"', 'scale = "0"', "scale must be positive, not '0'"),
    "a memory scale below zero": (r"\nu = \d", "\nu = -1", "must be positive and finite"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_configuration_is_refused(here, refused, config, kind):
    pattern, replacement, message = BROKEN[kind]
    error = refused("generate", MODEL, "-o", "new", "--config", config(pattern, replacement))
    assert any(part in error for part in message.split("|")), error
    assert not (here / "new").exists()


def test_a_configuration_that_cannot_be_read_is_refused(refused, unchanged):
    for name, message in {
        "nothing.toml": "nothing.toml: cannot be read: No such file or directory",
        "out": "out: cannot be read: Is a directory",
        "x.npy": "x.npy: must be a text file",
    }.items():
        assert message in refused("generate", MODEL, "-o", "new", "--config", name)
    unchanged()


def test_options_and_a_configuration_cannot_be_combined(refused, unchanged):
    error = refused("generate", MODEL, "-o", "new", "--config=out/config.toml", "--weight-bits=8")
    assert "--weight-bits and --config cannot be combined: edit the file out/config.toml" in error
    unchanged()


@pytest.mark.usefixtures("quick")
def test_an_overflow_that_is_not_proved_impossible_cannot_be_forbidden(here, refused, config):
    name = config(r'(node."lmu0.u"\].*?format = )"[^"]*"(.*?)saturate', r'\1"sQ-9.24"\2forbid')
    error = refused("generate", MODEL, "-o", "new", "--config", name)
    assert "lmu0.u: overflow is forbidden, but not proved impossible: the bound is" in error
    assert not (here / "new").exists()


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("x.npy", "x.npy: the output must be a new folder, an empty one, or an earlier design"),
        (".", ".: the output must be a new folder"),
        ("..", "..: the output must be a new folder"),
        ("", "a design must be in a folder, which must have a name"),
        ("x.npy/new", "x.npy/new: the output must be in a folder that can be written to"),
        ("/proc/new", "/proc/new: cannot be written"),
    ],
)
def test_nothing_else_is_overwritten(refused, unchanged, target, message):
    assert message in refused("generate", MODEL, "-o", target)
    unchanged()


def test_the_current_folder_may_be_the_output(here, run, monkeypatch):
    monkeypatch.chdir(here / "out")
    assert run("generate", f"../{MODEL}", "-o", ".", "--weight-bits=5").status == 0
    DesignFolder(here / "out").check()


def test_every_file_of_the_verilog_begins_with_the_name(here, run):
    assert run("generate", MODEL, "-o", "out", "--name=Filter_2", "--weight-bits=5").status == 0
    files = {Path(name).name for name in DesignFolder(here / "out").rtl}
    roms = files - {"Filter_2.v"}
    assert len(roms) == len(files) - 1
    assert all(name.startswith("Filter_2__") for name in roms)
    modules = re.findall(r"^module (\w+)", (here / "out/rtl/Filter_2.v").read_text(), re.M)
    assert all(name == "Filter_2" or name.startswith("Filter_2_") for name in modules)
    assert json.loads((here / "out/manifest.json").read_text())["name"] == "Filter_2"


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("target", ["out/", "empty/", "a/b/new/"])
def test_a_folder_is_created_or_replaced(here, run, target):
    (here / "empty").mkdir()
    answer = run("generate", MODEL, "-o", target, "--weight-bits=5")
    assert answer.status == 0, answer.err
    folder = here / target
    manifest = json.loads((folder / "manifest.json").read_text())
    assert all((folder / name).is_file() for name in manifest["files"])
    assert not (folder / "earlier").exists()
    assert [path.name for path in here.iterdir() if path.name.startswith(".")] == []


@pytest.mark.usefixtures("quick")
def test_a_failure_in_the_middle_leaves_nothing(here, refused, unchanged, monkeypatch):
    def full(path, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    error = refused("generate", MODEL, "-o", "a/new", "--weight-bits=5")
    assert "a/new: cannot be written: No space left on device" in error
    unchanged()


@pytest.mark.usefixtures("quick")
def test_ctrl_c_ends_with_130_and_leaves_nothing(run, unchanged, monkeypatch):
    def interrupted(path, array):
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "save", interrupted)
    assert run("generate", MODEL, "-o", "out").status == 130
    unchanged()


@pytest.mark.usefixtures("quick")
def test_an_edited_configuration_is_generated_again_where_it_lies(here, run, refused, unchanged):
    path = here / "out" / "config.toml"
    text = "# mine\r\n" + path.read_text().replace('"half_up"', '"half_even"', 1)
    path.write_bytes(text.encode())
    assert "out/config.toml: is damaged, or was changed" in refused("report", "out")
    error = refused("generate", MODEL, "-o", "out")
    assert "to generate from it, give --config out/config.toml" in error
    answer = run("generate", MODEL, "-o", "out", "--calibrate=x.npy", "--config=out/config.toml")
    assert answer.status == 0, answer.err
    assert path.read_bytes() == text.encode()
    assert Design.read("out").config.input.rounding is Rounding.HALF_EVEN
    assert run("predict", "out", "--input", "x.npy", "-o", "y.npy").status == 0


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("name", ["rtl/tiny.v", "refit.json"])
def test_an_edited_file_in_the_way_is_refused_before_the_model_is_quantized(
    here, refused, unchanged, monkeypatch, name
):
    content = (here / "out" / name).read_bytes()
    (here / "out" / name).write_bytes(content + b"\n")
    monkeypatch.setattr("lmu_hw.api.quantize", None)
    error = refused("generate", MODEL, "-o", "out")
    assert f"out/{name}: would be overwritten, but it was changed since it was generated" in error
    (here / "out" / name).write_bytes(content)
    unchanged()


def test_another_name_leaves_the_edited_verilog_of_the_first(here, run):
    (here / "out" / "rtl" / "tiny.v").write_text("mine")
    answer = run("generate", MODEL, "-o", "out", "--calibrate=x.npy", "--name", "other")
    assert answer.status == 0, answer.err
    assert (here / "out" / "rtl" / "tiny.v").read_text() == "mine"
