# SPDX-License-Identifier: Apache-2.0
"""The schedule of a forward Euler memory by running sums."""

from __future__ import annotations

from dataclasses import dataclass

from lmu_hw.fixed import FixedFormat
from lmu_hw.network.scan import Scan
from lmu_hw.plan.memory_plan import MemoryPlan

__all__ = ["RELOADABLE_DROP", "RELOADABLE_RATE", "ScanPlan"]

RELOADABLE_RATE = 8
"""Bits of a rate that can be written at run time, at least."""

RELOADABLE_DROP = 31
"""The most bits that the narrowing of the states drops for a window written at run time."""

_SUM_NS, _LEVEL_NS = 8.6, 1.4
"""A running sum, and each level of adders in it, as placed and routed (1 and 4 states)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanPlan(MemoryPlan):
    """Schedule of a forward Euler memory: one word of states in every cycle."""

    update: Scan

    @classmethod
    def lane_counts(cls, update: Scan, lanes: int | None, beat: int) -> list[int]:
        """States of a cycle, each with a multiplier."""
        return [n for n in (1, 2, 4, 8, 16, 32, 64) if n <= beat and (lanes is None or n <= lanes)]

    @property
    def words(self) -> int:
        """Words of states of one segment."""
        return -(-self.update.order // self.lanes)

    @property
    def busy(self) -> int:
        """Cycles in which the unit reads states."""
        return self.segments * self.words

    @property
    def chain(self) -> int:
        """States computed at once."""
        return self.lanes

    def factor_bits(self, state: FixedFormat) -> tuple[int, int]:
        """Return the bits of the largest factor, and of a running sum."""
        return int(self.update.factors[-1]).bit_length() + 1, self.update.running.width

    @property
    def loop_ns(self) -> float:
        """The running sum: adders over the states of a word, in a tree."""
        return _SUM_NS + _LEVEL_NS * (self.lanes - 1).bit_length()
