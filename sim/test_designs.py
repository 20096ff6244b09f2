# SPDX-License-Identifier: Apache-2.0
"""Every design on every simulator: all words equal, cycles as planned, with and without stalls."""

from __future__ import annotations

import json
import re
import shutil

import numpy as np
import pytest

import lmu_hw
from lmu_hw.simulate import process, simulate
from tests.networks import network as small_network
from tests.networks import noise
from tests.retrained import retrained
from tests.simulators import require_simulator

DESIGNS = [
    "digits",
    "mackey_glass",
    "tiny",
    "several_memories",
    "bare_memory",
    "memoryless_cell",
    "error_feedback",
    "sweeps",
    "sweeps_in_order",
    "passes",
    "scan",
    "lstm",
    "gru",
]

# Of the built-in stimuli: where a step takes few cycles, the golden model would take the time.
MOST_STEPS = {"icarus": 100, "verilator": 400, "amaranth": 30}


@pytest.mark.parametrize("name", sorted(set(DESIGNS) - {"digits", "mackey_glass"}))
def test_icarus_equals_the_golden_model(folder_of, name):
    require_simulator("icarus")
    _equal(folder_of(name), "icarus", seed=0, max_cycles=8_000)


# The large one runs here alone (of digits the README's commands run all there is); of the small
# ones, which run on Icarus, those whose Verilog has what no other has.
@pytest.mark.parametrize("name", ["mackey_glass", "passes", "scan", "sweeps"])
def test_verilator_equals_the_golden_model(folder_of, name):
    require_simulator("verilator")
    _equal(folder_of(name), "verilator", seed=2, max_cycles=100_000)


@pytest.mark.parametrize("name", ["error_feedback", "sweeps", "lstm"])
def test_amaranth_equals_the_golden_model(folder_of, name):
    _equal(folder_of(name), "amaranth", seed=3, max_cycles=1_500)


def test_long_run_of_the_users_data_stays_equal(folder_of):
    require_simulator("verilator")
    x = np.random.default_rng(6).uniform(-1, 1, (2, 2_000, 1))
    (result,) = simulate(folder_of("tiny"), x, simulators=["verilator"])
    assert result.passed, result
    assert result.input_steps == 4_000
    assert result.words_compared > 4_000 * (1 + 3 + 5 + 2)


@pytest.mark.parametrize(("simulator", "kind"), [("icarus", "fst"), ("verilator", "vcd")])
def test_waves_are_left_where_asked_for(folder_of, simulator, kind):
    require_simulator(simulator)
    folder = folder_of("rows")
    lmu_hw.simulate(folder, simulators=[simulator], max_cycles=500, waves=True)
    assert (folder / f"waves_{simulator}.{kind}").stat().st_size > 1_000


@pytest.mark.parametrize("theta", [None, 18.0])
def test_another_window_and_back_stay_equal(folder_of, theta):
    require_simulator("icarus")
    options = {"max_cycles": 4_000, "theta": theta}
    (result,) = simulate(folder_of("reloadable"), simulators=["icarus"], **options)
    assert result.passed, result
    assert result.coverage.resets["after coefficients were written"] > 3


def test_another_network_and_back_stay_equal(tmp_path):
    require_simulator("icarus")
    network = small_network(order=3, theta=8.0, units=2, hidden_to_memory=True, dense=2)
    design = lmu_hw.quantize(network, noise(network, sequences=2, steps=30), state_bits=10)
    lmu_hw.emit(design, tmp_path / "out", lanes=2, reloadable=True)
    options = {"max_cycles": 1_500, "network": retrained(network)}
    (result,) = lmu_hw.simulate(tmp_path / "out", simulators=["icarus"], **options)
    assert result.passed, result
    assert result.coverage.resets["while coefficients are written"] > 0


def test_a_build_is_found_again_until_the_verilog_is_another(folder_of, tmp_path, monkeypatch):
    """Whatever is found, what runs is what is in the folder: contents of ROMs are read anew."""
    require_simulator("icarus")
    folder, verbs, start = tmp_path / "tiny", [], process._Process.__call__
    shutil.copytree(folder_of("tiny"), folder)

    def noted(self, verb, *words, **options):
        verbs.append(verb)
        start(self, verb, *words, **options)

    def run(seed: int) -> tuple[bool, int]:
        options = {"max_cycles": 1_000, "seed": seed, "cache": tmp_path / "cache"}
        (result,) = simulate(folder, simulators=["icarus"], **options)
        return result.passed, verbs.count("build")

    monkeypatch.setattr(process._Process, "__call__", noted)
    assert [run(seed) for seed in (0, 1)] == [(True, 1), (True, 1)]
    rom = folder / "rtl" / "tiny__head_weights.hex"
    words = rom.read_text()
    rom.write_text(f"{int(words[0], 16) ^ 1:x}{words[1:]}")
    assert run(0) == (False, 1)
    rom.write_text(words)
    verilog = folder / "rtl" / "tiny.v"
    text, count = re.subn(r"(assign trace_start =) .*;", r"\1 1'b0;", verilog.read_text())
    assert count
    verilog.write_text(text)
    assert run(0) == (False, 2)


def _equal(folder, simulator, seed, max_cycles):
    manifest = json.loads((folder / "manifest.json").read_text())
    max_cycles = min(max_cycles, MOST_STEPS[simulator] * manifest["cycles_per_step"])
    options = {"seed": seed, "max_cycles": max_cycles}
    (result,) = simulate(folder, simulators=[simulator], **options)
    assert result.passed, result
    assert result.words_compared > 100
    assert result.cycles_per_step in (None, manifest["cycles_per_step"])
    entries = json.loads((folder / "simulation.json").read_text())
    (entry,) = (entry for entry in entries if not entry["bulk"])
    assert entry["words_compared"] == result.words_compared
