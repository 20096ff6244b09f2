# SPDX-License-Identifier: Apache-2.0
"""Everything that happens once, before any word lengths are tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lmu_hw.checked import whole
from lmu_hw.lmu import Network
from lmu_hw.measure.task import check_labels
from lmu_hw.quantize import Options
from lmu_hw.search.pools import Pool
from lmu_hw.search.problem import Problem, float_answers
from lmu_hw.sequences import Sequences, SequencesLike

__all__ = [
    "SEQUENCES",
    "Progress",
    "prepared_problem",
    "silent",
    "with_floats",
]

Progress = Callable[[str, int, int | None], None]
"""Called with a stage, what is done of it, and what there is to do (None: not known)."""

SEQUENCES = 10_000
"""Sequences that designs are measured on at most, unless asked for more."""


def silent(stage: str, done: int, total: int | None) -> None:
    """Show no progress."""


def prepared_problem(
    network: Network,
    calibration: SequencesLike,
    x: SequencesLike,
    labels: SequencesLike | None,
    *,
    options: Options,
    sequences: int | None,
) -> Problem:
    """Return the problem of at most so many evenly spread sequences; None: `SEQUENCES`.

    Raises
    ------
    ConfigError
        If `sequences` is less than 1.
    NetworkError
        If data or labels do not fit the network; see `lmu_hw.measure.task.check_labels`.
    """
    what = "data to measure on"
    limit = SEQUENCES if sequences is None else whole(sequences, "`sequences`", least=1)
    given = Sequences.of(x, features=network.inputs, what=what)
    given = given.without(network.mask_value, what=what)
    checked = None if labels is None else check_labels(labels, network, given)
    if len(given) > limit:
        chosen = np.linspace(0, len(given) - 1, limit).astype(np.int64)
        given = given[chosen]  # before it is copied
        checked = None if checked is None else checked[chosen]
    return Problem(
        network=network,
        calibration=Sequences.of(calibration),
        options=options,
        x=network.check_input(given, what=what),
        labels=checked,
    )


def with_floats(problem: Problem, pool: Pool, progress: Progress) -> Problem:
    """Return a problem with the answers of its float network, computed by a pool."""
    answers: list[NDArray[np.float64]] = [np.empty(0)] * len(problem.starts)
    count = 0
    for number, block in pool.run(float_answers, problem.starts):
        answers[number] = block
        count += len(block)
        progress("float network", count, len(problem.x))
    return replace(problem, floats=np.concatenate(answers))
