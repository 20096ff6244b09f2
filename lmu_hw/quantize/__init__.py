# SPDX-License-Identifier: Apache-2.0
"""Layer 2: from the float network to the quantized network."""

from lmu_hw.quantize.config import (
    Basis,
    Config,
    MemoryRange,
    MemoryScale,
    NodeConfig,
    Options,
)
from lmu_hw.quantize.configure import configure
from lmu_hw.quantize.convert import quantize
from lmu_hw.quantize.transform import realize

__all__ = [
    "Basis",
    "Config",
    "MemoryRange",
    "MemoryScale",
    "NodeConfig",
    "Options",
    "configure",
    "quantize",
    "realize",
]
