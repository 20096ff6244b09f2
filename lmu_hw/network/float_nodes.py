# SPDX-License-Identifier: Apache-2.0
"""The nodes of a float layer: what is summed, in which order, and what is applied to the sum.

This is the one place where a layer is taken apart; configuration, conversion and the prediction of
errors walk this list. Its nodes have the names that they have in the float trace.
"""

from __future__ import annotations

from typing import assert_never

import numpy as np

from lmu_hw.lmu import DenseLayer, LmuLayer, RecurrentLayer, Role, node_name
from lmu_hw.lmu.layers import Layer
from lmu_hw.network import INPUT
from lmu_hw.network.float_cells import cell_nodes
from lmu_hw.network.float_kinds import (
    AnyFloatNode,
    FloatElementwise,
    FloatNode,
    FloatTerm,
    float_node,
    terms_of,
)

__all__ = [
    "AnyFloatNode",
    "FloatElementwise",
    "FloatNode",
    "FloatTerm",
    "float_nodes",
    "memory_nodes",
    "outputs",
]


def float_nodes(layer: Layer) -> list[AnyFloatNode]:
    """Return the nodes of a layer in evaluation order; those of an LMU layer start with u and m.

    Terms are listed in the order in which hardware reads them: the value computed last comes last.
    """
    match layer:
        case DenseLayer():
            terms = terms_of((INPUT, False, layer.W))
            dense = float_node(layer.name, Role.DENSE, terms, layer.b, layer.activation)
            return [dense, *_copies(layer)]
        case LmuLayer():
            return [*memory_nodes(layer), *_readers(layer), *_copies(layer)]
        case RecurrentLayer():
            return [*cell_nodes(layer.name, layer.cell, last_only=False), *_copies(layer)]
    assert_never(layer)


def memory_nodes(layer: LmuLayer) -> tuple[FloatNode, FloatNode]:
    """Return u and m of an LMU layer."""
    u, m, h = (node_name(layer.name, role) for role in (Role.ENCODED, Role.MEMORY, Role.HIDDEN))
    encoders = terms_of((h, True, layer.E_h), (m, True, layer.E_m), (INPUT, False, layer.E_x))
    update = terms_of((m, True, layer.memory.A), (u, False, layer.memory.B[:, None]))
    return (
        float_node(layer.name, Role.ENCODED, encoders, layer.b_u, layer.encoder),
        float_node(layer.name, Role.MEMORY, update, segments=layer.memory_d),
    )


def outputs(layer: Layer) -> tuple[str, ...]:
    """Return the names of the nodes that make up a layer's output vector, in order."""
    roles = [_answer(layer), *([Role.PASSED_INPUT] if layer.copies else [])]
    return tuple(node_name(layer.name, role) for role in roles)


def _answer(layer: Layer) -> Role:
    """Return the role of what a layer computes for others."""
    match layer:
        case DenseLayer():
            return Role.DENSE
        case LmuLayer(hidden=None):
            return Role.MEMORY
        case LmuLayer() | RecurrentLayer():
            return Role.HIDDEN
    assert_never(layer)


def _copies(layer: Layer) -> list[FloatNode]:
    """Return the node that copies columns of the input, if there are any."""
    if not layer.copies:
        return []
    identity = terms_of((INPUT, False, np.eye(layer.inputs)[list(layer.copies)]))
    once = not layer.return_sequences
    return [float_node(layer.name, Role.PASSED_INPUT, identity, last_only=once)]


def _readers(layer: LmuLayer) -> list[AnyFloatNode]:
    """Return the nodes behind the memory."""
    if layer.hidden is None:
        return []
    fed_back = layer.hidden.W_h is not None or layer.E_h is not None
    last_only = not layer.return_sequences and not fed_back
    return cell_nodes(layer.name, layer.hidden, last_only=last_only)
