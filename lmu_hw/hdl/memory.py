# SPDX-License-Identifier: Apache-2.0
"""The hardware of memories, by their update."""

from __future__ import annotations

from lmu_hw.hdl.memory_unit import MemoryUnit
from lmu_hw.hdl.scan import ScanUnit
from lmu_hw.hdl.semiseparable import SemiseparableUnit
from lmu_hw.hdl.two_pass import TwoPassUnit
from lmu_hw.network import MemoryNode, entry_of
from lmu_hw.network.scan import Scan
from lmu_hw.network.semiseparable import Semiseparable
from lmu_hw.network.two_pass import TwoPass

__all__ = ["unit_class"]

_UNITS: dict[type, type[MemoryUnit]] = {
    Semiseparable: SemiseparableUnit,
    Scan: ScanUnit,
    TwoPass: TwoPassUnit,
}


def unit_class(node: MemoryNode) -> type[MemoryUnit]:
    """Return the component that computes a memory."""
    return entry_of(_UNITS, node.update)
