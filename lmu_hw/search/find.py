# SPDX-License-Identifier: Apache-2.0
"""The cheapest word lengths that reach a target.

It is assumed that a wider word is never worse. Word lengths are then *ruled out* if they are in no
knob wider than others that missed the target, and *redundant* if they are in no knob narrower than
others that met it. What remains open is measured from the middle, so that each trial settles about
half of it. What comes out is checked on all sequences, and so is each of its neighbours that is
narrower by one bit: that part of the answer rests on no assumption.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import ConfigError
from lmu_hw.search.cost import Cost, CostModel
from lmu_hw.search.lengths import Knob, Limits, WordLengths
from lmu_hw.search.trials import Judge, Verdict

__all__ = ["Finder", "Unreachable"]

_AT_ONCE = 4  # trials that do not wait for each other; fixed, so that results are


class Unreachable(ConfigError):
    """Not even the widest word lengths reach the target."""


class Finder:
    """Finds the cheapest word lengths that reach a target.

    Parameters
    ----------
    judge : Judge
    limits : Limits
        Where to look; `limits.widest` must be feasible.
    model : CostModel
    cost : Cost
        What to make small.
    """

    def __init__(self, judge: Judge, limits: Limits, model: CostModel, cost: Cost) -> None:
        self.judge, self.limits = judge, limits
        self._bounds = limits.narrowest
        self._grid = limits.grid()
        self._ranks = model.ranks(self._grid, cost)
        self._index = {bits: number for number, bits in enumerate(map(tuple, self._grid.tolist()))}

    def find(self) -> WordLengths:
        """Return the cheapest word lengths that reach the target on all sequences.

        Raises
        ------
        Unreachable
            If the widest do not.
        """
        widest = self.limits.widest
        if self.judge.measure([widest]) == [Verdict.MET]:
            self._bounds = self._lower_bounds()
            self._rise(self._bounds)
            while (best := self._best()) is not None:
                if self.judge.measure([best]) != [Verdict.MET]:
                    continue  # it was expected to, on less data than is asked for by now
                if batch := self._open_below(best):
                    self.judge.measure(batch)
                elif self.judge.measure([best], certain=True) != [Verdict.MET]:
                    self.judge.demand_more()
                elif not (
                    self._any_met(self.limits.narrower(best))
                    or self._any_met(self._much_narrower(best))
                ):
                    return best
        raise Unreachable(f"the widest word lengths, {widest} bits, do not reach the target")

    def _much_narrower(self, lengths: WordLengths) -> list[WordLengths]:
        """Return what is narrower in one knob, down to what does while all others are widest.

        If wider words were never worse, none of these could meet the target where no neighbour
        does; but an accuracy near its target goes up and down by chance.
        """
        return [
            lengths.turned(knob, bits)
            for knob in Knob
            for bits in range(self._bounds.get(knob), lengths.get(knob) - 1)
        ]

    def _any_met(self, candidates: list[WordLengths]) -> bool:
        return Verdict.MET in self.judge.measure(candidates, certain=True)

    def _lower_bounds(self) -> WordLengths:
        """Return the narrowest width of each knob that does while all others are widest."""
        widest = self.limits.widest
        low = {knob: self.limits.get(knob)[0] for knob in Knob}
        high = {knob: self.limits.get(knob)[1] for knob in Knob}
        while searched := [knob for knob in Knob if low[knob] < high[knob]]:
            middle = {knob: (low[knob] + high[knob]) // 2 for knob in searched}
            verdicts = self.judge.measure(
                [widest.turned(knob, bits) for knob, bits in middle.items()]
            )
            for knob, verdict in zip(searched, verdicts, strict=True):
                if verdict is Verdict.MET:
                    high[knob] = middle[knob]
                else:
                    low[knob] = middle[knob] + 1
        return WordLengths(**{knob.value: high[knob] for knob in Knob})

    def _rise(self, bounds: WordLengths) -> None:
        """Widen all knobs together until the target is met: a first answer to improve on."""
        widest, lengths = self.limits.widest, bounds
        while self.judge.measure([lengths]) != [Verdict.MET] and lengths != widest:
            for knob in Knob:
                bits = min(lengths.get(knob) + 1, widest.get(knob))
                lengths = lengths.turned(knob, bits)

    def _best(self) -> WordLengths | None:
        """Return the cheapest word lengths that met the target, as far as is known."""
        met = [t.lengths for t in self.judge.trials if t.verdict is Verdict.MET]
        return min(met, key=lambda lengths: self._ranks[self._index[lengths.bits]], default=None)

    def _open_below(self, best: WordLengths) -> list[WordLengths]:
        """Return what to try next of the open word lengths that are cheaper.

        The middle one by cost, and others that its verdict says nothing about.
        """
        undecided = self._ranks < self._ranks[self._index[best.bits]]
        for trial in self.judge.trials:
            undecided &= ~_settled(self._grid, trial.lengths, trial.verdict)
        numbers = np.nonzero(undecided)[0]
        numbers = numbers[np.argsort(self._ranks[numbers])]
        batch = []
        while len(numbers) and len(batch) < _AT_ONCE:
            bits = self._grid[numbers[(len(numbers) - 1) // 2]]
            batch.append(WordLengths(**{k.value: int(b) for k, b in zip(Knob, bits, strict=True)}))
            rest = self._grid[numbers]
            related = (rest >= bits).all(axis=1) | (rest <= bits).all(axis=1)
            numbers = numbers[~related]
        return batch


def _settled(grid: NDArray[np.int64], lengths: WordLengths, verdict: Verdict) -> NDArray[np.bool_]:
    """Say which word lengths need no trial, given one that met the target or did not."""
    bits = np.array(lengths.bits)
    wider = grid >= bits if verdict is Verdict.MET else grid <= bits
    return np.all(wider, axis=1)
