# SPDX-License-Identifier: Apache-2.0
"""Layer 3: how a memory is computed: one object for each realization, and their registry.

A realization says everything that is known of it outside of its arithmetic: its name and help, its
basis, its matrices, its formats and integers, and what it can do. The configuration holds it.
"""

from lmu_hw.realize.base import Basis, MemoryRealization
from lmu_hw.realize.dense import DenseRealization
from lmu_hw.realize.registry import (
    REALIZATIONS,
    AnyRealization,
    Realization,
    realization,
    reloadable_kinds,
)
from lmu_hw.realize.scan import ScanRealization
from lmu_hw.realize.semiseparable import SemiseparableRealization
from lmu_hw.realize.two_pass import TwoPassRealization

__all__ = [
    "REALIZATIONS",
    "AnyRealization",
    "Basis",
    "DenseRealization",
    "MemoryRealization",
    "Realization",
    "ScanRealization",
    "SemiseparableRealization",
    "TwoPassRealization",
    "realization",
    "reloadable_kinds",
]
