# SPDX-License-Identifier: Apache-2.0
"""Networks to search with their data, word lengths, and a grid by a made-up cost."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lmu_hw.lmu import Network
from lmu_hw.quantize import Options
from lmu_hw.search.lengths import WordLengths
from lmu_hw.search.pools import Workers, open_pool
from lmu_hw.search.prepare import silent, with_floats
from lmu_hw.search.problem import Problem
from lmu_hw.sequences import Sequences

GRID = {
    "weight_bits": range(4, 7),
    "memory_bits": [5, 8],
    "state_bits": [6, 9],
    "activation_bits": 5,
}
"""Two dozen word lengths for a sweep."""


@dataclass(frozen=True)
class Case:
    """A network with data and labels."""

    network: Network
    x: np.ndarray
    labels: np.ndarray | None

    @property
    def calibration(self) -> np.ndarray:
        return self.x[:20]

    def problem(self, **options: Any) -> Problem:
        """Return the problem of measuring designs, with the answers of the float network."""
        problem = Problem(
            network=self.network,
            calibration=Sequences.of(self.calibration),
            options=Options(**options),
            x=Sequences.of(self.x),
            labels=self.labels,
        )
        with open_pool(problem, Workers()) as pool:
            return with_floats(problem, pool, silent)


def ranks(grid: np.ndarray, weights: tuple[int, ...]) -> np.ndarray:
    """Return the ranks of a grid by a made-up cost."""
    keys = [grid @ np.array(weights), grid.sum(axis=1), *grid.T]
    order = np.lexsort(keys[::-1])
    places = np.empty(len(grid), dtype=np.int64)
    places[order] = np.arange(len(grid))
    return places


def at(*bits: int) -> WordLengths:
    """Return word lengths from four numbers."""
    names = ("weight_bits", "memory_bits", "state_bits", "activation_bits")
    return WordLengths(**dict(zip(names, bits, strict=True)))


def files(folder: Path) -> dict[str, bytes]:
    """Return the bytes of the files in a folder by their names."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


class Interrupt:
    """Ends a sweep as Ctrl-C does, after some points."""

    def __init__(self, after: int) -> None:
        self.after, self.points = after, []

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        if stage == "points":
            self.points.append(done)
            if done == self.after:
                raise KeyboardInterrupt
