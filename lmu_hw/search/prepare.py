# SPDX-License-Identifier: Apache-2.0
"""Everything that happens once, before any word lengths are tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lmu_hw.checked import whole
from lmu_hw.errors import NetworkError
from lmu_hw.lmu import Network
from lmu_hw.measure.task import check_labels
from lmu_hw.quantize import Options
from lmu_hw.search.pools import Pool
from lmu_hw.search.problem import Problem, float_answers

__all__ = [
    "SEQUENCES",
    "Progress",
    "prepared_problem",
    "selected",
    "silent",
    "with_floats",
]

Array = NDArray[np.generic]

Progress = Callable[[str, int, int | None], None]
"""Called with a stage, what is done of it, and what there is to do (None: not known)."""

SEQUENCES = 10_000
"""Sequences that designs are measured on at most, unless asked for more."""


def silent(stage: str, done: int, total: int | None) -> None:
    """Show no progress."""


def selected(x: Array, labels: Array | None, limit: int | None) -> tuple[Array, Array | None]:
    """Return at most `limit` evenly spread sequences with their labels; None: `SEQUENCES`."""
    limit = SEQUENCES if limit is None else whole(limit, "`sequences`", least=1)
    sequences = x.shape[0] if x.ndim else 0
    if labels is not None and (labels.shape[0] if labels.ndim else 0) != sequences:
        raise NetworkError(
            f"labels must have an entry for each of the {sequences} sequences, not the shape "
            f"{labels.shape}"
        )
    if sequences <= limit:
        return x, labels
    chosen = np.linspace(0, sequences - 1, limit).astype(np.int64)
    return x[chosen], None if labels is None else labels[chosen]


def prepared_problem(
    network: Network,
    calibration: NDArray[np.float64],
    x: Array,
    labels: Array | None,
    *,
    options: Options,
    sequences: int | None,
) -> tuple[Problem, Array | None]:
    """Return the problem of at most so many sequences, and their labels as they were given.

    Raises
    ------
    ConfigError
        If `sequences` is less than 1.
    NetworkError
        If data or labels do not fit the network; see `lmu_hw.measure.task.check_labels`.
    """
    x, labels = selected(x, labels, sequences)
    x = network.check_input(x, what="data to measure on")
    checked = None
    if labels is not None:
        checked = check_labels(labels, network, sequences=x.shape[0], steps=x.shape[1])
    problem = Problem(
        network=network, calibration=calibration, options=options, x=x, labels=checked
    )
    return problem, labels


def with_floats(problem: Problem, pool: Pool, progress: Progress) -> Problem:
    """Return a problem with the answers of its float network, computed by a pool."""
    answers: list[NDArray[np.float64]] = [np.empty(0)] * len(problem.starts)
    count = 0
    for number, block in pool.run(float_answers, problem.starts):
        answers[number] = block
        count += len(block)
        progress("float network", count, len(problem.x))
    return replace(problem, floats=np.concatenate(answers))
