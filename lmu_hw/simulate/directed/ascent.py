# SPDX-License-Identifier: Apache-2.0
"""Making inputs grow a sum until it leaves its format: from slopes to codes.

Gradients say to which end of its format each input should go, but only for small steps. So all of
them go there, the half that moves the sum most, a quarter, and so on; the golden model says which
of these came nearest, and the next slopes are taken there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lmu_hw.golden import Trace
from lmu_hw.network import MemoryNode
from lmu_hw.simulate.directed.goals import NEVER, Goals
from lmu_hw.simulate.directed.gradients import Gradients

__all__ = ["PASSES", "Budget", "GradientAscent", "cost"]

Codes = NDArray[np.int64]

_SHARES = (1.0, 0.5, 0.25, 0.12, 0.06, 0.03, 0.01)  # of the inputs that go where slopes point
_SHAKEN = 0.3  # of the inputs of a sequence from which nothing came nearer, at most
_CALL = 80_000  # products in the time of one node's calls
_SLOPES = 3  # passes in the time of one pass backwards
PASSES = len(_SHARES) + 1 + _SLOPES
"""Passes over the sequences in a round, in time."""


class Budget:
    """What may be computed, in products: the same on every machine.

    Parameters
    ----------
    products : int
    """

    def __init__(self, products: int) -> None:
        self.remaining = products

    def spend(self, goals: Goals, steps: int, sequences: int) -> None:
        """Take off what a pass of the golden model costs."""
        self.remaining -= cost(goals, steps, sequences)


def cost(goals: Goals, steps: int, sequences: int) -> int:
    """Return what a pass of the golden model costs, in products."""
    nodes = goals.network.nodes
    products = sum(node.multiplications for node in nodes)
    # A structured memory computes one state after the other.
    calls = sum(1 + (node.rows // 4 if isinstance(node, MemoryNode) else 0) for node in nodes)
    return steps * (calls * _CALL + sequences * products)


class GradientAscent:
    """Changes sequences until sums leave the ends of their formats.

    Parameters
    ----------
    goals : Goals
    budget : Budget
    random : numpy.random.Generator
    """

    def __init__(self, goals: Goals, budget: Budget, random: np.random.Generator) -> None:
        self.goals, self.budget, self._random = goals, budget, random
        self._slopes = Gradients(goals.network)
        self._sizes = {node.name: node.signal.size for node in goals.network.nodes}

    def climb(self, codes: Codes, ends: Codes, rounds: int) -> tuple[Codes, Codes]:
        """Return for each sequence the one that came nearest to an end at its last step.

        Parameters
        ----------
        codes : (sequences, steps, inputs) int64
        ends : (sequences,) int64
            Number of the end that each sequence is to leave; those left no longer change.
        rounds : int
            Most of them.

        Returns
        -------
        codes : (sequences, steps, inputs) int64
        distance : (sequences,) int64
            How many codes are missing to leave the end; at most 0 if it is left.
        """
        every = np.arange(len(codes))
        distance, nearest, trace = self._at_last(codes)
        best, least = codes, distance[every, ends]
        for _ in range(rounds):
            missing = least > 0
            if not missing.any() or self.budget.remaining < 0:
                break
            pool = self._moved(codes, ends, nearest[every, ends], trace)
            after = self._at_last(pool.reshape(-1, *codes.shape[1:]))[0]
            after = after.reshape(len(pool), len(codes), -1)[:, every, ends]
            choice = after.argmin(axis=0)
            moved, reached = pool[choice, every], after[choice, every]
            stuck = reached >= distance[every, ends]
            better = reached < least
            best, least = np.where(better[:, None, None], moved, best), np.minimum(least, reached)
            # Where nothing came nearer, it goes on from near the best for the same end.
            same = np.where(ends[:, None] == ends, least, NEVER).argmin(axis=1)
            codes = np.where(stuck[:, None, None], self._shaken(best[same]), moved)
            distance, nearest, trace = self._at_last(codes)
        return best, least

    def _at_last(self, codes: Codes) -> tuple[Codes, Codes, Trace]:
        self.budget.spend(self.goals, codes.shape[1], len(codes))
        return self.goals.at_last(codes)

    def _moved(self, codes: Codes, ends: Codes, elements: Codes, trace: Trace) -> Codes:
        """Return the sequences with each share of their inputs where slopes point."""
        fmt, weights = self.goals.network.input.format, {}
        for number, (end, element) in enumerate(zip(ends.tolist(), elements.tolist(), strict=True)):
            node, sign = (
                self.goals.ends[end].node,
                1.0 if self.goals.ends[end].end == "high" else -1.0,
            )
            weight = weights.setdefault(node, np.zeros((len(codes), self._sizes[node])))
            weight[number, element] = sign
        self.budget.spend(self.goals, _SLOPES * codes.shape[1], len(codes))
        gradient = self._slopes.gradient(trace, weights)
        extremes = np.where(gradient > 0.0, fmt.max_code, fmt.min_code)
        gain = (np.abs(gradient) * np.abs(extremes - codes)).reshape(len(codes), -1)
        rank = gain.argsort(axis=1, kind="stable")[:, ::-1].argsort(axis=1, kind="stable")
        rank = rank.reshape(codes.shape)
        count = gain.shape[1]
        return np.stack(
            [np.where(rank < max(1, int(share * count)), extremes, codes) for share in _SHARES]
        )

    def _shaken(self, codes: Codes) -> Codes:
        """Return sequences with some inputs, of each another share, replaced by noise."""
        fmt = self.goals.network.input.format
        share = self._random.uniform(0.0, _SHAKEN, (len(codes), 1, 1))
        noise = self._random.integers(fmt.min_code, fmt.max_code, codes.shape, endpoint=True)
        return np.where(self._random.random(codes.shape) < share, noise, codes)
