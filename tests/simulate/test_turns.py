# SPDX-License-Identifier: Apache-2.0
"""The order in which the steps of several streams are offered."""

from __future__ import annotations

import numpy as np

from lmu_hw.simulate.stimuli import STORM, Sequence, Stall
from lmu_hw.simulate.turns import in_order, turns_of


def _sequences():
    def of(steps, stall=Stall.NONE, name=""):
        return Sequence(name=name, codes=np.zeros((steps, 1), np.int64), stall=stall)

    both = Stall.INPUT | Stall.OUTPUT
    return [of(3), of(5), of(2), of(4, both), of(1, both), of(6, both), of(2, both, STORM)]


def test_one_stream_runs_one_sequence_after_the_other():
    turns = turns_of(_sequences(), 1, 0)
    expected = in_order(_sequences())
    assert (turns.sequence == expected.sequence).all() and (turns.step == expected.step).all()
    assert turns.sequence.tolist() == sorted(turns.sequence.tolist())


def test_every_step_comes_once_and_those_of_a_stream_in_order():
    turns = turns_of(_sequences(), 4, 3)
    assert len(set(zip(turns.sequence.tolist(), turns.step.tolist(), strict=True))) == 23
    for stream in range(4):
        own = turns.stream == stream
        places = turns.sequence[own] * 100 + turns.step[own]
        assert (np.diff(places) > 0).all()


def test_streams_take_turns_at_full_load():
    turns = turns_of(_sequences(), 4, 0)
    assert sorted(turns.stream[:3].tolist()) == turns.stream[:3].tolist()
    assert len(set(turns.stream[:3].tolist())) == 3


def test_what_is_driven_alike_stays_together():
    turns = turns_of(_sequences(), 2, 0)
    assert set(turns.sequence[:10].tolist()) == {0, 1, 2}
    assert set(turns.sequence[-2:].tolist()) == {6}
