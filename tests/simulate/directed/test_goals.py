# SPDX-License-Identifier: Apache-2.0
"""Goals: what bounds exclude is none, what a sequence reaches is what the golden model does."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.golden import GoldenModel
from lmu_hw.network import Table
from lmu_hw.simulate.directed.coverage_set import covering_sequences
from lmu_hw.simulate.directed.goals import NEVER, Goals
from lmu_hw.simulate.directed.overflows import overflowing_sequences
from tests import networks
from tests.plans import fastest_plan


@pytest.fixture(scope="module")
def narrow():
    return networks.quantized(
        networks.network(order=3, theta=8.0, units=3, inputs=2, dense=2, hidden_to_memory=True),
        weight_bits=6,
        state_bits=8,
        activation_bits=6,
        narrower=1,
        memory_bits=10,
    )


@pytest.fixture(scope="module")
def goals(narrow, module_plan):
    return Goals(narrow, module_plan)


@pytest.fixture(scope="module")
def module_plan(narrow):
    return fastest_plan(narrow, 4)


@pytest.fixture(scope="module")
def noise(narrow):
    fmt, random = narrow.input.format, np.random.default_rng(0)
    return random.integers(fmt.min_code, fmt.max_code, (4, 30, narrow.inputs), endpoint=True)


def test_an_end_is_left_where_the_golden_model_counts_an_overflow(narrow, goals, noise):
    for codes in noise:
        trace = GoldenModel(narrow).trace(codes[None])
        first, _ = goals.look(codes[None])
        for node in narrow.nodes:
            mine = [n for n, end in enumerate(goals.ends) if end.node == node.name]
            assert (first[0, mine] < NEVER).any() == (trace.overflows[node.name] > 0)


def test_entries_are_read_at_the_step_of_the_golden_model(narrow, goals, noise):
    trace = GoldenModel(narrow).trace(noise).codes
    first, _ = goals.look(noise)
    for node in narrow.nodes:
        if isinstance(getattr(node, "activation", None), Table):
            entries = goals.tables[node.name]
            entering = trace[node.pre_activation]
            for entry in range(entries.count):
                steps = np.zeros(entering.shape[:2], np.bool_)
                for part in entries.read:
                    steps |= (part[entering - entries.low] == entry).any(axis=2)
                want = np.where(steps.any(axis=1), steps.argmax(axis=1), NEVER)
                assert np.array_equal(first[:, entries.first + entry], want)


def test_distances_are_at_most_0_where_an_end_is_left(goals, noise):
    first, distance = goals.look(noise)
    assert np.array_equal(distance <= 0, first[:, : len(goals.ends)] < NEVER)


def test_the_search_reaches_more_than_noise_in_as_many_steps(narrow, goals, noise):
    sequences = covering_sequences(goals, [], steps=120, length=40, seed=0)
    assert sum(map(len, sequences)) <= 120
    searched = np.any([(goals.look(one[None])[0] < NEVER)[0] for one in sequences], axis=0)
    ends = len(goals.ends)
    assert searched[:ends].sum() >= (goals.look(noise)[0] < NEVER).any(axis=0)[:ends].sum()
    assert searched[:ends].sum() > ends // 2
    fmt = narrow.input.format
    assert all(fmt.min_code <= one.min() and one.max() <= fmt.max_code for one in sequences)


def test_no_steps_are_no_sequences(goals):
    assert covering_sequences(goals, [], steps=0, length=5, seed=0) == []


def test_slopes_leave_ends_that_waves_and_their_changes_do_not():
    network = networks.quantized(
        networks.network(layers=2, order=6, theta=16.0, units=4, dense=2, hidden_to_memory=True),
        weight_bits=8,
        state_bits=10,
        activation_bits=7,
        narrower=1,
        memory_bits=10,
    )
    goals = Goals(network, fastest_plan(network, 4))

    def left(sequences: list[np.ndarray]) -> int:
        firsts = [goals.look(codes[None])[0][0, : len(goals.ends)] for codes in sequences]
        return int((np.stack(firsts) < NEVER).any(axis=0).sum())

    assert left(covering_sequences(goals, [], steps=10_000, length=48, seed=0)) < len(goals.ends)
    assert left(overflowing_sequences(goals, longest=48, steps=None, seed=0)) == len(goals.ends)


def test_the_search_is_the_same_every_time(goals):
    first, again = (overflowing_sequences(goals, longest=32, steps=50, seed=0) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


def test_every_sequence_that_leaves_ends_leaves_one_at_its_last_step(goals):
    for one in overflowing_sequences(goals, longest=32, steps=None, seed=0):
        first = goals.look(one[None])[0][0, : len(goals.ends)]
        assert (first == len(one) - 1).any()


def test_without_steps_nothing_is_searched(goals):
    assert overflowing_sequences(goals, longest=32, steps=0, seed=0) == []
