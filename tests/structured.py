# SPDX-License-Identifier: Apache-2.0
"""Small networks whose memory is computed by two recursions."""

from __future__ import annotations

from dataclasses import replace

from lmu_hw.lmu import (
    Discretizer,
    alternating_signs,
    discretize,
    orthonormal_scale,
    semiseparable,
)
from lmu_hw.network import MemoryNode, Node, QuantizedNetwork
from lmu_hw.realize.recursions import recursion_formats, semiseparable_update

__all__ = ["signed_memory", "with_sweeps"]


def signed_memory(order: int, theta: float, discretizer: Discretizer = Discretizer.BILINEAR):
    """Return A and B in the orthonormal basis with alternating signs."""
    A, B = discretize(order, theta, discretizer)
    scale = orthonormal_scale(order) * alternating_signs(order)
    return A * scale / scale[:, None], B / scale


def with_sweeps(
    network: QuantizedNetwork,
    *,
    theta: float = 6.0,
    bits: int = 8,
    rank: int = 1,
    heard: float = 0.96,
    row_shifts: bool = True,
) -> QuantizedNetwork:
    """Return the network with every memory replaced by a semiseparable one of the same order.

    Rank 1 is the bilinear memory, a higher rank that of ZOH. What reads the memory stays as it is.
    """
    method = Discretizer.BILINEAR if rank == 1 else Discretizer.ZOH
    layers = []
    for layer in network.layers:
        nodes = []
        for node in layer.nodes:
            if node.name == f"{layer.name}.m" and isinstance(node, Node):
                A, B = signed_memory(node.rows, theta, method)
                generators = semiseparable(A, heard * B, rank)
                source = layer.signals[f"{layer.name}.u"].format
                formats = recursion_formats(
                    generators, bits, node.requant.format, source, where=node.name
                )
                node = MemoryNode(
                    layer=node.layer,
                    segments=node.segments,
                    source=f"{layer.name}.u",
                    update=semiseparable_update(
                        generators, formats, row_shifts=row_shifts, where=node.name
                    ),
                    requant=node.requant,
                )
            nodes.append(node)
        layers.append(replace(layer, nodes=tuple(nodes)))
    return replace(network, layers=tuple(layers))
