# SPDX-License-Identifier: Apache-2.0
"""Turning a float network and a configuration into integers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lmu_hw.errors import ConfigError
from lmu_hw.lmu import LmuLayer, Network
from lmu_hw.lmu.layers import Layer
from lmu_hw.names import design_name
from lmu_hw.network import (
    INPUT,
    AnyNode,
    MemoryNode,
    Node,
    QuantizedLayer,
    QuantizedNetwork,
    Signal,
)
from lmu_hw.network.float_nodes import float_nodes, memory_nodes, outputs
from lmu_hw.proofs import RangeProof
from lmu_hw.quantize.config import Config, NodeConfig
from lmu_hw.quantize.fitted import Memories, quantize_memories
from lmu_hw.quantize.loop import stable_loop
from lmu_hw.quantize.sums import quantize_node
from lmu_hw.quantize.transform import realize

__all__ = ["Quantization", "assemble", "convert", "quantize", "realized"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Quantization:
    """A quantized network, and all that was settled on the way to it.

    Attributes
    ----------
    network : QuantizedNetwork
    config : Config
        What it follows from, beside the trained network.
    memories : Memories
        With the float network in the basis and scale of the hardware.
    ranges : mapping of memory name to RangeProof
        Empty where none was asked for.
    """

    network: QuantizedNetwork
    config: Config
    memories: Memories
    ranges: Mapping[str, RangeProof] = field(default_factory=dict)


def realized(network: Network, config: Config) -> Network:
    """Return the float network that a configuration quantizes, in its basis and scale."""
    return realize(
        network,
        basis=config.basis,
        input_scale=config.input_scale,
        memory_scale=config.memory_scale,
        realizations=config.realizations(network),
    )


def quantize(network: Network, config: Config, *, model_digest: str) -> QuantizedNetwork:
    """Return the quantized network of a trained network; see `convert`."""
    return convert(network, config, model_digest=model_digest).network


def convert(network: Network, config: Config, *, model_digest: str) -> Quantization:
    """Quantize a trained network under a configuration.

    Parameters
    ----------
    network : Network
        As trained.
    config : Config
    model_digest : str
        SHA-256 of the trained network, kept for the manifest.

    Raises
    ------
    ConfigError
        If the configuration does not describe this network, or a weight does not fit its format.
    StabilityError
        If a memory is not stable as rounded, and repair is not asked for or fails.
    """
    memories = quantize_memories(realized(network, config), config.memory_scale, config.nodes)
    return assemble(network, memories, config, model_digest=model_digest)


def assemble(
    network: Network, memories: Memories, config: Config, *, model_digest: str
) -> Quantization:
    """Quantize what surrounds the memories of a network; see `convert`.

    Parameters
    ----------
    network : Network
        As trained.
    memories : Memories
        Quantized, with the rewritten network that reads them.
    config : Config
    model_digest : str
    """
    signal, nodes = Signal(size=network.inputs, format=config.input.format), memories.nodes
    layers = []
    for layer in memories.network.layers:
        layers.append(_layer(layer, signal, nodes, config.nodes))
        signal = layers[-1].output
    for name in config.memory_scale:
        if not any(isinstance(layer, LmuLayer) and layer.name == name for layer in network.layers):
            raise ConfigError(f"the configuration scales the memory of an unknown layer {name!r}")
    known = {node.name for layer in layers for node in layer.nodes}
    for name in config.nodes:
        if name not in known:
            raise ConfigError(f"the configuration names a node {name!r} that the network lacks")
    return Quantization(
        network=QuantizedNetwork(
            name=design_name(network.name),
            input=config.input,
            input_scale=config.input_scale,
            layers=tuple(layers),
            answers_once=network.answers_once,
            softmax=network.softmax,
            model_digest=model_digest,
            mask_value=network.mask_value,
        ),
        config=config,
        memories=memories,
    )


def _layer(
    layer: Layer,
    source: Signal,
    memories: Mapping[str, Node | MemoryNode],
    configs: Mapping[str, NodeConfig],
) -> QuantizedLayer:
    formats = {INPUT: source.format}
    float_list = float_nodes(layer)
    for node in float_list:
        if node.name not in configs:
            raise ConfigError(f"the configuration lacks the node {node.name!r}")
        formats[node.name] = configs[node.name].signal_format
    nodes: list[AnyNode] = [
        memories.get(node.name) or quantize_node(node, configs[node.name], formats)
        for node in float_list
    ]
    if isinstance(layer, LmuLayer) and isinstance(nodes[0], Node):
        repair = configs[nodes[1].name].repair
        nodes[0] = stable_loop(layer, memory_nodes(layer), nodes[0], nodes[1], repair=repair)
    return QuantizedLayer(
        name=layer.name,
        input=source,
        nodes=tuple(nodes),
        outputs=outputs(layer),
        last_only=not layer.return_sequences,
    )
