# SPDX-License-Identifier: Apache-2.0
"""generate by target, and sweep: what is refused, what is printed, and what is left behind."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

import lmu_hw
from lmu_hw import hdl
from lmu_hw.checked import share
from lmu_hw.cli.arguments import bit_range
from lmu_hw.search import page

MODEL = "model.safetensors"
DATA = ("--calibrate", "x.npy")
TARGET = ("--target-accuracy", "60%", "--labels", "labels.npy")
GIVEN = ("--memory-bits", "8", "--activation-bits", "6", "--jobs", "1")


@pytest.fixture
def plain(monkeypatch) -> None:
    """Leave Yosys out, where a test is about what a search answers."""
    monkeypatch.setattr(hdl, "emit_verilog", lambda *_, digest: {"tiny.v": digest})


@pytest.mark.usefixtures("plain")
def test_generate_builds_the_design_that_reaches_the_target(here, run):
    answer = run("generate", MODEL, "-o", "new", *DATA, *TARGET, *GIVEN)
    assert answer.status == 0, answer.err
    design = lmu_hw.read_design(here / "new")
    right = design.predict(np.load("x.npy")).argmax(axis=-1) == np.load("labels.npy")
    assert right.mean() >= 0.6
    assert "target: an accuracy of at least 60 %" in answer.out
    assert "on all 3 sequences" in answer.out
    assert "every word length is as short as it may be" in answer.out
    assert "given" in answer.out and "2 to 18" in answer.out
    assert "written to new; next: lmu-hw simulate new" in answer.out


@pytest.mark.usefixtures("plain")
def test_the_design_is_that_of_its_word_lengths(here, run):
    answer = run("generate", MODEL, "-o", "new", *DATA, "--target-error", "5%", *GIVEN)
    assert answer.status == 0, answer.err
    assert "no word length can be a bit less: the 2 neighbours miss the target" in answer.out
    rows = [line.split("│")[1:3] for line in answer.out.splitlines() if " bits │" in line]
    chosen = {name.strip(): bits.split()[0] for name, bits in rows}
    again = run(
        "generate",
        MODEL,
        "-o",
        "again",
        *DATA,
        *(f"--weight-bits={chosen['weights']}", f"--state-bits={chosen['states']}"),
        *GIVEN[:4],
    )
    assert again.status == 0, again.err
    new, other = (lmu_hw.read_design(here / name) for name in ("new", "again"))
    assert new.digest == other.digest


def test_a_target_that_cannot_be_reached_ends_with_2_and_writes_nothing(refused, unchanged):
    error = refused("generate", MODEL, "-o", "new", *DATA, "--target-error", "1e-7", "--jobs", "1")
    assert (
        "an error of at most 1e-07 cannot be reached: the widest word lengths, 18/18/20/" in error
    )
    unchanged()


HALVES = {
    "no data": (("--target-error", "0.1"), "--target-error must come with data to measure on"),
    "no labels": ((*DATA, "--target-accuracy", "0.9"), "--target-accuracy needs --labels"),
    "labels of an error": (
        (*DATA, "--target-error", "0.1", "--labels", "labels.npy"),
        "--target-error does not use --labels",
    ),
    "labels without data": (
        ("--labels", "labels.npy"),
        "--labels must come with the data they belong to: give --calibrate",
    ),
    "a cost without a target": (
        ("--cost", "state-bits"),
        "--cost must come with --target-error or --target-accuracy",
    ),
    "jobs without a target": (("--jobs", "2"), "--jobs must come with --target-error"),
    "a configuration": (
        (*DATA, *TARGET, "--config", "out/config.toml"),
        "--target-accuracy and --config cannot be combined: one of them chooses formats",
    ),
    "two targets": ((*DATA, *TARGET, "--target-error", "1"), "not allowed with argument"),
    "more than all": ((*DATA, "--target-accuracy", "95"), "needs --labels"),
    "an unknown cost": (
        (*DATA, *TARGET, "--cost", "money"),
        "must be one of state-bits, coefficient-bits, mul",
    ),
    "no process": ((*DATA, *TARGET, "--jobs", "0"), "--jobs must be at least 1, not 0"),
    "no sequence": (
        (*DATA, *TARGET, "--search-sequences", "0"),
        "--search-sequences must be at least 1, not 0",
    ),
    "no share": (
        (*DATA, "--target-error", "few"),
        "must be a number such as 0.95 or 95%, not 'few'",
    ),
    "no error at all": ((*DATA, "--target-error", "0"), "--target-error must be positive"),
}


@pytest.mark.parametrize("kind", HALVES)
def test_half_a_target_is_refused(refused, unchanged, kind):
    options, message = HALVES[kind]
    assert message in refused("generate", MODEL, "-o", "new", *options)
    unchanged()


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.zeros(2, int), "x.npy, bad.npy: labels must be integers of shape (3,)"),
        (np.zeros((3, 2)), "x.npy, bad.npy: --target-accuracy needs class labels"),
        (np.full(3, 2), "x.npy, bad.npy: class labels must be 0 to 1, not 2 to 2"),
    ],
)
def test_labels_that_do_not_fit_are_refused(here, refused, labels, message):
    np.save(here / "bad.npy", labels)
    target = ("--target-accuracy", "0.9", "--labels", "bad.npy", "--jobs", "1")
    assert message in refused("generate", MODEL, "-o", "new", *DATA, *target)
    assert not (here / "new").exists()


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("command", ["generate", "sweep"])
def test_a_missing_dask_is_named(refused, unchanged, monkeypatch, command):
    monkeypatch.setitem(sys.modules, "distributed", None)
    target = TARGET if command == "generate" else ()
    where = ("--scheduler", "tcp://127.0.0.1:1")
    error = refused(command, MODEL, "-o", "new", *DATA, *target, *where)
    assert "--scheduler needs the package distributed" in error
    assert "pip install 'lmu_hw[cluster]'" in error
    unchanged()


def test_sweep_writes_both_files_and_prints_the_front(here, run):
    options = ("--weight-bits", "4:8:2", "--state-bits", "8", "--activation-bits", "5:6")
    answer = run("sweep", MODEL, "-o", "a/map", *DATA, *options, "--jobs", "1")
    assert answer.status == 0, answer.err
    assert sorted(path.name for path in (here / "a" / "map").iterdir()) == [
        "sweep.html",
        "sweep.json",
        "sweep.ledger",
    ]
    document = json.loads((here / "a" / "map" / "sweep.json").read_text())
    lengths = [point["lengths"] for point in document["points"]]
    assert [(one["weight_bits"], one["activation_bits"]) for one in lengths] == [
        (4, 5),
        (4, 6),
        (6, 5),
        (6, 6),
        (8, 5),
        (8, 6),
    ]
    assert "Pareto front of 6 combinations by multiplier-area" in answer.out
    assert "written to a/map/sweep.html" in answer.out


def test_sweep_prints_how_many_are_not_feasible(here, run):
    labels = ("--labels", "labels.npy", "--jobs", "1")
    answer = run("sweep", MODEL, "-o", "map", *DATA, "--activation-bits", "6:20:14", *labels)
    assert answer.status == 0, answer.err
    assert "1 combinations are not feasible; sweep.html says why" in answer.out
    assert "Accuracy of float: " in answer.out


def test_ctrl_c_ends_a_sweep_with_130_and_it_goes_on(here, run, monkeypatch):
    command = ("sweep", MODEL, *DATA, "--weight-bits", "4:6", "--jobs", "1", "-o")
    assert run(*command, "whole").status == 0

    def interrupted(report):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(page, "sweep_page", interrupted)
        assert run(*command, "map").status == 130
    assert [path.name for path in (here / "map").iterdir()] == ["sweep.journal"]
    assert run(*command, "map").status == 0
    for name in ("sweep.json", "sweep.html"):
        assert (here / "map" / name).read_bytes() == (here / "whole" / name).read_bytes()


def test_the_journal_of_another_sweep_is_refused_until_restart(here, run, refused, monkeypatch):
    command = ("sweep", MODEL, "-o", "map", *DATA, "--weight-bits", "5", "--jobs", "1")

    def interrupted(report):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(page, "sweep_page", interrupted)
        assert run(*command).status == 130
    error = refused(*command, "--margin", "2")
    assert "sweep.journal: belongs to a sweep of another model" in error
    assert "or give --restart" in error
    assert run(*command, "--margin", "2", "--restart").status == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("-o", "map"), "the following arguments are required: --calibrate"),
        ((*DATA,), "the following arguments are required: -o/--output"),
        ((*DATA, "-o", ""), "the output must be a folder, not an empty name"),
        ((*DATA, "-o", "x.npy"), "x.npy: the output must be a folder"),
        ((*DATA, "-o", "x.npy/map"), "x.npy/map: the output must be a folder"),
        ((*DATA, "-o", "/proc/map"), "/proc/map"),
        ((*DATA, "-o", "map", "--weight-bits", "1:4"), "--weight-bits must be 2 to 32, not 1"),
        ((*DATA, "-o", "map", "--weight-bits", "8:4"), "must go up, in steps of at least 1"),
        ((*DATA, "-o", "map", "--weight-bits", "4:8:0"), "must go up, in steps of at least 1"),
        ((*DATA, "-o", "map", "--weight-bits", "4-8"), "must be bits such as 8, 4:12 or 4:12:2"),
        ((*DATA, "-o", "map", "--weight-bits", "4:5:6:7"), "must be bits such as 8, 4:12"),
        ((*DATA, "-o", "map", "--weight-bits", ""), "must be bits such as 8, 4:12 or 4:12:2"),
    ],
)
def test_a_sweep_that_cannot_be_is_refused(refused, unchanged, options, message):
    assert message in refused("sweep", MODEL, "--jobs", "1", *options)
    unchanged()


@pytest.mark.parametrize(
    ("text", "bits"),
    [("8", 8), ("4:6", [4, 5, 6]), ("4:9:2", [4, 6, 8]), ("4:8:2", [4, 6, 8]), ("5:5", [5])],
)
def test_ranges_hold_both_ends(text, bits):
    assert bit_range(text) == bits


@pytest.mark.parametrize("text", ["0.95", "95%", "95 %", "95.0%", "19/20", "9.5e-1"])
def test_shares_are_exact(text):
    assert share(text, "`target_accuracy`") * 20 == 19


@pytest.mark.usefixtures("plain", "here")
def test_memory_options_reach_the_configuration(run):
    words = ("--memory-range", "saturate", "--error-feedback", "--repair")
    text = run("config", MODEL, *DATA, *words).out
    assert "error_feedback = true" in text
    assert "repair = true" in text
