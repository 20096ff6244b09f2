# SPDX-License-Identifier: Apache-2.0
"""Layer 4: Amaranth components; the only package that imports amaranth.

It reads the quantized network and the plan, never the golden model nor the integer operations.
"""

from lmu_hw.hdl.top import NetworkTop
from lmu_hw.hdl.verilog import emit_verilog

__all__ = ["NetworkTop", "emit_verilog"]
