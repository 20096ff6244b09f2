# SPDX-License-Identifier: Apache-2.0
"""Networks whose nodes keep what their narrowing drops."""

from __future__ import annotations

from dataclasses import replace

from lmu_hw.fixed import Overflow, Rounding
from lmu_hw.network import Node, QuantizedNetwork

__all__ = ["with_feedback"]


def with_feedback(
    network: QuantizedNetwork, overflow: Overflow = Overflow.SATURATE, *, everywhere: bool = False
) -> QuantizedNetwork:
    """Return the network with error feedback in its memories, or in every node that can have it."""

    def changed(node: Node) -> Node:
        can = node.activation is None and not node.last_only and node.dropped_bits > 0
        if not can or not (everywhere or node.name.endswith(".m")):
            return node
        requant = replace(node.requant, rounding=Rounding.FLOOR, overflow=overflow)
        return replace(node, requant=requant, error_feedback=True)

    layers = tuple(
        replace(layer, nodes=tuple(changed(node) for node in layer.nodes))
        for layer in network.layers
    )
    assert any(node.error_feedback for layer in layers for node in layer.nodes)
    return replace(network, layers=layers)
