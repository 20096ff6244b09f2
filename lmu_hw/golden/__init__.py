# SPDX-License-Identifier: Apache-2.0
"""Layer 2: the golden model, bit-exact by construction; imports neither hardware nor plan."""

from lmu_hw.golden.model import GoldenModel, Trace
from lmu_hw.golden.overflows import Overflows

__all__ = ["GoldenModel", "Overflows", "Trace"]
