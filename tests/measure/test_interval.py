# SPDX-License-Identifier: Apache-2.0
"""Intervals of scores."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binomtest

from lmu_hw.measure.interval import FEWEST, accuracy_interval, nrmse_interval, share_interval


@pytest.mark.parametrize(("right", "count"), [(0, 5), (3, 7), (488, 500), (500, 500), (1, 1)])
def test_it_is_wilson_s(right, count):
    expected = binomtest(right, count).proportion_ci(method="wilson")
    assert share_interval(right / count, count) == pytest.approx(tuple(expected), abs=1e-12)


@pytest.mark.parametrize(("count", "spread"), [(FEWEST, 0.3), (16, 0.3), (30, 1.0)])
def test_an_nrmse_of_more_sequences_is_mostly_within(count, spread):
    random = np.random.default_rng(0)
    truth = math.sqrt(math.exp(spread**2 / 2))
    within = 0
    for _ in range(500):
        errors = random.lognormal(0.0, spread, count)
        low, high = nrmse_interval(errors, random.gamma(8.0, 1 / 8, count))
        within += low <= truth <= high
    assert within >= 0.88 * 500


def test_answers_of_one_sequence_are_not_independent():
    right = np.repeat([100.0, 0.0], 10)  # 2,000 answers, all alike within each of 20 sequences
    low, high = accuracy_interval(right, np.full(len(right), 100.0))
    assert (low, high) == pytest.approx((0.28, 0.72), abs=0.02)
    narrow = share_interval(0.5, 2000)
    assert high - low > 9 * (narrow[1] - narrow[0])


def test_answers_that_vary_like_independent_ones_count_each():
    right = np.random.default_rng(1).binomial(100, 0.7, 400).astype(float)
    low, high = accuracy_interval(right, np.full(len(right), 100.0))
    assert high - low == pytest.approx(np.diff(share_interval(0.7, 40_000))[0], rel=0.15)


def test_one_answer_a_sequence_is_wilson_s_rounded():
    assert accuracy_interval(np.array([1.0, 1.0, 0.0]), np.ones(3)) == pytest.approx(
        share_interval(2 / 3, 3), rel=1e-8
    )


@pytest.mark.parametrize(
    ("errors", "powers"), [([1.0] * (FEWEST - 1), [2.0] * (FEWEST - 1)), ([0.0] * 9, [1.0] * 9),
                           ([1.0] * 9, [0.0] * 9)]
)  # fmt: skip
def test_where_there_is_no_interval(errors, powers):
    assert nrmse_interval(np.array(errors), np.array(powers)) is None


def test_few_sequences_of_many_answers_have_none():
    assert accuracy_interval(np.array([3.0] * (FEWEST - 1)), np.full(FEWEST - 1, 9.0)) is None


def test_sequences_of_their_own_lengths_weigh_by_their_answers():
    random = np.random.default_rng(0)
    answers = random.integers(1, 50, 400).astype(float)
    right = random.binomial(answers.astype(int), 0.8).astype(float)
    low, high = accuracy_interval(right, answers)
    share, count = right.sum() / answers.sum(), answers.sum()
    alone = share_interval(share, count)  # all answers independent, as these are
    assert low < share < high
    assert high - low == pytest.approx(alone[1] - alone[0], rel=0.15)
    none = np.append(answers, 0.0), np.append(right, 0.0)
    assert accuracy_interval(none[1], none[0]) == (low, high)
