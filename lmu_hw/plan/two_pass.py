# SPDX-License-Identifier: Apache-2.0
"""The schedule of a memory by two passes."""

from __future__ import annotations

from dataclasses import dataclass

from lmu_hw.fixed import FixedFormat
from lmu_hw.network.two_pass import TwoPass
from lmu_hw.plan.memory_plan import MEMORY_LATENCY, MemoryPlan

__all__ = ["TwoPassPlan"]

_CLOSING_LATENCY = 5
"""Cycles from the last product of T to the first state of the second pass."""

_STATE_LATENCY = 2
"""Cycles from a state of the second pass to its code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoPassPlan(MemoryPlan):
    """Schedule of a two-pass memory on one multiplier.

    For each segment: T, then the second pass in every other cycle, and in the cycles between the
    first pass of the next step, a little behind.
    """

    update: TwoPass

    @classmethod
    def lane_counts(cls, update: TwoPass, lanes: int | None, beat: int) -> list[int]:
        """One: both passes take turns."""
        return [1]

    @property
    def chain(self) -> int:
        """One state after the other."""
        return 1

    @property
    def digit(self) -> int:
        """Bits of G and H that are multiplied at once: the width of the largest factor."""
        return int(self.update.factors[-1]).bit_length()

    @property
    def digits(self) -> int:
        """Products of T with each of G and H."""
        return -(-self.update.closing.format.width // self.digit)

    def factor_bits(self, state: FixedFormat) -> tuple[int, int]:
        """Return the bits of a digit, and of a running sum."""
        return self.digit + 1, self.update.running.format.width

    @property
    def period(self) -> int:
        """Cycles of one segment."""
        return 2 * self.digits + _CLOSING_LATENCY + 2 * self.update.order

    @property
    def busy(self) -> int:
        """Cycles of all segments, less those that the tail counts again."""
        return self.segments * self.period + _STATE_LATENCY - MEMORY_LATENCY
