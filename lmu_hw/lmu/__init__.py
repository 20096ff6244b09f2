# SPDX-License-Identifier: Apache-2.0
"""Layer 1: floating-point mathematics of the LMU; the yardstick for quantization."""

from lmu_hw.lmu.layers import DenseLayer, HiddenCell, LmuLayer, Memory
from lmu_hw.lmu.network import Network
from lmu_hw.lmu.system import Discretizer, discretize, legendre_system, orthonormal_scale

__all__ = [
    "DenseLayer",
    "Discretizer",
    "HiddenCell",
    "LmuLayer",
    "Memory",
    "Network",
    "discretize",
    "legendre_system",
    "orthonormal_scale",
]
