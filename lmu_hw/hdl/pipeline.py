# SPDX-License-Identifier: Apache-2.0
"""Control that accompanies data through a pipeline."""

from __future__ import annotations

from itertools import pairwise

from amaranth.hdl import Module, Signal
from amaranth.lib import data

__all__ = ["pipeline"]


def pipeline(m: Module, control: data.StructLayout, count: int) -> list[Signal]:
    """Add the stages ``s0``, ``s1``, ...; return them. Each is the one before it a cycle later."""
    stages = [Signal(control, name=f"s{n}") for n in range(count)]
    for before, after in pairwise(stages):
        m.d.sync += after.eq(before)
    return stages
