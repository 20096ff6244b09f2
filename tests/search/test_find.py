# SPDX-License-Identifier: Apache-2.0
"""The search itself, on made-up errors: what it finds is what trying everything finds."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.search.cost import Cost
from lmu_hw.search.find import Finder, Unreachable
from lmu_hw.search.lengths import Limits, WordLengths
from lmu_hw.search.trials import Trial, Verdict
from tests.search.cases import at, ranks

LIMITS = Limits(
    weight_bits=(2, 10), memory_bits=(4, 10), state_bits=(4, 11), activation_bits=(3, 9)
)


class FakeJudge:
    """Knows at once which word lengths meet the target; expected verdicts may be wrong."""

    def __init__(self, met, expected=None) -> None:
        self.met, self.expected = met, expected or met
        self.runs: dict[WordLengths, tuple[bool, bool]] = {}

    def measure(self, asked, *, certain=False):
        for lengths in asked:
            if lengths not in self.runs or not self.runs[lengths][1]:
                truth = (self.met if certain else self.expected)(lengths)
                self.runs[lengths] = (truth, certain)
        return [Verdict.MET if self.runs[one][0] else Verdict.MISSED for one in asked]

    def demand_more(self) -> None:
        self.expected = self.met

    @property
    def trials(self):
        return tuple(
            Trial(
                lengths=lengths,
                verdict=Verdict.MET if met else Verdict.MISSED,
                certain=certain,
                sequences=0,
                reason=None,
            )
            for lengths, (met, certain) in self.runs.items()
        )


class FakeModel:
    """Ranks by a weighted sum of widths."""

    def __init__(self, *weights: int) -> None:
        self.weights = weights

    def ranks(self, grid, cost):
        return ranks(grid, self.weights)


def noise_of(seed: int):
    """Return a target on the sum of four errors, each a quarter for each bit more."""
    scale = 4.0 ** np.random.default_rng(seed).uniform(2.5, 8.0, 4)
    return lambda lengths: bool(np.sum(scale * 4.0 ** -np.array(lengths.bits)) <= 1.0)


def brute_force(met, ranking):
    grid = LIMITS.grid()
    good = [index for index, bits in enumerate(grid.tolist()) if met(at(*bits))]
    return at(*grid[min(good, key=lambda index: ranking[index])].tolist()) if good else None


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("weights", [(9, 6, 1, 3), (0, 0, 5, 2), (1, 1, 1, 1)])
def test_the_cheapest_is_found_if_wider_is_never_worse(seed, weights):
    met = noise_of(seed)
    judge = FakeJudge(met)
    found = Finder(judge, LIMITS, FakeModel(*weights), Cost.STATE_BITS).find()
    assert found == brute_force(met, ranks(LIMITS.grid(), weights))
    assert len(judge.runs) < 70 < len(LIMITS.grid())


@pytest.mark.parametrize("seed", range(6))
def test_what_is_found_meets_the_target_and_no_knob_can_be_narrower(seed):
    """Whatever the errors are like: here a tenth of all word lengths answers at random."""
    met = noise_of(seed)

    def noisy(lengths: WordLengths) -> bool:
        random = np.random.default_rng([seed, *lengths.bits])
        return met(lengths) ^ bool(random.random() < 0.1 and lengths != LIMITS.widest)

    found = Finder(FakeJudge(noisy), LIMITS, FakeModel(3, 2, 1, 1), Cost.STATE_BITS).find()
    assert noisy(found)
    assert not any(map(noisy, LIMITS.narrower(found)))


@pytest.mark.parametrize("seed", range(4))
def test_wrong_expectations_cost_time_and_nothing_else(seed):
    met = noise_of(seed)

    def hopeful(lengths: WordLengths) -> bool:
        return met(at(*(bits + 1 for bits in lengths.bits)))

    judge = FakeJudge(met, hopeful)
    finder = Finder(judge, LIMITS, FakeModel(2, 2, 1, 1), Cost.STATE_BITS)
    found = finder.find()
    assert met(found)
    assert judge.runs[found] == (True, True)
    assert all(judge.runs[narrower] == (False, True) for narrower in LIMITS.narrower(found))


def test_the_same_search_takes_the_same_way():
    ways = []
    for _ in range(2):
        judge = FakeJudge(noise_of(1))
        Finder(judge, LIMITS, FakeModel(1, 2, 3, 4), Cost.STATE_BITS).find()
        ways.append(list(judge.runs))
    assert ways[0] == ways[1]


@pytest.mark.parametrize("certain", [False, True])
def test_a_target_beyond_the_widest_is_refused(certain):
    judge = FakeJudge(lambda _: False, lambda _: certain)
    finder = Finder(judge, LIMITS, FakeModel(1, 1, 1, 1), Cost.STATE_BITS)
    with pytest.raises(Unreachable, match="the widest word lengths, 10/10/11/9 bits, do not"):
        finder.find()


def test_a_knob_that_is_given_is_not_turned():
    limits = Limits(
        weight_bits=(7, 7), memory_bits=(4, 10), state_bits=(9, 9), activation_bits=(3, 9)
    )
    judge = FakeJudge(lambda lengths: lengths.memory_bits >= 6)
    found = Finder(judge, limits, FakeModel(1, 1, 1, 1), Cost.STATE_BITS).find()
    assert found.bits == (7, 6, 9, 3)
    assert {(one.weight_bits, one.state_bits) for one in judge.runs} == {(7, 9)}
