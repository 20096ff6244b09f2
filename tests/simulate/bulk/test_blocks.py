# SPDX-License-Identifier: Apache-2.0
"""What runs in bulk: as many steps as asked for, every pattern, bounded blocks, the user's data."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.sequences import Sequences
from lmu_hw.simulate.bulk import blocks
from lmu_hw.simulate.bulk.blocks import drives, largest_block
from lmu_hw.simulate.stimuli import Stall


def run(design, steps, *, longest=40, seed=0, data=None):
    return list(drives(design.network, steps, longest=longest, seed=seed, data=data))


def test_streams_share_sequences_of_two_lengths(design):
    made = list(drives(design.network, 4_000, longest=40, seed=0, data=None, streams=8))
    assert len(set(made[0].lengths)) == 1 and len(set(made[1].lengths)) == 2
    for drive in made:
        counts = np.bincount(drive.streams, minlength=8)
        assert len(drive.streams) == len(drive.lengths)
        assert counts.min() >= 1 and counts.max() - counts.min() <= 1


def test_few_sequences_of_the_user_still_reach_every_stream(design):
    data = np.zeros((2, 30, 2), np.int64)
    made = list(drives(design.network, 1, longest=30, seed=0, data=Sequences.of(data), streams=4))
    assert sorted(made[0].streams) == [0, 1, 2, 3]


def steps_of(drive) -> int:
    return sum(drive.lengths)


@pytest.mark.parametrize("steps", [1, 3, 1_000, 50_000])
def test_as_many_steps_run_as_asked_for_and_few_more(design, steps):
    assert steps <= sum(map(steps_of, run(design, steps))) < steps + 40


def test_a_round_has_every_pattern_and_mostly_full_load(design):
    made = run(design, 10_000)
    assert [drive.stall for drive in made] == [*map(Stall, range(4)), Stall(3)]
    assert steps_of(made[0]) >= 8_000
    assert [bool(drive.resets) for drive in made] == [False, False, False, True, True]
    assert made[-1].parts[0].shape[1] <= 4


def test_codes_reach_both_ends_of_the_format_and_come_from_the_seed(design):
    fmt = design.network.input.format
    first, again, other = (run(design, 5_000, seed=seed)[0].parts[0] for seed in (1, 1, 2))
    assert (first.min(), first.max()) == (fmt.min_code, fmt.max_code)
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_blocks_are_bounded_whatever_the_steps(design, monkeypatch):
    monkeypatch.setattr(blocks, "_BYTES", 100_000)
    most = largest_block(design.network)
    made = run(design, 20 * most)
    assert len(made) > 50
    assert max(map(steps_of, made)) <= most


def test_the_users_sequences_run_over_and_over(design):
    data = np.arange(3 * 5 * 2).reshape(3, 5, 2) % 50
    made = run(design, 100, data=Sequences.of(data))
    full = [drive for drive in made if drive.parts[0].shape[1] == 5]
    sequences = np.concatenate([drive.parts[0] for drive in full])
    assert np.array_equal(sequences, data[np.arange(len(sequences)) % 3])
    assert sum(map(steps_of, made)) >= 100


def test_sequences_that_are_longer_than_a_block_are_cut(design, monkeypatch):
    monkeypatch.setattr(blocks, "_BYTES", 10_000)
    most = largest_block(design.network)
    data = np.arange(2 * (3 * most + 1)).reshape(1, -1, 2) % 50
    made = run(design, 4 * most, data=Sequences.of(data))
    assert max(map(steps_of, made)) <= most
    parts = np.concatenate([drive.parts[0] for drive in made if drive.parts[0].shape[1] == most])
    ends = [0, most, 2 * most, 2 * most + 1]
    assert len(parts) >= 4
    for part, start in zip(parts, ends, strict=False):
        assert np.array_equal(part, data[0, start : start + most])


def test_sequences_of_their_own_lengths_stay_apart(design):
    given = [np.full((length, 2), length) for length in (7, 3, 7, 4)]
    (drive, *_) = run(design, 60, data=Sequences.of(given))
    assert {part.shape[1] for part in drive.parts} <= {3, 4, 7}
    assert all((part == part.shape[1]).all() for part in drive.parts)
    assert sorted(set(drive.lengths)) == [3, 4, 7]
