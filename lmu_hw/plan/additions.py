# SPDX-License-Identifier: Apache-2.0
"""What a design has that its plan is not chosen by, but that takes area and may take clock."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lmu_hw.plan.interleaving import interleaved
from lmu_hw.plan.pipeline import Plan
from lmu_hw.plan.states import require_states

__all__ = ["Additions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Additions:
    """Registers, access to states, and streams.

    Attributes
    ----------
    registers, state_access : bool
    streams : int
        Independent sequences on one datapath.
    """

    registers: bool = False
    state_access: bool = False
    streams: int = 1

    def to(self, plan: Plan) -> Plan:
        """Return a plan with them.

        Raises
        ------
        ConfigError
            If nothing of the design can be accessed between steps, though it should.
        """
        plan = replace(plan, registers=self.registers, state_access=self.state_access)
        if self.state_access:
            require_states(plan)
        return interleaved(plan, self.streams)
