# SPDX-License-Identifier: Apache-2.0
"""Resets: of one cycle mostly, at every point of a step, and coefficients between them."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.simulate.coefficient_sets import CoefficientSet, Since
from lmu_hw.simulate.job import Offer, When
from lmu_hw.simulate.resets import resets_of, writes_of, written_after
from lmu_hw.simulate.stimuli import STORM, Sequence


@pytest.fixture
def sequences():
    codes = np.zeros((2, 1), np.int64)
    return [Sequence(name="noise", codes=codes)] * 4 + [Sequence(name=STORM, codes=codes)] * 80


def resets(sequences, sets=()):
    return resets_of(sequences, cycles_per_step=30, layers=2, sets=list(sets), seed=0)


def test_the_first_two_are_at_power_up_and_within_the_first_step(sequences):
    first, second, *_ = resets(sequences)
    assert (first.after, first.length) == (0, 1)
    assert (second.after, second.length) == (3, 1)
    assert 0 < second.delay < 60


def test_the_storm_finds_everything_computed_that_came_before(sequences):
    third = resets(sequences)[2]
    assert (third.after, third.when) == (8, When.IDLE)


def test_delays_are_spread_over_the_way_of_a_beat(sequences):
    delays = [reset.delay for reset in resets(sequences)[2:] if reset.when is When.ANY]
    assert len(set(delays)) > len(delays) * 3 // 4
    assert min(delays) < 27 and max(delays) > 81


def test_every_kind_of_reset_and_offer_is_there(sequences):
    storm = resets(sequences)[2:]
    assert {reset.when for reset in storm} == set(When) - {When.WRITING}
    assert {reset.offer for reset in storm} == set(Offer)
    assert {reset.length for reset in storm} == {1, 3}


def test_coefficients_are_written_after_two_resets_and_in_the_storm_with_one_between(sequences):
    words = {Since.POWER_UP: [], Since.CALM: [(0, 5)], Since.STORM: [(0, 6), (1, 7)]}
    sets = [CoefficientSet(network=None, words=w, since=since) for since, w in words.items()]
    made = resets(sequences, sets)
    (within,) = [number for number, reset in enumerate(made) if reset.when is When.WRITING]
    assert made[within - 1].offer is Offer.NOTHING
    assert made[within - 1].after == made[within].after
    assert written_after(sets, made) == [0, 2, within]
    assert writes_of(sets, made) == [(2, 0, 5), (within, 0, 6), (within, 1, 7)]


def test_without_a_storm_there_are_two(sequences):
    assert len(resets(sequences[:4])) == 2
