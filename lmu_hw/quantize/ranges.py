# SPDX-License-Identifier: Apache-2.0
"""Ranges of signals, observed on calibration data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmu_hw.lmu import Network
from lmu_hw.sequences import Sequences

__all__ = [
    "Range",
    "int_bits_for",
    "observed_ranges",
]


@dataclass(frozen=True, kw_only=True, eq=False)
class Range:
    """Smallest and largest value of each element of a node, (width,) float64 each."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @property
    def magnitude(self) -> float:
        """Largest magnitude of any element."""
        return float(max(self.high.max(), -self.low.min(), 0.0))

    def divided_by(self, factors: NDArray[np.float64] | float) -> Range:
        """Return the range of the elements divided by factors other than zero."""
        ends = self.low / factors, self.high / factors
        return Range(low=np.minimum(*ends), high=np.maximum(*ends))


def observed_ranges(network: Network, x: Sequences) -> dict[str, Range]:
    """Return the range of every node of a network over calibration data."""
    ranges: dict[str, Range] = {}

    def observe(name: str, _: int, values: NDArray[np.float64]) -> None:
        low, high = values.min(axis=0), values.max(axis=0)
        if name in ranges:
            low = np.minimum(low, ranges[name].low)
            high = np.maximum(high, ranges[name].high)
        ranges[name] = Range(low=low, high=high)

    network.observe(x, observe)
    return ranges


def int_bits_for(low: float, high: float) -> int:
    """Return the fewest integer bits (without sign) whose range includes low and high.

    May be negative, down to a range that reaches 2**-32. A signal that never left zero says nothing
    about its range: it gets none.
    """
    if high <= 0.0 <= low:
        return 0
    magnitude = max(high, -low, 2.0**-32)
    mantissa, exponent = np.frexp(magnitude)
    # A positive power of two needs one bit more; the negative limit of two's complement does not.
    exact_negative = mantissa == 0.5 and -low == magnitude and high < magnitude
    return int(exponent) - int(exact_negative)
