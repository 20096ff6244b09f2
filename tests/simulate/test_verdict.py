# SPDX-License-Identifier: Apache-2.0
"""Words of all places together: all are counted, and the earliest difference is named."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.simulate.scoreboard import Expectation, Words
from lmu_hw.simulate.verdict import _compare_all


def words(codes) -> Words:
    zeros = np.zeros(len(codes), np.int64)
    return Words(node=zeros, index=zeros, code=np.array(codes), known=np.ones(len(codes), np.bool_))


def expectation(name) -> Expectation:
    """Return four words of one place: two sequences of two steps."""
    return Expectation(
        names=[name],
        words=words([1, 2, 3, 4]),
        sequence=np.array([0, 0, 1, 1]),
        step=np.array([0, 1, 0, 1]),
    )


@pytest.mark.parametrize(
    ("first", "second", "count", "where"),
    [
        ([1, 2, 3, 4], [1, 2, 3, 4], 0, None),
        ([1, 2, 3, 9], [1, 9, 3, 4], 2, ("second", 0, 1)),
        ([1, 2, 9, 4], [1, 2, 3, 9], 2, ("first", 1, 0)),
        ([1, 9, 9, 4], [1, 9, 3, 4], 3, ("first", 0, 1)),
    ],
)
def test_the_first_mismatch_is_the_earliest_then_the_first_in_the_network(
    first, second, count, where
):
    expected = [expectation("first"), expectation("second")]
    compared, mismatches, mismatch = _compare_all(expected, [words(first), words(second)])
    assert (compared, mismatches) == (8, count)
    found = None if mismatch is None else (mismatch.node, mismatch.sequence, mismatch.step)
    assert found == where


def test_a_place_that_was_not_recorded_is_an_error():
    with pytest.raises(ValueError, match="zip"):
        _compare_all([expectation("first")], [])
