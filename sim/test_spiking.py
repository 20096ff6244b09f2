# SPDX-License-Identifier: Apache-2.0
"""The emitted Verilog of spiking memories: every word, with stalls, and mutated."""

from __future__ import annotations

import re

import pytest

from lmu_hw.simulate import Simulator
from lmu_hw.simulate.stimuli import Sequence, Stall
from lmu_hw.spiking.hardware import cycles_per_step, spiking_verilog
from lmu_hw.spiking.simulate import simulate_spiking
from tests.simulators import require_simulator
from tests.spiking_memories import full_scale, small

MEMORY, LANES = small(), 2
SEQUENCES = [
    Sequence(name="", codes=full_scale(16, int(stall))[:, None], stall=stall)
    for stall in map(Stall, range(4))
]
WORDS = 4 * 16 * 3 * 2  # sequences, steps, populations, state and spikes


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    return spiking_verilog(MEMORY, LANES, name="spiking")


def run(files: dict[str, str], simulator: str):
    chosen = Simulator(simulator)
    return simulate_spiking(MEMORY, LANES, SEQUENCES, simulator=chosen, files=files)


@pytest.mark.parametrize("simulator", ["icarus", "verilator"])
def test_every_word_is_that_of_the_golden_model(files, simulator):
    require_simulator(simulator)
    result = run(files, simulator)
    assert result.passed, result
    assert result.words_compared > WORDS  # resets cut more of them
    assert result.cycles_per_step == cycles_per_step(MEMORY, LANES)


def test_a_neuron_that_fires_when_equal_fails(files):
    require_simulator("icarus")
    text, count = re.subn(r"(spike_1 = .*) > ", r"\1 >= ", files["spiking.v"])
    assert count == 1
    result = run(files | {"spiking.v": text}, "icarus")
    assert not result.passed
    assert result.mismatches


def test_spikes_that_are_not_traced_are_wrong(files):
    require_simulator("icarus")
    text = re.sub(r"\btrace_valid\b", "traced", files["spiking.v"])
    text, count = re.subn(r"(wire traced;)", r"\1 wire trace_valid = 1'b0;", text)
    assert count == 1
    result = run(files | {"spiking.v": text}, "icarus")
    assert result.words_compared > WORDS
    assert result.mismatches >= WORDS // 2
    assert "took None" in result.failure


def test_answers_that_never_come_are_wrong(files):
    require_simulator("icarus")
    text, count = re.subn(r"(assign m_axis_tvalid =).*;", r"\1 1'b0;", files["spiking.v"])
    assert count == 1
    result = run(files | {"spiking.v": text}, "icarus")
    assert result.words_compared > WORDS
    assert result.mismatches >= WORDS // 2
