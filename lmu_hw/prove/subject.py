# SPDX-License-Identifier: Apache-2.0
"""What is proved: a network, the plan of its hardware, and the cells of the Verilog."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lmu_hw.network import QuantizedNetwork
from lmu_hw.plan import Plan
from lmu_hw.prove.hardware.netlist import Netlist

__all__ = ["Subject", "Tell"]

Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is proved."""

    network: QuantizedNetwork
    plan: Plan
    netlist: Netlist
