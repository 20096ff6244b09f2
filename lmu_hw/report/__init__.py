# SPDX-License-Identifier: Apache-2.0
"""Layer 5: what quantization cost, as JSON, as one HTML page, and side by side.

`write_report` measures the design of a folder and leaves ``report.json`` and ``report.html`` in it;
`compare` puts folders beside each other.
"""

from lmu_hw.report.compare import Comparison, compare
from lmu_hw.report.compare_write import write_comparison
from lmu_hw.report.write import write_report

__all__ = ["Comparison", "compare", "write_comparison", "write_report"]
