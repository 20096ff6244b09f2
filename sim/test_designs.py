# SPDX-License-Identifier: Apache-2.0
"""Every design on every simulator: all words equal, cycles as planned, with and without stalls."""

from __future__ import annotations

import json

import numpy as np
import pytest

import lmu_hw
from lmu_hw.simulate import simulate
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


@pytest.mark.parametrize("name", DESIGNS)
def test_icarus_equals_the_golden_model(folder_of, builds, name):
    require_simulator("icarus")
    _equal(folder_of(name), builds, "icarus", seed=0, max_cycles=25_000)


@pytest.mark.parametrize("name", DESIGNS)
def test_verilator_equals_the_golden_model(folder_of, builds, name):
    require_simulator("verilator")
    _equal(folder_of(name), builds, "verilator", seed=2, max_cycles=300_000)


@pytest.mark.parametrize(
    "name", ["tiny", "several_memories", "bare_memory", "error_feedback", *DESIGNS[7:]]
)
def test_amaranth_equals_the_golden_model(folder_of, builds, name):
    _equal(folder_of(name), builds, "amaranth", seed=3, max_cycles=2_500)


def test_long_run_of_the_users_data_stays_equal(folder_of, builds):
    require_simulator("verilator")
    x = np.random.default_rng(6).uniform(-1, 1, (2, 20_000, 1))
    (result,) = simulate(folder_of("tiny"), x, simulators=["verilator"], builds=builds)
    assert result.passed, result
    assert result.input_steps == 40_000
    assert result.words_compared > 40_000 * (1 + 3 + 5 + 2)


@pytest.mark.parametrize(("simulator", "kind"), [("icarus", "fst"), ("verilator", "vcd")])
def test_waves_are_left_where_asked_for(folder_of, simulator, kind):
    require_simulator(simulator)
    folder = folder_of("tiny")
    lmu_hw.simulate(folder, simulators=[simulator], max_cycles=2_000, waves=True)
    assert (folder / f"waves_{simulator}.{kind}").stat().st_size > 1_000


@pytest.mark.parametrize("theta", [None, 18.0])
def test_another_window_and_back_stay_equal(folder_of, builds, theta):
    require_simulator("icarus")
    options = {"max_cycles": 4_000, "theta": theta, "builds": builds}
    (result,) = simulate(folder_of("reloadable"), simulators=["icarus"], **options)
    assert result.passed, result
    assert result.coverage.resets["after coefficients were written"] > 3


def test_a_build_is_found_again(folder_of, builds):
    require_simulator("icarus")
    compiled = set()
    for seed in (0, 1):
        options = {"max_cycles": 1_000, "seed": seed, "builds": builds}
        (result,) = simulate(folder_of("tiny"), simulators=["icarus"], **options)
        assert result.passed, result
        compiled |= {(path, path.stat().st_mtime_ns) for path in builds.glob("*/build/sim.vvp")}
    assert len(compiled) == len(list(builds.glob("*/build/sim.vvp")))


def _equal(folder, builds, simulator, seed, max_cycles):
    options = {"seed": seed, "max_cycles": max_cycles, "builds": builds}
    (result,) = simulate(folder, simulators=[simulator], **options)
    assert result.passed, result
    assert result.words_compared > 100
    manifest = json.loads((folder / "manifest.json").read_text())
    assert result.cycles_per_step in (None, manifest["cycles_per_step"])
    (entry,) = json.loads((folder / "simulation.json").read_text())
    assert entry["words_compared"] == result.words_compared
