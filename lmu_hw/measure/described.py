# SPDX-License-Identifier: Apache-2.0
"""A design in a few words, such that two designs of one network have different ones."""

from __future__ import annotations

from typing import assert_never

from lmu_hw.lmu import Role
from lmu_hw.measure.words import listed
from lmu_hw.network import (
    AnyMemory,
    MemoryNode,
    Node,
    QuantizedNetwork,
    activation_of,
    realization_of,
)

__all__ = ["design_words"]


def design_words(network: QuantizedNetwork) -> str:
    """Return how the memories of a network are computed, and its word lengths."""
    memories = network.memories
    nodes = [node for layer in network.layers for node in layer.nodes]
    weights = {
        term.weights.format.width
        for node in nodes
        if isinstance(node, Node) and node.role not in (Role.MEMORY, Role.PASSED_INPUT)
        for term in node.terms
    }
    coefficients = {width for memory in memories for width in _coefficient_widths(memory)}
    functions = {node.signal.format.width for node in nodes if activation_of(node) is not None}
    states = {memory.signal.format.width for memory in memories}
    kinds = dict.fromkeys(realization_of(memory) for memory in memories)
    parts = [
        _widths(weights, "weights"),
        _widths(coefficients, "memory coefficients") if coefficients != weights else "",
        _widths(states, "states"),
        _widths(functions, "activations"),
    ]
    memory = f"{listed(list(kinds))} memory" if kinds else "no memory"
    return ", ".join([memory, *filter(None, parts)])


def _coefficient_widths(memory: AnyMemory) -> set[int]:
    match memory:
        case Node():
            return {term.weights.format.width for term in memory.terms}
        case MemoryNode():
            return {codes.format.width for _, codes in memory.coefficients}
    assert_never(memory)


def _widths(bits: set[int], what: str) -> str:
    """Return '8- and 12-bit weights'; nothing of no bits."""
    if not bits:
        return ""
    *others, last = sorted(bits)
    return listed([*(f"{width}-" for width in others), f"{last}-bit {what}"])
