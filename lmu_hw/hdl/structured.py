# SPDX-License-Identifier: Apache-2.0
"""The hardware of a structured memory, by the kind of its update."""

from __future__ import annotations

from amaranth.lib import data

from lmu_hw.hdl import scan, sweeps
from lmu_hw.hdl.memory_unit import MemoryUnit
from lmu_hw.hdl.two_pass import TwoPassUnit
from lmu_hw.network import MemoryNode, Scan, Semiseparable, TwoPass
from lmu_hw.plan import LayerPlan

__all__ = ["load_layout", "memory_unit"]

_UNITS = {Semiseparable: sweeps.SweepUnit, Scan: scan.ScanUnit, TwoPass: TwoPassUnit}


def memory_unit(plan: LayerPlan, node: MemoryNode) -> MemoryUnit:
    """Return the component that computes a structured memory."""
    return _UNITS[type(node.update)](plan, node)


def load_layout(plan: LayerPlan, node: MemoryNode) -> data.StructLayout:
    """Return the layout of a write to a memory whose plan is reloadable."""
    kind = scan if isinstance(node.update, Scan) else sweeps
    return kind.load_layout(plan, node)
