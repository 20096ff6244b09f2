# SPDX-License-Identifier: Apache-2.0
"""Layer 4: what quantization cost, as JSON, as one HTML page, and side by side.

`measure` compares a design with its float reference; `write_report` does so for a folder and
leaves ``report.json`` and ``report.html`` in it; `compare` puts folders beside each other.
"""

from lmu_hw.report.compare import Comparison, compare, write_comparison
from lmu_hw.report.document import Report
from lmu_hw.report.measure import measure
from lmu_hw.report.write import write_report

__all__ = ["Comparison", "Report", "compare", "measure", "write_comparison", "write_report"]
