# SPDX-License-Identifier: Apache-2.0
"""The network of a design with another window in every memory."""

from __future__ import annotations

from dataclasses import replace

from lmu_hw.checked import real
from lmu_hw.design import Design
from lmu_hw.errors import ConfigError
from lmu_hw.lmu import LmuLayer
from lmu_hw.network import AnyNode, MemoryNode, QuantizedNetwork
from lmu_hw.proofs import prove_range, quantized_memories, require_forbidden
from lmu_hw.quantize import require_reloadable
from lmu_hw.quantize.memories import memory_node

__all__ = ["at_window", "checked_window"]


def checked_window(theta: object) -> float:
    """Return a window in steps, or raise `ConfigError`."""
    return real(theta, "`theta`", above=0.0, rule="a positive number of steps")


def at_window(design: Design, theta: float) -> QuantizedNetwork:
    """Return the network of a design with another window in every memory, in the same formats.

    Raises
    ------
    ConfigError
        If a memory is neither semiseparable of rank 1 nor a scan, or a coefficient does not fit.
    StabilityError
        If a memory is not stable with this window.
    NetworkError
        If an overflow that hardware does not handle is not proved impossible with this window.
    """
    theta = checked_window(theta)
    instead = "give a `network` with another window to a design that is `reloadable` all"
    require_reloadable(design.reference, design.config, instead=instead)
    floats = {layer.name: layer for layer in design.reference.layers}
    layers = []
    for layer in design.network.layers:
        nodes: list[AnyNode] = []
        for node in layer.nodes:
            float_layer = floats[layer.name]
            if isinstance(node, MemoryNode) and isinstance(float_layer, LmuLayer):
                node = _moved(design, float_layer, node, theta)
            nodes.append(node)
        layers.append(replace(layer, nodes=tuple(nodes)))
    network = replace(design.network, layers=tuple(layers))
    proofs = {memory.name: prove_range(memory) for memory in quantized_memories(network)}
    require_forbidden(network, proofs)
    return network


def _moved(design: Design, layer: LmuLayer, node: MemoryNode, theta: float) -> AnyNode:
    config = design.config.nodes[node.name]
    moved = replace(config, realization=config.realization.at_window(theta))
    source = design.config.nodes[node.source].signal_format
    try:
        return memory_node(layer, moved, source, design.config.memory_scale.get(layer.name))
    except ConfigError as error:
        raise ConfigError(
            f"{error}; a window of {theta:g} steps needs hardware that was generated for one as "
            "short"
        ) from None
