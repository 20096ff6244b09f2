# SPDX-License-Identifier: Apache-2.0
"""Layer 1: the quantized network: the only source of truth about numbers.

The golden model and the hardware generator both read it, and neither reads the other. A layer is a
list of nodes: ordinary ones (`node`: a sum of products and one narrowing), element-wise ones
(`elementwise`: products of vectors), and memories with an update of their own (`memory`, which
lists the updates). Each has a role in its layer, by which memories are found; `protocol` is what
all of them answer, `kinds` the closed sets. If a bit of behaviour is not in here, it does not
exist.
"""

from lmu_hw.network.activation import Activation, Rectifier, Table
from lmu_hw.network.codes import Codes, Products, Signal
from lmu_hw.network.elementwise import ElementwiseNode, Factor, Product
from lmu_hw.network.interpolation import Interpolation, Offsets, Slopes
from lmu_hw.network.kinds import AnyMemory, AnyNode, activation_of, has_feedback, realization_of
from lmu_hw.network.layers import QuantizedLayer, QuantizedNetwork
from lmu_hw.network.memory import MemoryNode, Update, entry_of
from lmu_hw.network.node import INPUT, Node, Term
from lmu_hw.network.protocol import LayerNode, Read
from lmu_hw.network.state import (
    State,
    StateVector,
    check_state,
    layer_state_vectors,
    residue_name,
    state_codes,
    state_vectors,
)
from lmu_hw.network.stream import (
    DEFAULT_WIDTH,
    VECTOR,
    WHOLE_VECTORS,
    Elements,
    Last,
    Packet,
    Stream,
    element_bits,
    stream_of,
    streams_of,
)

__all__ = [
    "DEFAULT_WIDTH",
    "INPUT",
    "VECTOR",
    "WHOLE_VECTORS",
    "Activation",
    "AnyMemory",
    "AnyNode",
    "Codes",
    "Elements",
    "ElementwiseNode",
    "Factor",
    "Interpolation",
    "Last",
    "LayerNode",
    "MemoryNode",
    "Node",
    "Offsets",
    "Packet",
    "Product",
    "Products",
    "QuantizedLayer",
    "QuantizedNetwork",
    "Read",
    "Rectifier",
    "Signal",
    "Slopes",
    "State",
    "StateVector",
    "Stream",
    "Table",
    "Term",
    "Update",
    "activation_of",
    "check_state",
    "element_bits",
    "entry_of",
    "has_feedback",
    "layer_state_vectors",
    "realization_of",
    "residue_name",
    "state_codes",
    "state_vectors",
    "stream_of",
    "streams_of",
]
