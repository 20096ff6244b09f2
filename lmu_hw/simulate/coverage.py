# SPDX-License-Identifier: Apache-2.0
"""What a simulation reached, and what it did not: sums, tables, resets, stalls.

Sums and tables are looked at in the golden model: where all words are equal, the hardware did the
same. Resets and stalls are those that the driver saw.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lmu_hw.measure.simulation import Coverage, TableReads
from lmu_hw.simulate.directed.goals import NEVER, Goals
from lmu_hw.simulate.epochs import Epoch
from lmu_hw.simulate.job import Cut, Record

__all__ = ["coverage", "resets_seen"]


def coverage(goals: Goals, epochs: list[Epoch], record: Record, settle: int) -> Coverage:
    """Return the entry ``coverage`` of `simulation.json`.

    Parameters
    ----------
    goals : Goals
        Of the network that the hardware was generated for.
    epochs : list of Epoch
    record : Record
    settle : int
        Cycles without activity after which nothing is inside.
    """
    reached = np.zeros(goals.count, np.bool_)
    by_length: dict[int, list[NDArray[np.int64]]] = {}
    for epoch in epochs:
        if epoch.network is goals.network:
            for piece in epoch.pieces:
                by_length.setdefault(len(piece.codes), []).append(piece.codes)
    for codes in by_length.values():
        reached |= (goals.look(np.stack(codes))[0] < NEVER).any(axis=0)
    return Coverage(
        saturation=_saturation(goals, reached),
        tables=_tables(goals, reached),
        resets=resets_seen(record.cuts[:-1], settle),
        stalls=record.stalls,
    )


def _saturation(goals: Goals, reached: NDArray[np.bool_]) -> dict[str, dict[str, str]]:
    """Return for each saturating node whether each end was reached, in all elements of a beat."""
    ends: dict[str, dict[str, str]] = {}
    for goal, yes in zip(goals.ends, reached.tolist(), strict=False):  # the entries follow
        entry = ends.setdefault(goal.node, {})
        status = "reached" if yes else "not reached"
        entry[goal.end] = status if entry.get(goal.end, status) == status else "reached in part"
    for node, end in goals.impossible:
        ends.setdefault(node, {})[end] = "impossible"
    return ends


def _tables(goals: Goals, reached: NDArray[np.bool_]) -> dict[str, TableReads]:
    """Return how many entries of each table were read, and how many bounds do not exclude."""
    counts = {}
    for name, entries in goals.tables.items():
        read = int(reached[entries.first : entries.first + entries.count].sum())
        counts[name] = TableReads(read=read, possible=entries.count)
    return counts


def resets_seen(cuts: list[Cut], settle: int) -> dict[str, int]:
    """Return how many resets there were after that at power-up, and of which kinds."""
    later = cuts[1:]
    last = max((cut.writes for cut in cuts), default=0)
    kinds: dict[str, Callable[[Cut], bool]] = {
        "idle": lambda cut: cut.quiet > settle and not cut.waiting and not cut.full,
        "within a step": lambda cut: cut.quiet <= settle,
        "an answer waits": lambda cut: cut.waiting,
        "everything full": lambda cut: cut.waiting and cut.full and cut.quiet > settle,
        "a beat is offered": lambda cut: cut.offered,
    }
    if last:
        kinds["after coefficients were written"] = lambda cut: cut.writes > 0
        kinds["while coefficients are written"] = lambda cut: _between(cuts, cut)
    return {"all": len(later)} | {
        kind: sum(holds(cut) for cut in later) for kind, holds in kinds.items()
    }


def _between(cuts: list[Cut], cut: Cut) -> bool:
    """Say whether writes came before and after a reset, and no beat between."""
    after = cuts[cuts.index(cut) + 1 :]
    return cut.writes > 0 and bool(after) and after[0].writes > cut.writes
