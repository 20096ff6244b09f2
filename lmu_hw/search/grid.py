# SPDX-License-Identifier: Apache-2.0
"""A sweep: every combination of some word lengths, measured on the same data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from lmu_hw._version import __version__
from lmu_hw.checked import member
from lmu_hw.lmu import Network
from lmu_hw.load import network_digest
from lmu_hw.measure.results import DataReport
from lmu_hw.measure.run import described_data, sequences_digest
from lmu_hw.measure.words import count, score
from lmu_hw.quantize import Options
from lmu_hw.records import encode
from lmu_hw.search.cost import Cost
from lmu_hw.search.journal import Journal, Points, journal_key
from lmu_hw.search.lengths import Knob, WordLengths
from lmu_hw.search.points import SweepPoint, measured_point, with_front
from lmu_hw.search.pools import Workers, open_pool
from lmu_hw.search.prepare import Progress, prepared_problem, silent, with_floats
from lmu_hw.search.problem import Problem
from lmu_hw.sequences import SequencesLike
from lmu_hw.summary import Facts, Summarised

__all__ = ["SweepReport", "lengths_of", "sweep"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SweepReport(Summarised):
    """What every combination of some word lengths costs and gives.

    Attributes
    ----------
    lmu_hw : str
        Version that measured.
    name, model_digest : str
        Of the trained network.
    options : dict
        What is the same for all points: options of `configure`, in words.
    cost : str
        What the Pareto front compares, a value of `Cost`.
    data : DataReport
        What was measured on.
    sequences_given : int
        Of which `data.sequences`, evenly spread, were run.
    measure : str or None
        What points are judged by: ``accuracy``, ``nrmse`` (to real targets), ``nrmse_to_float``;
        None if there is no design at all.
    float_score : float or None
        The measure of the float network; None without labels.
    points : tuple of SweepPoint
        In the order of their word lengths.
    """

    lmu_hw: str
    name: str
    model_digest: str
    options: dict[str, Any]
    cost: str
    data: DataReport
    sequences_given: int
    measure: str | None
    float_score: float | None
    points: tuple[SweepPoint, ...]

    def described(self) -> tuple[str, Facts]:
        """Return the designs of the front, from cheap to dear."""
        cost = Cost(self.cost)
        facts = [
            (str(p.lengths), f"{score(self.measure, p.score)}, {count(p.costs.get(cost))}")
            for p in self.front
            if p.costs is not None
        ]
        measured = f"{self.measure or 'nothing'} by {self.cost}"
        return f"{self.name}: {count(len(self.points))} designs, {measured}", facts

    @property
    def front(self) -> tuple[SweepPoint, ...]:
        """The Pareto-optimal points, from cheap to dear."""
        cost = Cost(self.cost)
        chosen = [point for point in self.points if point.pareto and point.costs is not None]
        return tuple(sorted(chosen, key=lambda p: 0 if p.costs is None else p.costs.get(cost)))


def lengths_of(options: Options, grid: Mapping[Knob, Iterable[int]]) -> list[WordLengths]:
    """Return every combination of the word lengths in a grid, in order.

    A knob that is not in the grid stays as `options` have it; coefficients of the memory then
    follow the weights, unless they have a width of their own.
    """
    default, grid = WordLengths.of(options), {member(k, "a knob", Knob): v for k, v in grid.items()}
    axes = {knob: sorted(set(grid.get(knob, [default.get(knob)]))) for knob in Knob}
    follows = Knob.MEMORY not in grid and options.memory_bits is None
    combinations = []
    for bits in product(*axes.values()):
        lengths = WordLengths(**{k.value: b for k, b in zip(Knob, bits, strict=True)})
        combinations.append(
            lengths.turned(Knob.MEMORY, lengths.weight_bits) if follows else lengths
        )
    for lengths in combinations:
        lengths.applied(options)  # bits that no option allows are refused before anything runs
    return combinations


def sweep(
    network: Network,
    calibration: SequencesLike,
    x: SequencesLike,
    labels: SequencesLike | None,
    *,
    grid: Mapping[Knob, Iterable[int]],
    options: Options,
    cost: Cost | str = Cost.MULTIPLIER_AREA,
    sequences: int | None = None,
    workers: Workers | None = None,
    journal: Path | None = None,
    restart: bool = False,
    progress: Progress | None = None,
) -> SweepReport:
    """Measure a grid of word lengths.

    Parameters
    ----------
    network : Network
    calibration : array (sequences, steps, inputs), list of arrays (steps, inputs), or Sequences
        What ranges are taken from.
    x : array (sequences, steps, inputs), list of arrays (steps, inputs), or Sequences
        What designs are measured on.
    labels : array or None
        Classes or real targets; see `lmu_hw.measure.task.check_labels`.
    grid : mapping of Knob to bits
    options : Options
        Everything else.
    cost : Cost
        What the Pareto front compares.
    sequences : int, optional
        At most that many, evenly spread, are run; None: `SEQUENCES`.
    workers : Workers, optional
        Who computes; never changes the result.
    journal : Path, optional
        Keeps the points that are done, so that an interrupted sweep can go on; left there.
    restart : bool
        Forget the points in it.
    progress : callable, optional

    Raises
    ------
    ConfigError
        If the journal belongs to another sweep, or a word length is none.
    NetworkError
        If data or labels do not fit the network.
    """
    cost = member(cost, "`cost`", Cost)
    grid_points = lengths_of(options, grid)
    common = WordLengths.of(Options()).applied(options)  # every point brings its word lengths
    problem = prepared_problem(network, calibration, x, labels, options=common, sequences=sequences)
    data = described_data(problem.x, problem.labels)
    key = journal_key(
        lmu_hw=__version__,
        model=network_digest(network),
        calibration=sequences_digest(problem.calibration),
        data=encode(data),
        options=_in_words(common),
    )
    measured = Points() if journal is None else Journal(journal, key, restart=restart)
    _measure(problem, grid_points, measured, workers or Workers(), progress or silent)
    points = with_front((measured.points[lengths] for lengths in grid_points), cost)
    judged = next((point for point in points if point.task is not None), None)
    return SweepReport(
        lmu_hw=__version__,
        name=network.name,
        model_digest=network_digest(network),
        options=_in_words(common),
        cost=cost.value,
        data=data,
        sequences_given=len(x),
        measure=None if judged is None else judged.measure,
        float_score=None if judged is None or judged.task is None else judged.task.float_score,
        points=points,
    )


def _measure(
    problem: Problem,
    grid_points: Sequence[WordLengths],
    measured: Points,
    workers: Workers,
    progress: Progress,
) -> None:
    """Measure what is not done yet."""
    missing = [lengths for lengths in grid_points if lengths not in measured.points]
    if not missing:
        return
    with open_pool(problem, workers) as pool:
        problem = with_floats(problem, pool, progress)
    with open_pool(problem, workers) as pool:
        progress("points", len(grid_points) - len(missing), len(grid_points))
        for number, (_, point) in enumerate(pool.run(measured_point, missing), start=1):
            measured.add(point)
            progress("points", len(grid_points) - len(missing) + number, len(grid_points))


def _in_words(options: Options) -> dict[str, Any]:
    """Return the options that are no knobs, as JSON has them."""
    knobs = {knob.value for knob in Knob}
    return {name: value for name, value in encode(options).items() if name not in knobs}
