# SPDX-License-Identifier: Apache-2.0
"""Layer 4: measuring: what the fixed point of a design costs, node by node and in its task."""

from lmu_hw.measure.results import Report
from lmu_hw.measure.run import measure

__all__ = ["Report", "measure"]
