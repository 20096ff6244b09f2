# SPDX-License-Identifier: Apache-2.0
"""Layer 2: the golden model, bit-exact by construction; imports neither hardware nor plan."""

from lmu_hw.golden.model import GoldenModel, Trace

__all__ = ["GoldenModel", "Trace"]
