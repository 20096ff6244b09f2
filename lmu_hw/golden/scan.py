# SPDX-License-Identifier: Apache-2.0
"""The forward Euler memory by running sums, in int64."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding
from lmu_hw.fixed.ops import requantize
from lmu_hw.network.scan import Scan

__all__ = ["ScanModel"]

Codes = NDArray[np.int64]


class ScanModel:
    """Computes the sums of a `Scan` update that become states."""

    def __init__(self, name: str, update: Scan, source: FixedFormat, state: FixedFormat) -> None:
        self.name, self.update = name, update
        self.frac_bits = update.sum_frac_bits(state).state
        self.source_up = update.running.frac_bits - source.frac_bits
        self.state_up = update.running.frac_bits - state.frac_bits

    def totals(self, x: Codes, u: Codes) -> Codes:
        """Return the sums of all states, (d, columns), from the states before and u (columns,)."""
        m, u = x << self.state_up, u << self.source_up
        total = m.sum(axis=0)
        s = np.empty_like(m)
        s[0] = u - total
        s[1:2] = -u - total + 2 * m[:1]
        s[2::2] = s[0] + 2 * np.cumsum(m[1:-1:2], axis=0)
        s[3::2] = s[1:2] + 2 * np.cumsum(m[2:-1:2], axis=0)
        exact = Requant(
            format=self.update.running, rounding=Rounding.FLOOR, overflow=Overflow.FORBID
        )
        requantize(s, exact.format.frac_bits, exact, what=f"{self.name} running sum")
        return (m << self.update.rate.format.frac_bits) + self.update.factors[:, None] * s
