# SPDX-License-Identifier: Apache-2.0
"""One point of a sweep: a design measured on all of the data, or why there is none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from lmu_hw.golden import GoldenModel
from lmu_hw.measure.interval import Interval
from lmu_hw.measure.results import TaskReport
from lmu_hw.measure.task import TaskStatistics
from lmu_hw.quantize import quantize
from lmu_hw.search.cost import Cost, Costs, costs_of
from lmu_hw.search.lengths import WordLengths
from lmu_hw.search.problem import BLOCK, Problem, Refusal, configured

__all__ = ["ACCURACY", "NRMSE", "NRMSE_TO_FLOAT", "SweepPoint", "measured_point", "with_front"]

ACCURACY = "accuracy"
NRMSE = "nrmse"
NRMSE_TO_FLOAT = "nrmse_to_float"


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepPoint:
    """Word lengths, what they cost, and what the network answers with them.

    Attributes
    ----------
    lengths : WordLengths
    reason : str or None
        Why there is no such design; `costs` and `task` are None then.
    costs : Costs or None
    task : TaskReport or None
        As in a report.
    pareto : bool
        No other point of the sweep is better in cost and measure, or in one of them and equal in
        the other.
    """

    lengths: WordLengths
    reason: str | None
    costs: Costs | None
    task: TaskReport | None
    pareto: bool = False

    @property
    def measure(self) -> str | None:
        """What the point is judged by: accuracy, NRMSE to the targets, or NRMSE to float."""
        return None if self.task is None else self.task.metric or NRMSE_TO_FLOAT

    @property
    def score(self) -> float | None:
        """The figure of `measure`."""
        if self.task is None:
            return None
        return self.task.nrmse_to_float if self.task.metric is None else self.task.fixed_score

    @property
    def interval(self) -> Interval | None:
        """The 95 % interval of `score`; None of too few sequences."""
        if self.task is None:
            return None
        whole = self.task.metric is None
        return self.task.to_float_interval if whole else self.task.fixed_interval

    @property
    def loss(self) -> float | None:
        """A number that is the smaller, the better the score."""
        if self.score is None:
            return None
        return -self.score if self.measure == ACCURACY else self.score


def measured_point(problem: Problem, lengths: WordLengths) -> SweepPoint:
    """Measure word lengths on all sequences of a problem that has float answers."""
    config = configured(problem, lengths)
    if isinstance(config, Refusal):
        return SweepPoint(lengths=lengths, reason=config.reason, costs=None, task=None)
    if problem.floats is None:
        raise ValueError("a point is measured against the answers of the float network")
    network = quantize(problem.network, config, model_digest="")
    golden, task = GoldenModel(network), TaskStatistics(network, problem.labels)
    for rows, x in problem.x.batches(BLOCK):
        y_codes, _ = golden.run(golden.quantize_input(x))
        floats = problem.floats[rows]
        if not network.answers_once:
            floats = floats[:, : x.shape[1]]
        task.add(rows, floats, golden.output_values(y_codes))
    return SweepPoint(lengths=lengths, reason=None, costs=costs_of(network), task=task.report())


def with_front(points: Iterable[SweepPoint], cost: Cost) -> tuple[SweepPoint, ...]:
    """Return points in the order of their word lengths, with those on the Pareto front marked.

    Of points that are equal in cost and measure, the one that costs least otherwise is marked.
    """
    by_lengths = sorted(points, key=lambda point: point.lengths)

    def key(point: SweepPoint) -> tuple[Any, ...]:
        costs = point.costs
        assert costs is not None  # only what is judged is sorted
        others = (costs.multiplier_area, costs.coefficient_bits, costs.state_bits)
        return (costs.get(cost), point.loss, *others, point.lengths)

    front: set[WordLengths] = set()
    least = float("inf")
    for point in sorted((p for p in by_lengths if p.costs and p.loss is not None), key=key):
        if point.loss is not None and point.loss < least:
            least = point.loss
            front.add(point.lengths)
    return tuple(replace(point, pareto=point.lengths in front) for point in by_lengths)
