# SPDX-License-Identifier: Apache-2.0
"""Layer 0: fixed-point formats, rounding and overflow modes, integer operations on codes.

A *code* is the stored integer, a *value* the real number: ``value = code * 2**-frac_bits``.
"""

from lmu_hw.fixed.format import FixedFormat
from lmu_hw.fixed.modes import Overflow, Requant, Rounding

__all__ = ["FixedFormat", "Overflow", "Requant", "Rounding"]
