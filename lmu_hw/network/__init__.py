# SPDX-License-Identifier: Apache-2.0
"""Layer 1: the quantized network: the only source of truth about numbers.

The golden model and the hardware generator both read it, and neither reads the other. A layer is a
list of nodes: ordinary ones (`node`: a sum of products and one narrowing), element-wise ones
(`elementwise`: products of vectors), and memories with an update of their own (`memory`, which
lists the updates). If a bit of behaviour is not in here, it does not exist.
"""

from lmu_hw.network.codes import Codes, Products, Signal
from lmu_hw.network.elementwise import ElementwiseNode, Factor, Product
from lmu_hw.network.layers import AnyNode, QuantizedLayer, QuantizedNetwork
from lmu_hw.network.memory import MemoryNode, Update, entry_of
from lmu_hw.network.node import INPUT, Node, Rectifier, Table, Term, pre_activation

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
    "Signal",
    "Table",
    "Term",
    "Update",
    "entry_of",
    "pre_activation",
]
