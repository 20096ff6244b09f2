# SPDX-License-Identifier: Apache-2.0
"""The plans of one layer that are worth looking at: every other one is worse in all that counts."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import count, groupby
from operator import attrgetter
from typing import Any

from lmu_hw.network import QuantizedLayer
from lmu_hw.plan.chip import DEFAULT, Area, Chip
from lmu_hw.plan.clock import shape_period
from lmu_hw.plan.counts import Bits, pace_counts
from lmu_hw.plan.estimate import area_of
from lmu_hw.plan.layer import LayerPlan
from lmu_hw.plan.memory import plan_class

__all__ = ["Candidate", "Front", "candidates_of"]


@dataclass(frozen=True)
class Candidate:
    """A plan of a layer, and what it is chosen by.

    Parameters
    ----------
    plan : LayerPlan
    chip : Chip
        What its area is estimated for.
    """

    plan: LayerPlan
    chip: Chip = DEFAULT

    @cached_property
    def cycles(self) -> int:
        """Of a step with all nodes."""
        return self.plan.cycles(last_step=True)

    @cached_property
    def multipliers(self) -> int:
        """Of the array, of all units beside it, and of tables."""
        return self.plan.multipliers

    @cached_property
    def area(self) -> Area:
        """What the layer takes of the chip."""
        return area_of(self.plan, self.chip)

    @cached_property
    def pace(self) -> Bits:
        """What the period of the clock depends on beside the shape."""
        return pace_counts(self.plan)

    @cached_property
    def period(self) -> float:
        """Least period that the shape allows, in ns on an ECP5."""
        return shape_period(self.plan)

    @property
    def size(self) -> tuple[int, float]:
        """What is made small: multipliers, and of as many the area."""
        return self.multipliers, self.chip.tables(self.area)


class Front:
    """The candidates that no other one is at least as small and as fast as.

    Parameters
    ----------
    candidates : iterable of Candidate
    """

    def __init__(self, candidates: Iterable[Candidate]) -> None:
        self.candidates = _undominated(candidates, lambda candidate: candidate.size)
        self.cycles = [candidate.cycles for candidate in self.candidates]

    @property
    def fastest(self) -> Candidate:
        """The candidate with the fewest cycles."""
        return self.candidates[0]

    def smallest(self, cycles: int) -> Candidate:
        """Return the smallest candidate of at most `cycles`; the fastest one if there is none."""
        return self.candidates[max(bisect_right(self.cycles, cycles) - 1, 0)]


def candidates_of(
    layer: QuantizedLayer,
    beat: int,
    *,
    lanes: int | None,
    full: bool = False,
    chip: Chip = DEFAULT,
    arriving: int | None = None,
) -> list[Candidate]:
    """Return the plans of a layer that may be the best of some number of cycles.

    Every array whose rows are as few as their number of groups allows: more rows would need more
    multipliers and no fewer cycles.

    Parameters
    ----------
    layer : QuantizedLayer
    beat : int
    lanes : int or None
        Most multipliers of the array, and of each structured memory.
    full : bool
        Only arrays with all rows at once.
    chip : Chip
        What areas are estimated for.
    arriving : int or None
        See `LayerPlan`.
    """
    candidates = [
        Candidate(
            LayerPlan(
                layer=layer,
                rows=rows,
                columns=columns,
                beat=beat,
                memory_lanes=memory_lanes,
                arriving=arriving,
            ),
            chip,
        )
        for memory_lanes in _memory_lanes(layer, beat, lanes)
        for rows, columns in _shapes(layer, beat, lanes=lanes, full=full)
    ]
    candidates.sort(key=attrgetter("period"))
    return [
        candidate
        for _, group in groupby(candidates, key=attrgetter("period"))
        for candidate in _undominated(group, attrgetter("multipliers"), ties=True)
    ]


def _undominated(
    candidates: Iterable[Candidate], size: Callable[[Candidate], Any], *, ties: bool = False
) -> list[Candidate]:
    """Return candidates from the fastest on, each smaller than all before, or as small."""
    front: list[Candidate] = []
    for candidate in sorted(candidates, key=lambda candidate: (candidate.cycles, size(candidate))):
        smallest = size(front[-1]) if front else None
        if smallest is None or size(candidate) < smallest or (ties and size(candidate) == smallest):
            front.append(candidate)
    return front


def _shapes(
    layer: QuantizedLayer, beat: int, *, lanes: int | None, full: bool
) -> Iterator[tuple[int, int]]:
    """Yield the rows and the columns of arrays."""
    heights = {_whole_beats(node.rows, beat) for node in layer.sums}
    groups = [max(heights)] if full else sorted(_fewest_rows(heights, beat))
    widest = max(term.weights.codes.shape[1] for node in layer.sums for term in node.terms)
    for doublings in count():
        columns = beat << doublings
        if doublings and columns >= 2 * widest:
            return
        for rows in groups:
            if lanes is None or rows * columns <= lanes:
                yield rows, columns


def _fewest_rows(heights: set[int], beat: int) -> set[int]:
    """Return the fewest rows that compute each of some heights in each number of groups."""
    rows = set()
    for height in heights:
        groups = 1
        while groups <= height:
            fewest = _whole_beats(-(-height // groups), beat)
            rows.add(fewest)
            if fewest == beat:
                break
            # The next number of groups that needs fewer rows.
            groups = max(groups + 1, -(-height // (fewest - beat)))
    return rows


def _whole_beats(rows: int, beat: int) -> int:
    return -(-rows // beat) * beat


def _memory_lanes(layer: QuantizedLayer, beat: int, lanes: int | None) -> list[int]:
    """Return the useful numbers of multipliers for the memories of a layer, in increasing order."""
    updates = [node.update for node in layer.structured]
    counts = {n for update in updates for n in plan_class(update).lane_counts(update, lanes, beat)}
    return sorted(counts) or [1]
