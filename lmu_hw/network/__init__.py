# SPDX-License-Identifier: Apache-2.0
"""Layer 1: the quantized network: the only source of truth about numbers.

The golden model and the hardware generator both read it, and neither reads the other. A layer is a
list of nodes: ordinary ones (`node`: a sum of products and one narrowing), element-wise ones
(`elementwise`: products of vectors), and structured memories (`memory`: two sweeps over the states;
`scan` and `two_pass`: running sums). If a bit of behaviour is not in here, it does not exist.
"""

from lmu_hw.network.codes import Codes, Products, Signal
from lmu_hw.network.elementwise import ElementwiseNode, Factor, Product
from lmu_hw.network.layers import AnyNode, QuantizedLayer, QuantizedNetwork
from lmu_hw.network.memory import MemoryNode, Semiseparable, SweepSums, Update
from lmu_hw.network.node import INPUT, Node, Rectifier, Table, Term, pre_activation
from lmu_hw.network.scan import Scan, ScanSums
from lmu_hw.network.two_pass import TwoPass, TwoPassSums

__all__ = [
    "INPUT",
    "AnyNode",
    "Codes",
    "ElementwiseNode",
    "Factor",
    "MemoryNode",
    "Node",
    "Product",
    "Products",
    "QuantizedLayer",
    "QuantizedNetwork",
    "Rectifier",
    "Scan",
    "ScanSums",
    "Semiseparable",
    "Signal",
    "SweepSums",
    "Table",
    "Term",
    "TwoPass",
    "TwoPassSums",
    "Update",
    "pre_activation",
]
