# SPDX-License-Identifier: Apache-2.0
"""What reading a model may take beyond what its file holds: a short config can ask for much."""

from __future__ import annotations

from lmu_hw.load.check import must

__all__ = ["Budget"]

_MAX_CUBES = 1024**3  # seconds of matrix exponentials
_MAX_ELEMENTS = 4096**2  # 128 MiB of zeros and ones


class Budget:
    """What all layers of a model have taken so far."""

    def __init__(self) -> None:
        self._cubes = self._elements = 0

    def discretize(self, where: str, order: int) -> None:
        """Count the discretization of a memory, or raise `LoadError`."""
        self._cubes += order**3
        if self._cubes > _MAX_CUBES:
            rule = f"at most {_MAX_CUBES} for all layers to discretize"
            raise must(where, "the sum of order**3", rule, self._cubes)

    def fill(self, where: str, width: int) -> None:
        """Count a diagonal matrix that is not in the file, or raise `LoadError`."""
        self._elements += width**2
        if self._elements > _MAX_ELEMENTS:
            rule = f"at most {_MAX_ELEMENTS} for layers without a matrix of their own"
            raise must(where, "the sum of features**2", rule, self._elements)
