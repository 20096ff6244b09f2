# SPDX-License-Identifier: Apache-2.0
"""What the schedules of all memory units have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from lmu_hw.fixed import FixedFormat
from lmu_hw.network import Update

__all__ = ["MEMORY_LATENCY", "MemoryPlan"]

MEMORY_LATENCY = 8
"""Cycles from the last state that a unit reads until its new code can be read by others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryPlan(ABC):
    """Schedule of a memory with an update of its own.

    Parameters
    ----------
    update : Update
    segments : int
    lanes : int
        Multipliers, one of `lane_counts`.
    stall : int
        Cycles that the unit waits for its inputs.
    reloadable : bool
        Coefficients can be written at run time; only where the update is reloadable.
    in_order : bool
        The states of a segment must leave the unit before those of the next.
    """

    update: Update
    segments: int
    lanes: int
    stall: int
    reloadable: bool
    in_order: bool

    @classmethod
    @abstractmethod
    def lane_counts(cls, update: Update, lanes: int | None, beat: int) -> list[int]:
        """Return the numbers of multipliers that a unit can be built with, in increasing order.

        Parameters
        ----------
        update : Update
        lanes : int or None
            Upper limit.
        beat : int
            Elements that leave the unit in one cycle.
        """

    @property
    @abstractmethod
    def busy(self) -> int:
        """Cycles in which the unit reads states."""

    @property
    @abstractmethod
    def chain(self) -> int:
        """States computed at once."""

    @abstractmethod
    def factor_bits(self, state: FixedFormat) -> tuple[int, int]:
        """Return the bits of coefficient and operand of a multiplier, with their signs.

        Parameters
        ----------
        state : FixedFormat
            Of the states.
        """

    @property
    def loop_ns(self) -> float:
        """Longest path that grows with the multipliers, in ns on an ECP5 of speed grade 6."""
        return 0.0

    @property
    def loop_in_a_cycle(self) -> bool:
        """A state depends on the one before within one cycle."""
        return False

    @property
    def interleaved(self) -> bool:
        """The segments take turns at every state; otherwise they follow each other."""
        return False

    @property
    def rom_bits(self) -> int:
        """Bits of coefficients in memories, padding included."""
        return 0

    @property
    def tail(self) -> int:
        """Cycles from the last state read until its code can be read by others."""
        return MEMORY_LATENCY

    @property
    def cycles(self) -> int:
        """Cycles in which no other node can be computed."""
        return self.stall + self.busy
