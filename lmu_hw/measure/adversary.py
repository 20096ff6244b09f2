# SPDX-License-Identifier: Apache-2.0
"""A search for the input on which fixed point and float differ most.

Where hidden units or states feed back no bound of the outputs holds for all inputs; an input that
somebody found says more than that none was. The search is seeded and its work is fixed, so that it
finds the same on every machine, and takes a few seconds. It begins with data, and with sequences
that jump between the ends of their range: from data alone it stays where units are far from their
limits. Sequences stay within the smallest and the largest value of the data, and count only while
nothing leaves its format with a loss: what differs is rounding, and what the loop makes of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmu_hw.design import Design
from lmu_hw.fixed.ops import dequantize
from lmu_hw.golden import GoldenModel
from lmu_hw.lmu import Role
from lmu_hw.measure.certified import AdversaryReport
from lmu_hw.measure.rounding import rounded, rounded_all
from lmu_hw.measure.signals import inside_formats, probes
from lmu_hw.network import QuantizedNetwork
from lmu_hw.sequences import Sequences, SequencesLike

__all__ = ["has_feedback_loop", "search_worst"]

Array = NDArray[np.float64]

_KEPT = 16
_CHILDREN = 128  # of a generation, at most
_GENERATIONS = 120  # at most
_FEWEST = 4
_WORK = 8e9  # products in all
_CALL = 1e5  # products in the time of the calls of one node
_MOST_STEPS = 200  # of a sequence that is answered at every step
_SHARES = (0.01, 0.03, 0.1, 0.3)  # of the inputs of a sequence that change
_NEAR = 1.0 / 8.0  # standard deviation of a small change, of the range
_SHIFT = 4
_LONGEST_HOLD = 16  # steps


def has_feedback_loop(network: QuantizedNetwork) -> bool:
    """Say whether anything but a memory reads what was computed at the step before."""
    nodes = (node for node in network.nodes if node.role is not Role.MEMORY)
    return any(read.delayed for node in nodes for read in node.reads)


def search_worst(design: Design, x: SequencesLike) -> AdversaryReport | None:
    """Search for the input on which fixed point and float differ most.

    Parameters
    ----------
    design : Design
    x : array (sequences, steps, inputs), list of arrays (steps, inputs), or Sequences
        Data to begin with, in the network's own units: of sequences of their own lengths the longer
        half, cut to the length of the middle one.

    Returns
    -------
    AdversaryReport or None
        None if the network is too large for the work that is allowed, or if signals leave their
        formats on all of these data.
    """
    network = design.network
    x = Sequences.of(x)
    length = int(np.quantile(x.lengths, 0.5, method="lower"))
    steps = length if network.answers_once else min(length, _MOST_STEPS)
    products = sum(node.multiplications for node in network.nodes)
    calls = _CALL * len(network.nodes)
    children = int(min(_CHILDREN, _WORK / (_FEWEST * steps * (products + calls / _FEWEST))))
    if children < _FEWEST:
        return None
    cost = steps * (calls + (children + _KEPT) * products)
    generations = int(min(_GENERATIONS, _WORK // cost))
    trial = _Trial(design)
    given = x.padded[x.lengths >= length]
    data = given[np.linspace(0, len(given) - 1, min(len(given), 2 * children)).astype(int), :steps]
    on_data = float(trial.of(data).difference.max())
    if on_data < 0.0 or not generations:
        return None
    random = np.random.default_rng(0)
    change = _Change(x.values, random)
    start = np.concatenate([data, change.between_ends(2 * children, steps)])
    best, found = trial.of(start).best(start, _KEPT)
    tried = len(start)
    for _ in range(generations):
        parents = best[random.integers(0, len(best), children)]
        pool = np.concatenate([best, change.of(parents, best)])
        best, found = trial.of(pool).best(pool, _KEPT)
        tried += children
    return AdversaryReport(
        sequences=tried,
        steps=steps,
        difference=rounded(float(found.difference[0])) or 0.0,
        on_data=rounded(on_data) or 0.0,
        fixed=rounded_all(found.fixed[0].tolist()),
        floats=rounded_all(found.floats[0].tolist()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """Answers at the last step, (sequences, outputs), and their largest differences.

    -1 where a signal left its format.
    """

    difference: Array
    fixed: Array
    floats: Array

    def best(self, x: Array, count: int) -> tuple[Array, _Found]:
        """Return the sequences that differ most, the first first."""
        order = np.argsort(-self.difference, kind="stable")[:count]
        chosen = _Found(
            difference=self.difference[order], fixed=self.fixed[order], floats=self.floats[order]
        )
        return x[order], chosen


class _Trial:
    """Runs sequences through both networks."""

    def __init__(self, design: Design) -> None:
        self.design, self.golden = design, GoldenModel(design.network)
        self.signals = probes(design.network)

    def of(self, x: Array) -> _Found:
        """Return what both answer to (sequences, steps, inputs)."""
        layer = self.design.network.layers[-1]
        trace = self.golden.trace(self.golden.quantize_input(x))
        fixed = np.concatenate(
            [dequantize(trace.codes[n][:, -1], layer.signals[n].format) for n in layer.outputs],
            axis=1,
        )
        floats = self.design.reference.run(self.design.reference_input(x))
        floats = floats.reshape(len(x), -1, fixed.shape[1])[:, -1]
        difference = np.abs(fixed - floats).max(axis=1)
        difference = np.where(inside_formats(trace, self.signals), difference, -1.0)
        return _Found(difference=difference, fixed=fixed, floats=floats)


class _Change:
    """Changes sequences within the range of data, whole numbers to whole numbers."""

    def __init__(self, x: Array, random: np.random.Generator) -> None:
        self.low, self.high = float(x.min()), float(x.max())
        self.whole = bool((x == np.rint(x)).all())
        self._random, self._inputs = random, x.shape[-1]

    def between_ends(self, count: int, steps: int) -> Array:
        """Return sequences that hold one end of the range or the other, each for its own time.

        They drive units to their limits, which data seldom do.
        """
        random = self._random
        hold = random.integers(1, _LONGEST_HOLD, (count, 1, 1), endpoint=True)
        high = random.random((count, steps, self._inputs)) < 0.5
        blocks = np.arange(steps)[None, :, None] // hold
        return np.where(np.take_along_axis(high, blocks, axis=1), self.high, self.low)

    def of(self, x: Array, pool: Array) -> Array:
        """Return each sequence changed: anew or a little in places, crossed, or shifted in time."""
        random, (count, steps, _) = self._random, x.shape
        places = random.random(x.shape) < random.choice(_SHARES, (count, 1, 1))
        near = x + random.normal(0.0, _NEAR * (self.high - self.low), x.shape)
        anew = random.uniform(self.low, self.high, x.shape)
        time = np.arange(steps)[None, :, None]
        other = pool[random.integers(0, len(pool), count)]
        crossed = np.where(time < random.integers(0, steps, (count, 1, 1)), x, other)
        moved = time + random.integers(-_SHIFT, _SHIFT, (count, 1, 1), endpoint=True)
        shifted = np.take_along_axis(x, np.clip(moved, 0, steps - 1), axis=1)
        changed = np.choose(
            random.integers(0, 4, (count, 1, 1)),
            [np.where(places, anew, x), np.where(places, near, x), crossed, shifted],
        )
        changed = np.clip(changed, self.low, self.high)
        return np.rint(changed) if self.whole else changed
