# SPDX-License-Identifier: Apache-2.0
"""Sequences in pieces: each goes on from the state after the one before."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.golden import GoldenModel
from tests.random_networks import random_input
from tests.stateful import KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_pieces_answer_as_the_whole(kind):
    network = KINDS[kind][0]()
    golden = GoldenModel(network)
    x = random_input(np.random.default_rng(1), network, 2, 9)
    whole, trace = golden.resume(x)
    answers, state = [], None
    for piece in np.split(x, [1, 5], axis=1):
        y, part = golden.resume(piece, state)
        answers.append(y)
        state = part.state
    pieces = answers[-1] if network.answers_once else np.concatenate(answers, axis=1)
    assert np.array_equal(pieces, whole)
    assert {name: codes.tolist() for name, codes in state.items()} == {
        name: codes.tolist() for name, codes in trace.state.items()
    }


@pytest.mark.parametrize("kind", ["error feedback", "lstm", "two passes"])
def test_every_vector_of_a_state_matters(kind):
    network = KINDS[kind][0]()
    golden = GoldenModel(network)
    x = random_input(np.random.default_rng(1), network, 1, 9)
    state = golden.trace(x[:, :3]).state
    after = golden.trace(x[:, 3:], state)
    for name, codes in state.items():
        other = golden.trace(x[:, 3:], {**state, name: np.zeros_like(codes)})
        assert any(not np.array_equal(other.codes[n], after.codes[n]) for n in after.codes)


def test_a_state_is_of_each_sequence_in_every_chunk(monkeypatch):
    monkeypatch.setattr("lmu_hw.golden.model._CHUNK", 2)
    network = KINDS["dense, one multiplier"][0]()
    golden = GoldenModel(network)
    x = random_input(np.random.default_rng(1), network, 5, 6)
    _, first = golden.resume(x[:, :2])
    assert np.array_equal(golden.resume(x[:, 2:], first.state)[0], golden.resume(x)[0][:, 2:])


def test_zeros_are_the_state_before_the_first_step():
    network = KINDS["error feedback"][0]()
    golden = GoldenModel(network)
    x = random_input(np.random.default_rng(1), network, 2, 4)
    zeros = {name: np.zeros_like(codes) for name, codes in golden.trace(x).state.items()}
    assert np.array_equal(golden.resume(x, zeros)[0], golden.resume(x)[0])
