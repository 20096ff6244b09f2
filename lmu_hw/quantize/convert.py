# SPDX-License-Identifier: Apache-2.0
"""Turning a float network and a configuration into integers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lmu_hw.errors import ConfigError
from lmu_hw.lmu import LmuLayer, Network
from lmu_hw.lmu.layers import Layer
from lmu_hw.names import design_name
from lmu_hw.network import INPUT, AnyNode, Node, QuantizedLayer, QuantizedNetwork, Signal
from lmu_hw.network.float_nodes import float_nodes, memory_nodes, outputs
from lmu_hw.quantize.config import Config, NodeConfig
from lmu_hw.quantize.loop import stable_loop
from lmu_hw.quantize.memories import Memories, quantize_memories
from lmu_hw.quantize.refit import Refit
from lmu_hw.quantize.sums import quantize_node
from lmu_hw.quantize.transform import realize

__all__ = ["Quantization", "assemble", "convert", "quantize", "realized"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantization:
    """A quantized network, and what was done to its read-outs.

    Attributes
    ----------
    network : QuantizedNetwork
    refits : tuple of Refit
    """

    network: QuantizedNetwork
    refits: tuple[Refit, ...]


def realized(network: Network, config: Config) -> Network:
    """Return the float network that a configuration quantizes, in its basis and scale."""
    return realize(
        network,
        basis=config.basis,
        input_scale=config.input_scale,
        memory_scale=config.memory_scale,
        realizations=config.realizations,
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
    signal = Signal(size=network.inputs, format=config.input.format)
    layers = []
    for layer in memories.network.layers:
        layers.append(_layer(layer, signal, memories, config.nodes))
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
        ),
        refits=memories.refits,
    )


def _layer(
    layer: Layer, source: Signal, memories: Memories, configs: Mapping[str, NodeConfig]
) -> QuantizedLayer:
    formats = {INPUT: source.format}
    float_list = float_nodes(layer)
    for node in float_list:
        if node.name not in configs:
            raise ConfigError(f"the configuration lacks the node {node.name!r}")
        formats[node.name] = configs[node.name].signal_format
    nodes: list[AnyNode] = [
        memories.nodes.get(node.name) or quantize_node(node, configs[node.name], formats)
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
