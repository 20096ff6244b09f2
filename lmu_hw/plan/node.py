# SPDX-License-Identifier: Apache-2.0
"""The schedule of one node that is a sum, and how a vector lies in memory."""

from __future__ import annotations

from dataclasses import dataclass

from lmu_hw.network import INPUT, Term

__all__ = [
    "DRAIN_LATENCY",
    "MAC_LATENCY",
    "TABLE_LATENCY",
    "NodePlan",
    "Storage",
    "is_fresh",
]

MAC_LATENCY = 5
"""Cycles from the address of a coefficient to the finished sum: read, select, multiply, add."""

DRAIN_LATENCY = 5
"""Cycles from a row leaving the array to its code in memory: bias, round, pass, select, write."""

TABLE_LATENCY = 3
"""Cycles in which a table answers: read, register, multiply; the last sum belongs to selecting. A
code passes in one of them where the layer has no table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """How a vector lies in a memory of `columns`-element words.

    Parameters
    ----------
    segments : int
        Parts that start on a word of their own.
    length : int
        Elements of a segment.
    words : int
        Words of all segments.
    """

    segments: int
    length: int
    words: int

    @property
    def words_per_segment(self) -> int:
        """Words of one segment."""
        return self.words // self.segments


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePlan:
    """Schedule of one node.

    Parameters
    ----------
    segments : int
        Passes over the rows, one for each memory.
    groups : int
        Groups of rows in one pass.
    blocks : tuple of int
        Words read for each term in one group.
    period : int
        Cycles of one group: its words, or the beats it takes to drain the group before.
    stall : int
        Cycles that the first group waits for the node before it, whose codes it reads.
    tail : int
        Cycles from the last word read until the codes can be read.
    """

    segments: int
    groups: int
    blocks: tuple[int, ...]
    period: int
    stall: int
    tail: int

    @property
    def idle(self) -> int:
        """Cycles before the words of a group, in which the group before drains."""
        return self.period - sum(self.blocks)

    @property
    def rom_words(self) -> int:
        """Words of coefficients, each holding one coefficient for every multiplier."""
        return self.groups * sum(self.blocks)

    @property
    def cycles(self) -> int:
        """Cycles in which the node occupies the multipliers."""
        return self.stall + self.segments * self.groups * self.period


def is_fresh(term: Term) -> bool:
    """Say whether a term reads what a node before it has computed in the same step."""
    return term.source != INPUT and not term.delayed
