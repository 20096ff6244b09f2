# SPDX-License-Identifier: Apache-2.0
"""Searches on real, small networks: what is found, how sure it is, and that nothing else moves."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import lmu_hw
from lmu_hw.errors import ConfigError, NetworkError
from lmu_hw.measure import measure
from lmu_hw.quantize import Options
from lmu_hw.search import (
    AccuracyTarget,
    Cost,
    ErrorTarget,
    Knob,
    Limits,
    Unreachable,
    WordLengths,
    Workers,
)
from lmu_hw.search.cost import costs_of
from lmu_hw.search.problem import block_losses, configured
from lmu_hw.search.run import search
from lmu_hw.search.target import figures, joined
from lmu_hw.search.trials import Verdict

ACCURACY = AccuracyTarget(share=Fraction("0.9"))
ERROR = ErrorTarget(limit=0.03)
SMALL = Limits(weight_bits=(5, 8), memory_bits=(6, 8), state_bits=(7, 9), activation_bits=(4, 6))


@pytest.fixture(scope="module")
def found(classifier, limits):
    """Search the classifier for an accuracy."""
    return search(
        classifier.network,
        classifier.calibration,
        classifier.x,
        classifier.labels,
        target=ACCURACY,
        options=Options(),
        limits=limits,
    )


def error_of(case, lengths: WordLengths) -> float:
    problem = case.problem()
    config = configured(problem, lengths)
    losses = [block_losses(problem, (config, start)) for start in problem.starts]
    return figures(joined(losses), problem).error


def test_the_design_reaches_the_target_as_a_report_measures_it(found, classifier):
    report = measure(found.design, classifier.x, classifier.labels)
    assert report.task.fixed_score >= 0.9
    assert report.task.fixed_score == found.figures.accuracy
    assert report.task.float_score == found.figures.float_accuracy == 0.95
    assert report.task.nrmse_to_float == pytest.approx(found.figures.error, rel=1e-6)


def test_the_options_give_the_same_design(found, classifier):
    options = {knob.value: found.lengths.get(knob) for knob in Knob}
    again = lmu_hw.quantize(classifier.network, classifier.calibration, **options)
    assert again.digest == found.design.digest
    assert WordLengths.of(found.options) == found.lengths


def test_every_neighbour_misses_when_it_is_measured_again(stream, limits):
    result = search(
        stream.network,
        stream.calibration,
        stream.x,
        None,
        target=ERROR,
        options=Options(),
        limits=limits,
    )
    assert result.figures.error == error_of(stream, result.lengths) <= 0.03
    narrower = limits.narrower(result.lengths)
    assert len(result.neighbours) == len(narrower) > 0
    for trial in result.neighbours:
        assert trial.certain and trial.verdict in (Verdict.MISSED, Verdict.INFEASIBLE)
    assert all(error_of(stream, lengths) > 0.03 for lengths in narrower)


@pytest.fixture(scope="module")
def everything(stream):
    """Every combination within `SMALL`, measured on one block."""
    ranges = {knob.value: range(SMALL.get(knob)[0], SMALL.get(knob)[1] + 1) for knob in Knob}
    return lmu_hw.sweep(stream.network, stream.x[:250], **ranges)


@pytest.mark.parametrize("cost", Cost)
def test_nothing_within_the_limits_reaches_an_error_at_less_cost(stream, everything, cost):
    result = lmu_hw.search(
        stream.network, stream.x[:250], target_error=0.05, limits=SMALL, cost=cost
    )
    costs = [p.costs.get(cost) for p in everything.points if p.task.nrmse_to_float <= 0.05]
    assert 0 < len(costs) < len(everything.points)
    assert result.costs.get(cost) == min(costs)


def test_processes_do_not_change_the_result(found, classifier, limits):
    again = search(
        classifier.network,
        classifier.calibration,
        classifier.x,
        classifier.labels,
        target=ACCURACY,
        options=Options(),
        limits=limits,
        workers=Workers(jobs=2),
    )
    assert again.lengths == found.lengths
    assert again.figures == found.figures
    assert again.history == found.history
    assert again.design.digest == found.design.digest


def test_a_word_length_that_is_given_is_not_searched(classifier):
    result = lmu_hw.search(
        classifier.network,
        classifier.x[:200],
        classifier.labels[:200],
        target_accuracy=0.9,
        weight_bits=7,
        state_bits=9,
        cost="coefficient-bits",
    )
    assert (result.lengths.weight_bits, result.lengths.state_bits) == (7, 9)
    assert result.limits.get(Knob.WEIGHT) == (7, 7)
    assert {trial.lengths.state_bits for trial in result.history} == {9}
    assert result.cost is Cost.COEFFICIENT_BITS


def test_the_default_design_is_priced_for_comparison(found, classifier):
    default = lmu_hw.quantize(classifier.network, classifier.calibration)
    assert found.default_costs == costs_of(default.network)
    assert found.costs.multiplier_area < found.default_costs.multiplier_area


def test_sequences_are_spread_over_the_data(classifier):
    result = lmu_hw.search(
        classifier.network, classifier.x, classifier.labels, target_accuracy=0.85, sequences=50
    )
    assert (result.sequences, result.sequences_given) == (50, 600)
    assert max(trial.sequences for trial in result.history) == 50


def test_a_target_that_cannot_be_reached_names_the_best_and_float(classifier, limits):
    message = (
        "an accuracy of at least 99 % cannot be reached: the widest word lengths, 9/9/10/7 bits, "
        r"give 9\d\.\d+ % \(float: 95 %\)"
    )
    with pytest.raises(Unreachable, match=message):
        search(
            classifier.network,
            classifier.calibration,
            classifier.x,
            classifier.labels,
            target=AccuracyTarget(share=Fraction("0.99")),
            options=Options(),
            limits=limits,
        )


def test_an_error_that_cannot_be_reached_names_the_best(stream, limits):
    with pytest.raises(Unreachable, match=r"an error of at most 1e-06 .* give an error of 0\.00"):
        search(
            stream.network,
            stream.calibration,
            stream.x,
            None,
            target=ErrorTarget(limit=1e-6),
            options=Options(),
            limits=limits,
        )


@pytest.mark.parametrize(("low", "high"), [(18, 20), (20, 21)])
def test_activations_come_down_until_there_is_a_design(stream, low, high):
    limits = Limits(
        weight_bits=(8, 8), memory_bits=(8, 8), state_bits=(9, 9), activation_bits=(low, high)
    )
    if low == 18:
        result = lmu_hw.search(stream.network, stream.x[:20], target_error=0.5, limits=limits)
        assert result.limits.activation_bits == (18, 19)
    else:
        with pytest.raises(ConfigError, match="there is no design with the widest words: .* tanh"):
            lmu_hw.search(stream.network, stream.x[:20], target_error=0.5, limits=limits)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (
            np.zeros(5, int),
            r"labels must be integers of shape \(600,\) .* of shape \(5,\)",
        ),
        (np.zeros((600, 3)), "`target_accuracy` needs class labels"),
        (np.full(600, 3), "class labels must be 0 to 2, not 3 to 3"),
        (None, "`target_accuracy` needs class labels"),
    ],
)
def test_labels_must_fit(classifier, labels, message):
    with pytest.raises(NetworkError, match=message):
        lmu_hw.search(classifier.network, classifier.x, labels, target_accuracy=0.9)


def test_at_least_one_sequence_must_be_run(classifier):
    with pytest.raises(ConfigError, match="`sequences` must be at least 1, not 0"):
        lmu_hw.search(classifier.network, classifier.x, target_error=0.1, sequences=0)
