# SPDX-License-Identifier: Apache-2.0
"""Layer 4: the emitted Verilog on real simulators, compared with the golden model word by word."""

from lmu_hw.simulate.run import CYCLE_BUDGET, Result, simulate
from lmu_hw.simulate.tools import Simulator, find

__all__ = ["CYCLE_BUDGET", "Result", "Simulator", "find", "simulate"]
