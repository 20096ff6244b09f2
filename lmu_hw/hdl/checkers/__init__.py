# SPDX-License-Identifier: Apache-2.0
"""What holds in every cycle of a design: the account and the properties of each kind of checker."""

from __future__ import annotations

from lmu_hw.hdl.checkers.checker import Checker
from lmu_hw.hdl.checkers.ports import AT_PORTS
from lmu_hw.hdl.checkers.registers import OF_REGISTERS
from lmu_hw.hdl.checkers.steps import OF_STEPS
from lmu_hw.hdl.checkers.vectors import OF_VECTORS

__all__ = ["CHECKERS", "Checker"]

CHECKERS = AT_PORTS | OF_VECTORS | OF_STEPS | OF_REGISTERS
