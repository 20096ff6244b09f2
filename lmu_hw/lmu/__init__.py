# SPDX-License-Identifier: Apache-2.0
"""Layer 1: floating-point mathematics of the LMU; the yardstick for quantization."""

from lmu_hw.lmu.cells import GruCell, HiddenCell, LstmCell, SimpleCell
from lmu_hw.lmu.layers import DenseLayer, LmuLayer, RecurrentLayer
from lmu_hw.lmu.memory import Memory
from lmu_hw.lmu.network import Network
from lmu_hw.lmu.roles import Role, node_name
from lmu_hw.lmu.semiseparable import Generators, semiseparable, semiseparable_rank
from lmu_hw.lmu.system import (
    Discretizer,
    alternating_signs,
    discretize,
    legendre_system,
    orthonormal_scale,
)
from lmu_hw.lmu.window import (
    Window,
    find_window,
    measured_window,
    transposed_window,
    window,
)

__all__ = [
    "DenseLayer",
    "Discretizer",
    "Generators",
    "GruCell",
    "HiddenCell",
    "LmuLayer",
    "LstmCell",
    "Memory",
    "Network",
    "RecurrentLayer",
    "Role",
    "SimpleCell",
    "Window",
    "alternating_signs",
    "discretize",
    "find_window",
    "legendre_system",
    "measured_window",
    "node_name",
    "orthonormal_scale",
    "semiseparable",
    "semiseparable_rank",
    "transposed_window",
    "window",
]
