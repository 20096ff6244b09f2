# SPDX-License-Identifier: Apache-2.0
"""The schedules of memories that are computed by running sums."""

from __future__ import annotations

from dataclasses import dataclass

from lmu_hw.network import Scan, TwoPass
from lmu_hw.plan.sweeps import SWEEP_LATENCY

__all__ = ["RELOADABLE_DROP", "RELOADABLE_RATE", "ScanPlan", "TwoPassPlan", "scan_lanes"]

RELOADABLE_RATE = 8
"""Bits of a rate that can be written at run time, at least."""

RELOADABLE_DROP = 31
"""The most bits that the narrowing of the states drops for a window written at run time."""

_CLOSING_LATENCY = 5
"""Cycles from the last product of T to the first state of the second pass."""

_STATE_LATENCY = 2
"""Cycles from a state of the second pass to its code."""


def scan_lanes(lanes: int | None, beat: int) -> list[int]:
    """Return the numbers of multipliers that a scan can be built with: states of a cycle.

    Parameters
    ----------
    lanes : int or None
        Upper limit.
    beat : int
        Elements that leave the unit in one cycle.
    """
    return [n for n in (1, 2, 4, 8, 16, 32, 64) if n <= beat and (lanes is None or n <= lanes)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanPlan:
    """Schedule of a forward Euler memory: one word of states in every cycle.

    Parameters
    ----------
    update : Scan
    segments : int
    lanes : int
        Multipliers, one of `scan_lanes`, and states of a word.
    stall : int
        Cycles that the unit waits for its inputs.
    reloadable : bool
        The window can be written at run time.
    """

    update: Scan
    segments: int
    lanes: int
    stall: int
    reloadable: bool

    @property
    def words(self) -> int:
        """Words of states of one segment."""
        return -(-self.update.order // self.lanes)

    @property
    def busy(self) -> int:
        """Cycles in which the unit reads states."""
        return self.segments * self.words

    @property
    def tail(self) -> int:
        """Cycles from the last state read until its code can be read by others."""
        return SWEEP_LATENCY

    @property
    def cycles(self) -> int:
        """Cycles in which no other node can be computed."""
        return self.stall + self.busy

    @property
    def chain(self) -> int:
        """States computed at once."""
        return self.lanes

    @property
    def rom_bits(self) -> int:
        """None: the coefficients are counted."""
        return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoPassPlan:
    """Schedule of a two-pass memory on one multiplier.

    For each segment: T, then the second pass in every other cycle, and in the cycles between the
    first pass of the next step, a little behind.

    Parameters
    ----------
    update : TwoPass
    segments : int
    stall : int
        Cycles that the unit waits for its inputs.
    """

    update: TwoPass
    segments: int
    stall: int

    @property
    def lanes(self) -> int:
        """Multipliers."""
        return 1

    @property
    def reloadable(self) -> bool:
        """Never: T and the growth of the first pass belong to one window."""
        return False

    @property
    def chain(self) -> int:
        """States computed at once."""
        return 1

    @property
    def digit(self) -> int:
        """Bits of G and H that are multiplied at once: the width of the largest factor."""
        return int(self.update.factors[-1]).bit_length()

    @property
    def digits(self) -> int:
        """Products of T with each of G and H."""
        return -(-self.update.closing.format.width // self.digit)

    @property
    def period(self) -> int:
        """Cycles of one segment."""
        return 2 * self.digits + _CLOSING_LATENCY + 2 * self.update.order

    @property
    def busy(self) -> int:
        """Cycles of all segments, less those that the tail counts again."""
        return self.segments * self.period + _STATE_LATENCY - SWEEP_LATENCY

    @property
    def tail(self) -> int:
        """Cycles from the last state read until its code can be read by others."""
        return SWEEP_LATENCY

    @property
    def cycles(self) -> int:
        """Cycles in which no other node can be computed."""
        return self.stall + self.busy

    @property
    def rom_bits(self) -> int:
        """None: the coefficients are counted, and T has two."""
        return 0
