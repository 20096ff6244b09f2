# SPDX-License-Identifier: Apache-2.0
"""The closed sets of nodes, and what only some kinds of them have.

Kinds are told apart by `match` that ends in `assert_never`, so that the type checker finds every
place which a further kind must reach; what they have in common is `LayerNode`.
"""

from __future__ import annotations

from typing import assert_never

from lmu_hw.network.activation import Activation
from lmu_hw.network.elementwise import ElementwiseNode
from lmu_hw.network.memory import MemoryNode
from lmu_hw.network.node import Node

__all__ = ["AnyMemory", "AnyNode", "activation_of", "has_feedback", "realization_of"]

AnyMemory = Node | MemoryNode
"""A memory: dense, by its matrices, or structured."""

AnyNode = Node | ElementwiseNode | MemoryNode


def activation_of(node: AnyNode) -> Activation | None:
    """Return what is applied to the narrowed sum of a node; a memory by its update is linear."""
    match node:
        case Node() | ElementwiseNode():
            return node.activation
        case MemoryNode():
            return None
    assert_never(node)


def has_feedback(node: AnyNode) -> bool:
    """Say whether what the narrowing drops is added to the next step's sum."""
    match node:
        case Node():
            return node.error_feedback
        case ElementwiseNode() | MemoryNode():
            return False
    assert_never(node)


def realization_of(memory: AnyMemory) -> str:
    """Return how a memory is computed: by its matrices, or by the kind of its update."""
    match memory:
        case Node():
            return "dense"
        case MemoryNode():
            return memory.realization
    assert_never(memory)
