# SPDX-License-Identifier: Apache-2.0
"""Layer 3: from the float network to the quantized network."""

from lmu_hw.quantize.config import (
    Basis,
    Config,
    MemoryRange,
    MemoryScale,
    NodeConfig,
    Options,
    Realization,
)
from lmu_hw.quantize.configure import choose_formats, configure
from lmu_hw.quantize.convert import Quantization, convert, quantize, realized
from lmu_hw.quantize.provable import require_provable
from lmu_hw.quantize.refit import Refit
from lmu_hw.quantize.reloadable import require_reloadable
from lmu_hw.quantize.transform import realize

__all__ = [
    "Basis",
    "Config",
    "MemoryRange",
    "MemoryScale",
    "NodeConfig",
    "Options",
    "Quantization",
    "Realization",
    "Refit",
    "choose_formats",
    "configure",
    "convert",
    "quantize",
    "realize",
    "realized",
    "require_provable",
    "require_reloadable",
]
