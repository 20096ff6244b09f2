# SPDX-License-Identifier: Apache-2.0
"""The bilinear memory by two passes, in int64."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lmu_hw.fixed import FixedFormat, Rounding
from lmu_hw.fixed.ops import requantize
from lmu_hw.network.two_pass import TwoPass

__all__ = ["TwoPassModel"]

Codes = NDArray[np.int64]


class TwoPassModel:
    """Computes the sums of a `TwoPass` update that become states."""

    def __init__(self, name: str, update: TwoPass, source: FixedFormat, state: FixedFormat) -> None:
        self.name, self.update = name, update
        self.bits = update.sum_frac_bits(state)
        self.frac_bits = self.bits.state
        running = update.running.format.frac_bits
        self.source_up = running - source.frac_bits
        self.state_up = running - state.frac_bits
        self.factors = update.factors[:, None]

    def totals(self, x: Codes, u: Codes) -> Codes:
        """Return the sums of all states, (d, columns), from the states before and u (columns,)."""
        m, u = x << self.state_up, u << self.source_up
        gain, through = self.update.closing.codes
        s = self._pass(m, np.zeros_like(u), np.zeros_like(u), "first pass")
        total = gain * (s[-1] + s[-2] >> 1) + through * u  # the sum of all z: never odd
        T, _ = requantize(
            total, self.bits.closing, self.update.running, what=f"{self.name} closing"
        )
        s = self._pass(m, u - T, -u - T, "second pass")
        return (m << self.update.rate.format.frac_bits - 1) + self.factors * s[:-1]

    def _pass(self, m: Codes, s0: Codes, s1: Codes, what: str) -> Codes:
        """Return s[0] ... s[d], (d + 1, columns)."""
        running, shift = self.update.running, self.update.rate.format.frac_bits
        half = 1 << shift - 1 if running.rounding is Rounding.HALF_UP else 0
        entering = (m << shift) + half
        s, z = np.empty((len(m) + 1, *s0.shape), np.int64), np.empty_like(m)
        s[0], before = s0, s1
        for i, factor in enumerate(self.update.factors.tolist()):
            z[i] = entering[i] + factor * s[i] >> shift
            before, s[i + 1] = s[i], before + 2 * z[i]
        for sums in (z, s):
            requantize(sums, running.format.frac_bits, running, what=f"{self.name} {what}")
        return s
