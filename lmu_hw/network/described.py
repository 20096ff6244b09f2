# SPDX-License-Identifier: Apache-2.0
"""A design in a few words, such that two designs of one network have different ones."""

from __future__ import annotations

from typing import assert_never

from lmu_hw.lmu import Role
from lmu_hw.lmu.network import masked_words
from lmu_hw.network.kinds import AnyMemory, activation_of, realization_of
from lmu_hw.network.layers import QuantizedLayer, QuantizedNetwork
from lmu_hw.network.memory import MemoryNode
from lmu_hw.network.node import Node
from lmu_hw.summary import Facts

__all__ = ["design_words", "network_facts"]


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
    memory = f"{' and '.join(kinds)} memory" if kinds else "no memory"
    return ", ".join([memory, *filter(None, parts)])


def network_facts(network: QuantizedNetwork) -> tuple[str, Facts]:
    """Return a title and a few facts: what is computed in which formats, and how large it is."""
    output, scale = network.output, network.input_scale
    scaled = "" if scale == 1 else f", the input divided by {scale}"
    masked = masked_words(network.mask_value)
    answers = "at the end of a sequence" if network.answers_once else "at every step"
    coefficients = sum(node.coefficient_bits for node in network.nodes)
    tables = sum(node.table_bits for node in network.nodes)
    facts = [
        (
            "input",
            f"{network.inputs} x {network.input.format.notation()}{scaled}{masked}",
        ),
        *((layer.name, _signals(layer)) for layer in network.layers),
        ("output", f"{output.size} x {output.format.notation()}, {answers}"),
        ("stored", f"{coefficients:,} bits of coefficients, {tables:,} of tables"),
        ("state", f"{sum(layer.state_bits for layer in network.layers):,} bits"),
    ]
    return f"{network.name}: {design_words(network)}", facts


def _signals(layer: QuantizedLayer) -> str:
    return ", ".join(
        f"{node.role.value} {node.signal.size} x {node.signal.format.notation()}"
        for node in layer.nodes
    )


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
    few = ", ".join(f"{width}-" for width in others)
    return f"{few} and {last}-bit {what}" if few else f"{last}-bit {what}"
