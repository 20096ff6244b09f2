# SPDX-License-Identifier: Apache-2.0
"""Searching for inputs with which sums leave their formats: in few steps first, then in more.

What is near is tried more often. The search is bounded by what it computes, not by time, so that it
finds the same on every machine.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lmu_hw.simulate.directed.ascent import PASSES, Budget, GradientAscent, cost
from lmu_hw.simulate.directed.goals import NEVER, Goals
from lmu_hw.simulate.directed.starts import fitted, start_sequences

__all__ = ["overflowing_sequences"]

Codes = NDArray[np.int64]

_PRODUCTS = 16_000_000_000  # a few seconds
_PER_STEP = 4_000_000  # products for each step of the stimuli, so that short runs start soon
_LONGEST = 400  # steps of a sequence
_CLIMBERS = 32  # sequences that are changed together
_LENGTHS = 4  # each twice the one before
_STAGES = 4
_FEWEST_ROUNDS = 4  # for which there are products, or fewer sequences are changed
_ROUNDS, _MORE_ROUNDS = 8, 24  # of the lengths, and of what follows
_NEAREST = 4  # ends that are tried further
_WORTH = 0.01  # of the format: by how much longer sequences must come nearer


def overflowing_sequences(
    goals: Goals, *, longest: int, steps: int | None, seed: int
) -> list[Codes]:
    """Return sequences of which each leaves ends of sums that those before it do not.

    Parameters
    ----------
    goals : Goals
    longest : int
        Steps of a sequence, at most.
    steps : int or None
        Time steps of all stimuli together: the search is short where they are. None: no limit.
    seed : int
    """
    budget = Budget(_PRODUCTS if steps is None else min(_PRODUCTS, _PER_STEP * steps))
    longest = max(1, min(longest, _LONGEST))
    search = _Search(goals, longest, budget, np.random.default_rng(seed))
    lengths = sorted({max(longest >> shift, min(longest, 4)) for shift in range(_LENGTHS)})
    for number, length in enumerate(lengths):
        search.stage(
            length, _ROUNDS, len(goals.ends), budget.remaining // (len(lengths) + 1 - number)
        )
    for _ in range(_STAGES):
        search.stage(None, _MORE_ROUNDS, _NEAREST, budget.remaining)
    return search.reached


class _Search:
    """What was reached so far, and what came nearest to the rest."""

    def __init__(
        self, goals: Goals, longest: int, budget: Budget, random: np.random.Generator
    ) -> None:
        self.goals, self.random = goals, random
        self.ascent = GradientAscent(goals, budget, random)
        self.missing = list(range(len(goals.ends)))
        self.reached: list[Codes] = []
        nothing = np.zeros((longest, goals.network.inputs), np.int64)
        self._best = [(np.inf, nothing)] * len(goals.ends)
        self._tries = np.zeros(len(goals.ends), np.int64)
        codes = {node.name: 1 << node.requant.format.width for node in goals.network.nodes}
        self._codes = np.array([codes[end.node] for end in goals.ends])

    def stage(self, length: int | None, rounds: int, count: int, products: int) -> None:
        """Climb towards so many missing ends.

        Parameters
        ----------
        length : int or None
            Steps of the sequences; None: of the one that came nearest.
        rounds, count, products : int
            Of climbing, ends, and what may be computed.
        """
        ends_missing = sorted(self.missing, key=self._order)[:count]
        if not ends_missing or products <= 0:
            return
        if length is None:
            length = len(self._best[ends_missing[0]][1])
        calls = cost(self.goals, length, 0)
        each = max(1, cost(self.goals, length, 1) - calls)
        room = (products // (_FEWEST_ROUNDS * PASSES) - calls) // each
        climbers = min(max(room, 1), max(_CLIMBERS, len(ends_missing)))
        ends_missing = ends_missing[:climbers]
        ends = np.resize(ends_missing, max(len(ends_missing), min(climbers, _CLIMBERS)))
        self._tries[ends_missing] += 1
        codes, distance = self.ascent.climb(self._starts(ends, length), ends, rounds)
        for end, sequence, missing in zip(ends.tolist(), codes, distance.tolist(), strict=True):
            near = missing / self._codes[end]
            least, best = self._best[end]
            if near < least - (_WORTH if length > len(best) else 0.0):
                self._best[end] = near, sequence
        self._look(codes)

    def _order(self, end: int) -> tuple[int, float, int]:
        """Return what sorts ends: those tried least and nearest come first."""
        return int(self._tries[end]) // 2, self._best[end][0], end

    def _starts(self, ends: Codes, length: int) -> Codes:
        """Return for each end what came nearest to it, then constants, waves and noise."""
        network, starts, used = self.goals.network, [], set()
        others = start_sequences(network.inputs, network.input.format, length, self.random)
        for end in ends.tolist():
            if self._best[end][0] < np.inf and end not in used:
                starts.append(fitted(self._best[end][1][::-1], length)[::-1])
            else:
                starts.append(next(others))
            used.add(end)
        return np.stack(starts)

    def _look(self, codes: Codes) -> None:
        """Keep, of sequences, those that leave ends that are missing, until they leave the last."""
        first = self.goals.look(codes)[0]
        for sequence, steps in zip(codes, first, strict=True):
            new = [end for end in self.missing if steps[end] < NEVER]
            if new:
                self.reached.append(sequence[: steps[new].max() + 1])
                self.missing = [end for end in self.missing if end not in new]
