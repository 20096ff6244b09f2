# SPDX-License-Identifier: Apache-2.0
"""Stimuli: worst cases are worst, stalls are there, the user's data is whole where it fits."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.errors import NetworkError
from lmu_hw.golden import GoldenModel
from lmu_hw.proofs import quantized_memories, values
from lmu_hw.simulate.directed.goals import Goals
from lmu_hw.simulate.stimuli import BEFORE, DATA, STORM, Stall, data_sequences, few, stimuli


@pytest.fixture(scope="module")
def goals(design, plan):
    return Goals(design.network, plan)


@pytest.fixture
def make(design, goals):
    def call(x=None, *, steps=None, data_steps=None, seed=0):
        data = data_sequences(design.network, x, data_steps)
        return stimuli(design, goals, data, steps=steps, seed=seed, overflowing=())

    return call


def test_every_code_is_one_of_the_input(design, make):
    fmt = design.network.input.format
    for sequence in make():
        assert sequence.codes.shape[1] == design.network.inputs
        assert fmt.min_code <= sequence.codes.min() <= sequence.codes.max() <= fmt.max_code


@pytest.mark.parametrize("steps", [0, 1, 50, 120])
def test_steps_are_shared_among_the_stimuli(make, steps):
    others = (BEFORE, STORM, "short noise", "searched")
    made = [sequence for sequence in make(steps=steps) if sequence.name not in others]
    assert {len(sequence.codes) for sequence in made} == {max(2, steps // 36)}


def test_what_is_searched_for_takes_a_quarter_of_the_steps(make):
    lengths = [len(s.codes) for s in make(steps=400) if s.name == "searched"]
    assert 0 < sum(lengths) <= 100


def test_without_limit_every_memory_sees_its_window_twice(design, make):
    longest = max(len(s.codes) for s in make() if s.name not in (BEFORE, STORM, "searched"))
    assert longest == 16  # twice theta


def test_there_are_sequences_of_one_step(make):
    lengths = [len(sequence.codes) for sequence in make() if sequence.name == "short noise"]
    assert sorted(lengths) == sorted([1, 1, 2, 3] * 4)


def test_every_stall_is_there_full_load_comes_first_and_the_storm_last(make):
    stalls = [sequence.stall for sequence in make() if sequence.name != STORM]
    assert set(stalls) == {Stall.NONE, Stall.INPUT, Stall.OUTPUT, Stall.INPUT | Stall.OUTPUT}
    assert stalls == sorted(stalls)
    names = [sequence.name for sequence in make()]
    assert names[0] == BEFORE
    assert names[names.index(STORM) :] == [STORM] * names.count(STORM)


def test_the_same_seed_gives_the_same_stimuli(make):
    again = zip(make(seed=3), make(seed=3), strict=True)
    assert all(np.array_equal(a.codes, b.codes) and a.stall == b.stall for a, b in again)
    other = zip(make(seed=3), make(seed=4), strict=True)
    assert not all(np.array_equal(a.codes, b.codes) for a, b in other if a.name == "noise")


def test_sign_matched_inputs_reach_the_peaks_of_states(design, make):
    """The peak over all inputs is the sum of the magnitudes of a state's impulse response."""
    matched = {s.name: s.codes for s in make() if s.name.startswith("sign-matched")}
    memory = quantized_memories(design.network)[0]
    encoder = values(design.network.nodes[0], "x", delayed=False)
    assert encoder is not None and len(matched) == min(3, len(memory.B))
    fmt = design.network.input.format
    middle, swing = (fmt.max_code + fmt.min_code) / 2, (fmt.max_code - fmt.min_code) / 2
    drive = np.abs(encoder[0]).sum()
    for name, codes in matched.items():
        index = int(name.removeprefix("sign-matched m[").removesuffix("]"))
        power, peak = np.eye(len(memory.B)), 0.0
        state = np.zeros(len(memory.B))
        for code in codes:
            peak += abs((power @ memory.B)[index]) * drive * swing
            power = power @ memory.A
            state = memory.A @ state + memory.B * (encoder[0] @ (code - middle))
        assert np.isclose(abs(state[index]), peak, rtol=1e-9)  # float against float


def test_all_of_the_data_runs_without_limit(design, make):
    x = np.random.default_rng(0).uniform(-1, 1, (3, 5, 2))
    codes = [s.codes for s in make(x) if s.name == "input data"]
    assert np.array_equal(codes, GoldenModel(design.network).quantize_input(x))


@pytest.mark.parametrize(
    ("data_steps", "lengths"), [(15, [5, 5, 5]), (14, [5, 5]), (5, [5]), (4, [4]), (0, [2])]
)
def test_whole_sequences_run_or_the_start_of_the_first(make, data_steps, lengths):
    x = np.random.default_rng(0).uniform(-1, 1, (3, 5, 2))
    data = [s for s in make(x, data_steps=data_steps) if s.name == "input data"]
    assert [len(sequence.codes) for sequence in data] == lengths
    assert all(sequence.stall == Stall.NONE for sequence in data)


def test_data_of_a_wrong_shape_is_named_as_it_came(make):
    with pytest.raises(NetworkError, match=r"not \(3, 5, 1\)"):
        make(np.zeros((3, 5, 1)), data_steps=5)


def test_a_slow_simulator_keeps_the_data_some_stalls_and_a_storm(make):
    sequences = make(np.zeros((1, 5, 2)), steps=400, data_steps=None)
    chosen = few(sequences, 3)
    own = [sequence for sequence in chosen if sequence.name != DATA]
    assert len(chosen) == len(own) + 1
    assert {sequence.stall for sequence in own} == set(map(Stall, range(4)))
    assert 24 <= sum(len(s.codes) for s in own if s.name == STORM) < 30


def test_a_slow_simulator_runs_all_that_were_cut_to_fit(make):
    sequences = make(None, steps=100, data_steps=None)
    assert few(sequences, 100) == sequences
