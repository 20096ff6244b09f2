# SPDX-License-Identifier: Apache-2.0
"""Small networks to search, with data of more than one block."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from lmu_hw.lmu import Network
from lmu_hw.quantize import Options
from lmu_hw.search.lengths import Limits, WordLengths
from lmu_hw.search.pools import Workers, open_pool
from lmu_hw.search.prepare import silent, with_floats
from lmu_hw.search.problem import Problem
from tests import networks

SEQUENCES, STEPS = 600, 6
NARROW = Limits(weight_bits=(3, 9), memory_bits=(5, 9), state_bits=(5, 10), activation_bits=(3, 7))


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
            calibration=self.calibration,
            options=Options(**options),
            x=self.x,
            labels=self.labels,
        )
        with open_pool(problem, Workers()) as pool:
            return with_floats(problem, pool, silent)


@pytest.fixture(scope="session")
def classifier() -> Case:
    """Answers once; three classes, of which float gets nineteen in twenty right."""
    net = networks.network(order=3, units=3, dense=3, return_sequences=False)
    x = networks.noise(net, sequences=SEQUENCES, steps=STEPS)
    labels = net.run(x).argmax(axis=-1)
    labels[::20] = (labels[::20] + 1) % 3
    return Case(net, x, labels)


@pytest.fixture(scope="session")
def stream() -> Case:
    """Answers at every step; no labels."""
    net = networks.network(order=3, units=2, dense=1)
    return Case(net, networks.noise(net, sequences=SEQUENCES, steps=STEPS), None)


@pytest.fixture(scope="session")
def limits() -> Limits:
    """Limits within which every combination can be tried."""
    return NARROW


@pytest.fixture
def ranks() -> Callable[..., np.ndarray]:
    """Return the ranks of a grid by a made-up cost: ``ranks(grid, weights)``."""

    def rank(grid: np.ndarray, weights: tuple[int, ...]) -> np.ndarray:
        keys = [grid @ np.array(weights), grid.sum(axis=1), *grid.T]
        order = np.lexsort(keys[::-1])
        found = np.empty(len(grid), dtype=np.int64)
        found[order] = np.arange(len(grid))
        return found

    return rank


def lengths(*bits: int) -> WordLengths:
    """Return word lengths from four numbers."""
    names = ("weight_bits", "memory_bits", "state_bits", "activation_bits")
    return WordLengths(**dict(zip(names, bits, strict=True)))


@pytest.fixture(scope="session")
def at() -> Callable[..., WordLengths]:
    """Return word lengths from four numbers: ``at(6, 8, 10, 5)``."""
    return lengths
