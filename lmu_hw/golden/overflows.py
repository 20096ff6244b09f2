# SPDX-License-Identifier: Apache-2.0
"""Counts of what left its format, and on which side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lmu_hw.fixed import FixedFormat

__all__ = ["Overflows"]


class Overflows(dict[str, int]):
    """By node: codes that lay outside its format before saturation or wrapping.

    Attributes
    ----------
    low, high : set of str
        Nodes of which codes lay at the lower and at the upper end in a step in which some were
        limited: where a node is not among them, nothing was lost on that side.
    """

    def __init__(self) -> None:
        super().__init__()
        self.low: set[str] = set()
        self.high: set[str] = set()

    def add(self, name: str, outside: int, codes: NDArray[np.generic], fmt: FixedFormat) -> None:
        """Count `outside` codes of a node whose codes are `codes` after they were limited."""
        self[name] = self.get(name, 0) + outside
        if outside:
            if codes.min() == fmt.min_code:
                self.low.add(name)
            if codes.max() == fmt.max_code:
                self.high.add(name)
