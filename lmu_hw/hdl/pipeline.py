# SPDX-License-Identifier: Apache-2.0
"""Control that accompanies data through a pipeline.

Registers of data, and what describes them, are clocked where a valid bit says that there is
something: an idle stage keeps what it held.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import data

__all__ = ["follow", "pipeline"]


def pipeline(m: Module, control: data.StructLayout, count: int) -> list[Signal]:
    """Add the stages ``s0``, ``s1``, ...; return them. Each follows the one before it."""
    stages = [Signal(control, name=f"s{n}") for n in range(count)]
    for before, after in pairwise(stages):
        follow(m, before, after)
    return stages


def follow(m: Module, before: Any, after: Any) -> None:
    """Make a stage the one before it a cycle later; what is beside ``valid`` only where that is."""
    m.d.sync += after.valid.eq(before.valid)
    with m.If(before.valid):
        m.d.sync += [after[name].eq(before[name]) for name, _ in after.shape() if name != "valid"]
