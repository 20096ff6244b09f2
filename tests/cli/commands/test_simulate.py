# SPDX-License-Identifier: Apache-2.0
"""simulate: exit statuses, missing simulators, and designs that differ from what was emitted."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest

from lmu_hw.network import Codes
from lmu_hw.network.archive import design_digest, network_bytes, read_network
from lmu_hw.simulate import epochs
from lmu_hw.simulate import run as run_module
from tests.resealed import change_manifest, rewrite

QUICK = ("--max-cycles", "800")


@pytest.fixture
def nothing_installed(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda program: None)


def flipped(network):
    """Return a network whose encoder has another weight."""
    layer = network.layers[0]
    node = layer.nodes[0]
    term = node.terms[-1]
    codes = term.weights.codes.copy()
    codes[0, 0] ^= 4
    wrong = replace(term, weights=Codes(codes=codes, format=term.weights.format))
    node = replace(node, terms=(*node.terms[:-1], wrong))
    layers = (replace(layer, nodes=(node, *layer.nodes[1:])), *network.layers[1:])
    return replace(network, layers=layers)


def test_equal_words_end_with_0(here, run):
    answer = run(
        "simulate", "out", "--simulator", "amaranth", "--input", "x.npy", "--max-cycles=2400"
    )
    assert answer.status == 0, answer
    (result,) = json.loads((here / "out" / "simulation.json").read_text())
    assert result["passed"] and result["mismatches"] == 0 and result["words_compared"] > 100
    assert result["input_steps"] == result["input_steps_given"] == 24
    assert "equal" in answer.out and answer.err == ""


def test_a_wrong_weight_ends_with_1_and_names_the_node(here, run, monkeypatch):
    golden = epochs.GoldenModel
    monkeypatch.setattr(epochs, "GoldenModel", lambda network: golden(flipped(network)))
    answer = run("simulate", "out", "--simulator", "amaranth", *QUICK)
    assert answer.status == 1
    assert "amaranth: first mismatch at lmu0.u[0], sequence 0, step 0: expected " in answer.out
    (result,) = json.loads((here / "out" / "simulation.json").read_text())
    assert result["first_mismatch"]["node"] == "lmu0.u"
    assert not result["passed"]


def test_verilog_of_another_design_ends_with_1(here, run, icarus):
    folder = here / "out"
    network = flipped(read_network(folder / "design.safetensors"))
    rewrite(folder, "design.safetensors", network_bytes(network))
    change_manifest(folder, lambda manifest: manifest.update(design_digest=design_digest(network)))
    answer = run("simulate", "out", "--simulator", "icarus", "--waves", *QUICK)
    assert answer.status == 1
    assert "icarus: first mismatch at lmu0.u[0], sequence " in answer.out
    assert (here / "out" / "waves_icarus.fst").stat().st_size > 0


def test_waves_are_left_by_every_simulator(here, run):
    assert run("simulate", "out", "--simulator", "amaranth", "--waves", *QUICK).status == 0
    assert (here / "out" / "waves_amaranth.vcd").stat().st_size > 0


@pytest.mark.usefixtures("nothing_installed")
@pytest.mark.parametrize(
    ("simulator", "message"),
    [
        ("icarus", "icarus not run: Icarus Verilog (iverilog, vvp) is not installed: install it"),
        ("verilator", "verilator not run: Verilator needs make, which is not installed"),
    ],
)
def test_a_missing_simulator_ends_with_2(here, run, simulator, message):
    answer = run("simulate", "out", "--simulator", simulator)
    assert answer.status == 2
    assert message in answer.err
    assert not (here / "out" / "simulation.json").exists()


@pytest.mark.usefixtures("nothing_installed", "here")
def test_available_runs_what_there_is_and_names_the_rest(run):
    answer = run("simulate", "out", "--simulator", "available", *QUICK)
    assert answer.status == 0
    assert "amaranth" in answer.out
    assert "icarus not run: " in answer.err and "verilator not run: " in answer.err


@pytest.mark.usefixtures("nothing_installed", "here")
def test_all_ends_with_2_if_one_is_missing(run):
    assert run("simulate", "out", "--simulator", "all", *QUICK).status == 2


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("option", "value", "rule"),
    [
        ("--seed", "-1", "at least 0, not -1"),
        ("--seed", "x", "a whole number, at least 0, not 'x'"),
        ("--max-cycles", "-1", "at least 0, not -1"),
        ("--max-cycles", "1e6", "a whole number, at least 0, not 1000000.0"),
        ("--theta", "nan", "a positive number of steps, not nan"),
    ],
)
def test_a_number_must_be_one_and_not_negative(refused, option, value, rule):
    error = refused("simulate", "out", f"{option}={value}")
    assert f"{option} must be {rule}" in error


def test_fewer_cycles_than_a_step_takes_are_not_taken_for_no_limit(here, run):
    assert run("simulate", "out", "--simulator", "amaranth", "--max-cycles", "1").status == 0
    (result,) = json.loads((here / "out" / "simulation.json").read_text())
    assert result["steps"] < 40


def test_ctrl_c_ends_with_130(run, unchanged, monkeypatch):
    def interrupted(self, *arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(run_module._Run, "result", interrupted)
    assert run("simulate", "out", "--simulator", "amaranth").status == 130
    unchanged()


def test_verilog_that_was_edited_is_simulated_and_named(here, run, icarus):
    path = here / "out" / "rtl" / "tiny.v"
    path.write_text(path.read_text() + "// mine\n")
    answer = run("simulate", "out", "--simulator", "icarus", *QUICK)
    assert answer.status == 0, answer.err
    assert "rtl/tiny.v was changed since it was generated" in answer.err
    (result,) = json.loads((here / "out" / "simulation.json").read_text())
    assert result["changed_files"] == ["rtl/tiny.v"] and result["words_compared"] > 100
    run("report", "out")
    (run_reported,) = json.loads((here / "out" / "report.json").read_text())["simulations"]
    assert run_reported["changed_files"] == ["rtl/tiny.v"]


def test_results_that_somebody_wrote_are_refused_before_a_run(here, refused, unchanged):
    (here / "out" / "simulation.json").write_text("mine")
    error = refused("simulate", "out", "--simulator", "amaranth", *QUICK)
    assert "out/simulation.json: would be overwritten, but this tool did not write it" in error
    assert (here / "out" / "simulation.json").read_text() == "mine"
    (here / "out" / "simulation.json").unlink()
    unchanged()


@pytest.mark.usefixtures("here")
def test_a_cache_must_be_a_folder(refused):
    error = refused("simulate", "out", "--cache", "x.npy")
    assert "--cache must be a folder that can be written to, not 'x.npy'" in error


def test_no_place_for_a_cache_is_said_and_no_more(here, run, monkeypatch):
    monkeypatch.setenv("LMU_HW_CACHE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(here / "x.npy"))
    answer = run("simulate", "out", "--simulator", "amaranth", *QUICK)
    assert answer.status == 0
    assert "x.npy/lmu_hw cannot be written to" in answer.err


@pytest.mark.usefixtures("nothing_installed")
def test_bulk_without_verilator_ends_with_2_and_says_what_to_do(here, refused):
    error = refused("simulate", "out", "--bulk", "100")
    assert "Verilator needs make, which is not installed" in error
    assert not (here / "out" / "simulation.json").exists()


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--bulk", "0"), "--bulk must be at least 1, not 0"),
        (("--bulk", "x"), "--bulk must be a whole number, at least 1, not 'x'"),
        (("--bulk", "9", "--simulator", "all"), "--simulator must be left out with --bulk"),
        (("--bulk", "9", "--waves"), "--waves must be left out with --bulk"),
        (("--bulk", "9", "--max-cycles", "0"), "--max-cycles must be left out with --bulk"),
        (("--bulk", "9", "--netlist", "generic"), "--netlist must be left out with --bulk"),
        (("--bulk", "9", "--theta", "-1"), "--theta must be a positive number of steps"),
    ],
    ids=["zero", "word", "simulator", "waves", "cycles", "netlist", "theta"],
)
def test_bulk_is_asked_for_alone(refused, options, message):
    assert message in refused("simulate", "out", *options)
