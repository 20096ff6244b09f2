# SPDX-License-Identifier: Apache-2.0
"""Another network in the formats of a design: quantized, proved, in the form of its hardware."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lmu_hw.design import Design
from lmu_hw.errors import ConfigError, NetworkError
from lmu_hw.fixed import FixedFormat
from lmu_hw.lmu import LmuLayer, Network, Role, node_name
from lmu_hw.lmu.activations import LINEAR, RELU, SOFTMAX
from lmu_hw.load import network_digest
from lmu_hw.network import AnyNode, Codes, MemoryNode, Node, QuantizedNetwork, Term
from lmu_hw.network.float_nodes import FloatElementwise, FloatNode, float_nodes
from lmu_hw.network.scan import Scan
from lmu_hw.network.two_pass import TwoPass
from lmu_hw.quantize import Config, NodeConfig, convert
from lmu_hw.quantize.provable import require_stable
from lmu_hw.realize.base import window_of
from lmu_hw.realize.running_sums import RunningSumsRealization

__all__ = ["in_formats_of"]


def in_formats_of(design: Design, network: Network) -> Design:
    """Return another network, quantized into the formats of a design and proved in them.

    Its layers get the names of those of the design, in order. Rows are shifted by no more than the
    hardware has room for.

    Parameters
    ----------
    design : Design
    network : Network
        As trained.

    Raises
    ------
    ConfigError, NetworkError
        If it has another shape, or a weight does not fit its format.
    StabilityError
        If a memory is not stable, or not as rounded.
    """
    network = _named(design, network)
    _check_shape(design, network)
    require_stable(network)
    config = _config(design, network)
    quantization = convert(network, config, model_digest=network_digest(network))
    framed = _framed(design.network, quantization.network)
    return Design.of(replace(quantization, network=framed), design.calibration)


def _named(design: Design, network: Network) -> Network:
    """Return the network with the names of a design, whose layers must be of the same kinds."""
    own = design.reference.layers
    if len(network.layers) != len(own):
        raise ConfigError(
            f"{network.name}: must have {len(own)} layers, as the design has, not "
            f"{len(network.layers)}"
        )
    layers = []
    for hardware, layer in zip(own, network.layers, strict=True):
        if type(layer) is not type(hardware):
            raise ConfigError(
                f"{layer.name}: must be a {type(hardware).__name__}, as {hardware.name} of the "
                f"design is, not a {type(layer).__name__}"
            )
        layers.append(replace(layer, name=hardware.name))
    return replace(network, name=design.network.name, layers=tuple(layers))


def _check_shape(design: Design, network: Network) -> None:
    """Raise `ConfigError` unless a network has the nodes of the design, of the same sizes."""
    if network.inputs != design.network.inputs:
        raise ConfigError(
            f"{network.name}: must have {design.network.inputs} inputs, as the design has, not "
            f"{network.inputs}"
        )
    for hardware, layer in zip(design.reference.layers, network.layers, strict=True):
        if layer.return_sequences != hardware.return_sequences:
            when = "at every step" if hardware.return_sequences else "once"
            raise ConfigError(f"{layer.name}: must answer {when}, as that of the design does")
        own = {node.name: node for node in float_nodes(hardware)}
        nodes = float_nodes(layer)
        if list(own) != [node.name for node in nodes]:
            raise ConfigError(
                f"{layer.name}: must have the nodes {', '.join(own)}, as the design has, not "
                f"{', '.join(node.name for node in nodes)}"
            )
        for check in (_check_size, _check_sources):
            for node in nodes:
                check(own[node.name], node)


def _check_size(hardware: FloatNode | FloatElementwise, node: FloatNode | FloatElementwise) -> None:
    for what, own, other in (
        ("rows", _rows(hardware), _rows(node)),
        ("memories", _segments(hardware), _segments(node)),
    ):
        if own != other:
            raise ConfigError(
                f"{node.name}: must have {own} {what}, as the design has, not {other}"
            )
    if _gates(hardware.activation) != _gates(node.activation):
        raise ConfigError(
            f"{node.name}: must have {_gates(hardware.activation)}, as the hardware has it, not "
            f"{node.activation}"
        )


def _check_sources(
    hardware: FloatNode | FloatElementwise, node: FloatNode | FloatElementwise
) -> None:
    if not isinstance(hardware, FloatNode) or not isinstance(node, FloatNode):
        return
    known = {term.label: term.matrix.shape[1] for term in hardware.terms}
    for term in node.terms:
        if term.label not in known:
            raise ConfigError(
                f"{node.name}: must read {', '.join(known)}, as the design does, not {term.label}"
            )
        if term.matrix.shape[1] != known[term.label]:
            raise ConfigError(
                f"{node.name}: {term.label} must have {known[term.label]} elements, as in the "
                f"design, not {term.matrix.shape[1]}"
            )


def _gates(function: str) -> str:
    """Return what hardware has for a function: one that is tabulated is as good as another."""
    if function in (LINEAR, SOFTMAX):  # which is left to the host
        return "no function"
    return RELU if function == RELU else "a tabulated function"


def _rows(node: FloatNode | FloatElementwise) -> int:
    return node.rows if isinstance(node, FloatElementwise) else len(node.terms[0].matrix)


def _segments(node: FloatNode | FloatElementwise) -> int:
    return 1 if isinstance(node, FloatElementwise) else node.segments


def _config(design: Design, network: Network) -> Config:
    """Return the configuration of a design for another network, and what its hardware asks for."""
    nodes = dict(design.config.nodes)
    for hardware in design.network.nodes:
        nodes[hardware.name] = _limited(nodes[hardware.name], hardware)
    for layer in network.layers:
        for node in float_nodes(layer):
            config = nodes[node.name]
            if isinstance(node, FloatNode) and config.realization.trained_matrices:
                labels = {term.label for term in node.terms}
                weights = {name: fmt for name, fmt in config.weights.items() if name in labels}
                nodes[node.name] = replace(config, weights=weights)
        if isinstance(layer, LmuLayer):
            name = node_name(layer.name, Role.MEMORY)
            nodes[name] = _at_window(nodes[name], layer, name)
    return replace(design.config, nodes=nodes, source=None)


def _limited(config: NodeConfig, hardware: AnyNode) -> NodeConfig:
    """Return a configuration that asks for no more than the hardware has, of shifts and sums."""
    if isinstance(hardware, Node):
        return replace(config, row_shift_limit=hardware.max_row_shift)
    kind = config.realization
    if isinstance(hardware, MemoryNode) and isinstance(kind, RunningSumsRealization):
        match hardware.update:
            case Scan(running=running):
                int_bits = running.int_bits
            case TwoPass(running=running):
                int_bits = running.format.int_bits
            case _:
                return config
        return replace(config, realization=replace(kind, running_bits=int_bits))
    return config


def _at_window(config: NodeConfig, layer: LmuLayer, name: str) -> NodeConfig:
    """Return the configuration of a memory for the window of another network."""
    kind = config.realization
    if kind.trained_matrices or kind.legendre(layer.memory.order) is None:
        return config
    theta = window_of(layer.memory, kind.kind, where=name)
    return replace(config, realization=kind.at_window(theta))


def _framed(hardware: QuantizedNetwork, network: QuantizedNetwork) -> QuantizedNetwork:
    """Return a network whose sums have the sources and the fraction bits of the hardware's.

    A source that the network does not read has weights of zero; more fraction bits change no code.
    """
    layers = []
    for own, layer in zip(hardware.layers, network.layers, strict=True):
        nodes = [
            _framed_sum(present, node)
            if isinstance(present, Node) and isinstance(node, Node)
            else node
            for present, node in zip(own.nodes, layer.nodes, strict=True)
        ]
        layers.append(replace(layer, nodes=tuple(nodes)))
    return replace(network, layers=tuple(layers))


def _framed_sum(hardware: Node, node: Node) -> Node:
    up = hardware.sum_frac_bits - node.sum_frac_bits
    if up < 0:
        raise NetworkError(
            f"{node.name}: its sum must have at most {hardware.sum_frac_bits} fraction bits, as "
            f"the hardware has them, not {node.sum_frac_bits}"
        )
    read = {term.label: term for term in node.terms}
    terms = tuple(read.get(term.label) or _unread(term) for term in hardware.terms)
    bias = node.bias
    if bias is not None and up:
        fmt = bias.format
        finer = FixedFormat(signed=True, int_bits=fmt.int_bits, frac_bits=fmt.frac_bits + up)
        bias = Codes(codes=bias.codes << up, format=finer)
    return replace(node, terms=terms, bias=bias, sum_frac_bits=hardware.sum_frac_bits)


def _unread(term: Term) -> Term:
    weights = term.weights
    codes = Codes(codes=np.zeros_like(weights.codes), format=weights.format)
    return replace(term, weights=codes)
