# SPDX-License-Identifier: Apache-2.0
"""Resets cut a run into epochs from zero states; only what was under way may be missing."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.golden import GoldenModel
from lmu_hw.simulate.answers import wrong_last
from lmu_hw.simulate.epochs import epochs_of, expected_lasts, expected_words, pieces_of
from lmu_hw.simulate.stimuli import Sequence


@pytest.fixture
def sequences(design):
    fmt, random = design.network.input.format, np.random.default_rng(0)
    return [
        Sequence(name="", codes=random.integers(fmt.min_code, fmt.max_code, (steps, 2)))
        for steps in (4, 1, 3)
    ]


def test_sequences_are_cut_where_resets_were(sequences):
    pieces = pieces_of(sequences, [0, 2, 2, 6, 8])
    shown = [[(p.sequence, p.first, len(p.codes), p.ends) for p in epoch] for epoch in pieces]
    assert shown == [
        [],
        [(0, 0, 2, False)],
        [],
        [(0, 2, 2, True), (1, 0, 1, True), (2, 0, 1, False)],
        [(2, 1, 2, True)],
    ]


def expectations(design, plan, sequences, accepted, complete, counts):
    networks = [design.network] * len(accepted)
    epochs = epochs_of(sequences, accepted, complete, networks)
    return epochs, expected_words(epochs, plan, counts)


def test_every_epoch_begins_from_zero_states(design, plan, sequences):
    complete = [True, True]
    _, words = expectations(design, plan, sequences, [2, 8], complete, [[0] * 3] * 2)
    golden = GoldenModel(design.network)
    rest = sequences[0].codes[2:]
    mine = words[-1].sequence == 0
    answers = words[-1].words.code[mine].reshape(-1, design.network.output.size)
    first, second = (golden.run(x[None])[0][0] for x in (sequences[0].codes[:2], rest))
    assert np.array_equal(answers, np.concatenate([first, second]))
    assert words[-1].step[mine].tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


def test_of_an_epoch_that_was_under_way_only_what_there_is_is_expected(design, plan, sequences):
    _, words = expectations(design, plan, sequences, [4, 8], [False, True], [[7, 1, 0], [0] * 3])
    assert [int((part.sequence == 0).sum()) for part in words] == [7, 1, 0]


def test_of_an_epoch_that_was_done_every_word_is_expected(design, plan, sequences):
    _, words = expectations(design, plan, sequences, [4, 8], [True, True], [[0] * 3] * 2)
    sizes = [sum(node.signal.size for node in layer.layer.nodes) for layer in plan.layers]
    for part, size in zip(words, [*sizes, design.network.output.size], strict=True):
        assert int((part.sequence == 0).sum()) == 4 * size


def test_only_the_last_answer_of_a_sequence_is_marked(design, plan, sequences):
    epochs, _ = expectations(design, plan, sequences, [2, 8], [False, True], [[0] * 3] * 2)
    assert [expected_lasts(epoch) for epoch in epochs] == [
        [False, False],
        [False, True, True, False, False, True],
    ]
    answers = [f"0 {int(last)}" for epoch in epochs for last in expected_lasts(epoch)]
    assert wrong_last(epochs, [2, 6], answers) == ""
    answers[3] = "0 0"
    assert wrong_last(epochs, [2, 6], answers) == "m_axis_tlast of answer 3 must be 1, not 0"
