# SPDX-License-Identifier: Apache-2.0
"""The schedule of an element-wise node: a beat of elements in every cycle."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ELEMENTWISE_LATENCY", "ElementwisePlan"]

ELEMENTWISE_LATENCY = 7
"""Cycles from a beat that is read to its codes in memory: read, select, multiply, add, round,
pass, write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementwisePlan:
    """Schedule of an element-wise node.

    Parameters
    ----------
    busy : int
        Beats of the node, and cycles in which its unit reads.
    wait : int
        Cycles from the last word that the node before reads until its codes can be read.
    ahead : int
        Cycles of these in which the unit reads already: what an element-wise node before it writes
        comes in the same order.
    tail : int
        Cycles from the last beat read until its codes can be read by others.
    """

    busy: int
    wait: int
    ahead: int
    tail: int

    @property
    def stall(self) -> int:
        """Cycles that the unit waits for the node before it."""
        return max(self.wait - self.ahead, 0)

    @property
    def cycles(self) -> int:
        """Cycles in which no other node can be computed."""
        return self.stall + self.busy
