# SPDX-License-Identifier: Apache-2.0
"""Layer 6: word lengths that reach a target at least cost, and maps of what they cost.

`search` finds the cheapest design that reaches an accuracy or an error; `sweep` measures a grid of
word lengths. Both run on one core, on all cores, or on a Dask cluster, with the same results.
"""

from lmu_hw.search.cost import Cost, Costs
from lmu_hw.search.find import Unreachable
from lmu_hw.search.grid import SweepReport, sweep
from lmu_hw.search.lengths import Knob, Limits, WordLengths
from lmu_hw.search.pools import Workers
from lmu_hw.search.prepare import SEQUENCES
from lmu_hw.search.run import SearchResult, search
from lmu_hw.search.target import AccuracyTarget, ErrorTarget
from lmu_hw.search.write import checked_folder, write_sweep

__all__ = [
    "SEQUENCES",
    "AccuracyTarget",
    "Cost",
    "Costs",
    "ErrorTarget",
    "Knob",
    "Limits",
    "SearchResult",
    "SweepReport",
    "Unreachable",
    "WordLengths",
    "Workers",
    "checked_folder",
    "search",
    "sweep",
    "write_sweep",
]
