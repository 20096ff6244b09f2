# SPDX-License-Identifier: Apache-2.0
"""The schedules of memories, by their update."""

from __future__ import annotations

from lmu_hw.network import Update, entry_of
from lmu_hw.network.scan import Scan
from lmu_hw.network.semiseparable import Semiseparable
from lmu_hw.network.two_pass import TwoPass
from lmu_hw.plan.memory_plan import MemoryPlan
from lmu_hw.plan.scan import ScanPlan
from lmu_hw.plan.semiseparable import SemiseparablePlan
from lmu_hw.plan.two_pass import TwoPassPlan

__all__ = ["plan_class"]

_PLANS: dict[type, type[MemoryPlan]] = {
    Semiseparable: SemiseparablePlan,
    Scan: ScanPlan,
    TwoPass: TwoPassPlan,
}


def plan_class(update: Update) -> type[MemoryPlan]:
    """Return the class of the schedules of an update."""
    return entry_of(_PLANS, update)
