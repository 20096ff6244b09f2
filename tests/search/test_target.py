# SPDX-License-Identifier: Apache-2.0
"""What a part of the data says about all of it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from lmu_hw.errors import ConfigError, NetworkError
from lmu_hw.search.problem import Losses
from lmu_hw.search.target import AccuracyTarget, ErrorTarget, figures, target_of

ACCURATE = AccuracyTarget(share=Fraction("0.9"))


def losses(wrong=None, error=None) -> Losses:
    count = len(wrong if error is None else error)
    return Losses(
        wrong=np.zeros(count, np.int64) if wrong is None else np.array(wrong),
        error=np.zeros(count) if error is None else np.array(error),
    )


def test_the_budget_of_an_accuracy_is_exact(classifier):
    problem = classifier.problem()
    for share, allowed in (("0.95", 30), ("19/20", 30), ("0.9501", 29), ("1", 0)):
        assert AccuracyTarget(share=Fraction(share)).budget(problem) == allowed
    assert target_of(error=None, accuracy=0.95).budget(problem) == 30


def test_the_budget_of_an_error_is_relative_to_float(stream):
    problem = stream.problem()
    power = np.square(problem.floats).sum()
    assert ErrorTarget(limit=0.5).budget(problem) == pytest.approx(0.25 * power)


def test_the_hardest_sequences_come_first(classifier):
    problem = classifier.problem()
    ordered = problem.reordered(ACCURATE.order(problem))
    right = ordered.floats.argmax(axis=-1) == ordered.labels
    assert np.count_nonzero(~right) == 30
    assert not right[:30].any()
    at = np.arange(len(right))
    others = ordered.floats.copy()
    others[at, ordered.labels] = -np.inf
    margin = ordered.floats[at, ordered.labels] - others.max(axis=1)
    assert np.all(np.diff(margin) > -1e-8)


def test_every_beginning_of_the_data_is_spread_over_it(stream):
    order = ErrorTarget(limit=0.1).order(stream.problem())
    assert sorted(order) == list(range(600))
    for count in (10, 50, 250):
        gaps = np.diff(np.sort(order[:count]))
        assert gaps.max() <= 3 * 600 / count


def test_labels_and_answers_stay_with_their_sequences(classifier):
    problem = classifier.problem()
    order = ACCURATE.order(problem)
    ordered = problem.reordered(order)
    assert np.array_equal(ordered.x, problem.x[order])
    assert np.array_equal(ordered.labels, problem.labels[order])
    assert np.array_equal(ordered.floats, problem.floats[order])


def test_nothing_is_expected_of_an_accuracy_before_float_is_right_for_a_block(classifier):
    problem = classifier.problem()
    problem = problem.reordered(ACCURATE.order(problem))
    assert ACCURATE.total(losses([1] * 30 + [0] * 220), problem) == (30, np.inf)
    assert ACCURATE.total(losses([1] * 30 + [0] * 280), problem) == (30, 30)
    assert ACCURATE.total(losses([1] * 30 + [0] * 275 + [1] * 5), problem) == (35, 40)
    assert ACCURATE.total(losses([1] * 31 + [0] * 569), problem) == (31, 31)


def test_an_error_is_expected_within_three_standard_errors(stream):
    problem = stream.problem()
    target = ErrorTarget(limit=0.1)
    seen = np.random.default_rng(0).uniform(0.0, 2.0, 250)
    low, high = target.total(losses(error=seen), problem)
    middle = 600 * seen.mean()
    sigma = 600 * seen.std(ddof=1) / np.sqrt(250) * np.sqrt(1 - 250 / 600)
    assert (low, high) == pytest.approx((middle - 3 * sigma, middle + 3 * sigma))
    assert target.total(losses(error=[1.0]), problem) == (1.0, np.inf)
    assert target.total(losses(error=np.ones(600)), problem) == (600.0, 600.0)


def test_figures_without_labels_have_no_accuracy(stream):
    problem = stream.problem()
    found = figures(losses(error=np.zeros(600)), problem)
    assert (found.accuracy, found.float_accuracy, found.error) == (None, None, 0.0)


@pytest.mark.parametrize("share", ["0", "-0.5", "1.01", "95"])
def test_an_impossible_accuracy_is_refused(share):
    with pytest.raises(ConfigError, match="`target_accuracy` must be above 0 and at most 1"):
        AccuracyTarget(share=Fraction(share))


@pytest.mark.parametrize("limit", [0.0, -1.0, np.inf, np.nan, True, None, "much"])
def test_an_impossible_error_is_refused(limit):
    with pytest.raises(ConfigError, match="`target_error` must be (positive|a number such as)"):
        ErrorTarget(limit=limit)


@pytest.mark.parametrize("both", [(None, None), (0.1, 0.9)])
def test_one_target_must_be_given(both):
    with pytest.raises(ConfigError, match="exactly one of `target_error` and `target_accuracy`"):
        target_of(error=both[0], accuracy=both[1])


def test_an_accuracy_needs_class_labels(stream, classifier):
    targets = replace(classifier.problem(), labels=np.zeros((600, 3)))
    for problem in (stream.problem(), targets):
        with pytest.raises(NetworkError, match="`target_accuracy` needs class labels"):
            ACCURATE.check(problem)


def test_a_float_network_that_answers_zero_has_no_relative_error(stream):
    problem = replace(stream.problem(), floats=np.zeros((600, 6, 1)))
    with pytest.raises(
        NetworkError, match="the float network must answer something other than zero"
    ):
        ErrorTarget(limit=0.1).budget(problem)
    assert figures(losses(error=np.zeros(600)), problem).error is None
