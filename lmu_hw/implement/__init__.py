# SPDX-License-Identifier: Apache-2.0
"""Layer 5: a design on a chip: synthesis, place and route, timing, bitstreams.

`implement` works on the folder of a design, `implement_verilog` on any Verilog with the same ports.
Tools come from PyPI: Yosys as pyosys, nextpnr and the packers as WebAssembly; only the timing of
standard cells needs a program that is not there, OpenSTA.
"""

from lmu_hw.implement.design import implement
from lmu_hw.implement.run import Job, implement_verilog
from lmu_hw.implement.targets import TARGETS, Target

__all__ = ["TARGETS", "Job", "Target", "implement", "implement_verilog"]
