# SPDX-License-Identifier: Apache-2.0
"""Layer 7: the verbs, for Python; the command line calls the same.

Every parameter is explicit and typed. What is given is checked and turned into its type before any
work; `lmu_hw.checked` says how.
"""

from lmu_hw.api._given import calibration_data
from lmu_hw.api.build import configure, emit, quantize, read_design
from lmu_hw.api.run import ask, compare, implement, prove, reload, report, simulate, verify
from lmu_hw.api.search import search, sweep
from lmu_hw.data_files import read_data
from lmu_hw.load import draft_mapping, from_keras, from_torch, load, save

__all__ = [
    "ask",
    "calibration_data",
    "compare",
    "configure",
    "draft_mapping",
    "emit",
    "from_keras",
    "from_torch",
    "implement",
    "load",
    "prove",
    "quantize",
    "read_data",
    "read_design",
    "reload",
    "report",
    "save",
    "search",
    "simulate",
    "sweep",
    "verify",
]
