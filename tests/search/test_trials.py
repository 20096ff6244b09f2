# SPDX-License-Identifier: Apache-2.0
"""Verdicts on part of the data against the truth on all of it."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lmu_hw.search.pools import Workers, open_pool
from lmu_hw.search.prepare import silent
from lmu_hw.search.problem import block_losses, configured
from lmu_hw.search.target import AccuracyTarget, ErrorTarget, joined
from lmu_hw.search.trials import Judge, Verdict
from tests.search.cases import at

TARGETS = {
    "accuracy": AccuracyTarget(share=Fraction("0.85")),
    "error": ErrorTarget(limit=0.06),
}


@pytest.fixture(scope="module", params=TARGETS)
def judged(request, classifier):
    """A target, its problem, and a function that opens a judge on it."""
    target = TARGETS[request.param]
    problem = classifier.problem()
    problem = problem.reordered(target.order(problem))
    with open_pool(problem, Workers()) as pool:
        yield target, problem, lambda: Judge(problem, target, pool, silent)


@pytest.fixture(scope="module")
def some():
    """Word lengths from hopeless to ample."""
    random = np.random.default_rng(3)
    return [at(*bits) for bits in random.integers((3, 5, 5, 3), (9, 9, 10, 7), (16, 4)).tolist()]


def truly_met(target, problem, lengths) -> bool:
    config = configured(problem, lengths)
    losses = joined([block_losses(problem, (config, start)) for start in problem.starts])
    return bool(target.spent(losses) <= target.budget(problem))


def test_a_certain_verdict_is_the_one_on_all_data(judged, some):
    target, problem, judge = judged
    verdicts = judge().measure(some, certain=True)
    truth = [truly_met(target, problem, lengths) for lengths in some]
    assert [verdict is Verdict.MET for verdict in verdicts] == truth
    assert 0 < sum(truth) < len(truth)


def test_a_certain_miss_needs_less_than_all_data(judged, some):
    _, problem, make = judged
    judge = make()
    judge.measure(some, certain=True)
    missed = [trial for trial in judge.trials if trial.verdict is Verdict.MISSED]
    met = [trial for trial in judge.trials if trial.verdict is Verdict.MET]
    assert min(trial.sequences for trial in missed) < len(problem.x)
    assert {trial.sequences for trial in met} == {len(problem.x)}
    assert all(trial.certain for trial in judge.trials)


def test_what_is_said_to_be_certain_is_true(judged, some):
    target, problem, make = judged
    judge = make()
    judge.measure(some)
    for trial in judge.trials:
        if trial.certain:
            assert (trial.verdict is Verdict.MET) == truly_met(target, problem, trial.lengths)


def test_an_expected_verdict_can_be_made_certain(judged, some):
    _, _, make = judged
    judge, other = make(), make()
    judge.measure(some)
    assert judge.measure(some, certain=True) == other.measure(some, certain=True)
    assert [trial.verdict for trial in judge.trials] == [trial.verdict for trial in other.trials]


def test_more_data_can_be_demanded(judged, some):
    _, problem, make = judged
    judge = make()
    judge.measure(some)
    for _ in range(3):
        judge.demand_more()
    judge.measure(some)
    expected = [trial for trial in judge.trials if not trial.certain]
    assert {trial.sequences for trial in expected} <= {len(problem.x)}


def test_nothing_is_measured_twice(judged, some):
    _, _, make = judged
    judge = make()
    calls = []
    run = judge.pool.run

    class Counting:
        def run(self, task, work):
            calls.extend(work)
            return run(task, work)

    judge.pool = Counting()
    judge.measure(some)
    count = len(calls)
    judge.measure(some)
    assert len(calls) == count


def test_word_lengths_without_a_design_say_why(judged):
    _, _, make = judged
    judge = make()
    assert judge.measure([at(6, 8, 8, 20)]) == [Verdict.INFEASIBLE]
    (trial,) = judge.trials
    assert "must have at most 20 address bits" in trial.reason
    assert (trial.sequences, trial.certain) == (0, True)
    with pytest.raises(ValueError, match="there is no design with the word lengths 6/8/8/20"):
        judge.config(at(6, 8, 8, 20))
