# SPDX-License-Identifier: Apache-2.0
"""Turning a float network and a configuration into integers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import ConfigError
from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding
from lmu_hw.fixed.ops import quantize as quantize_values
from lmu_hw.lmu import LmuLayer, Network
from lmu_hw.lmu.activations import LINEAR, RELU
from lmu_hw.lmu.layers import Layer
from lmu_hw.quantize.config import Config, NodeConfig
from lmu_hw.quantize.loop import stable_loop
from lmu_hw.quantize.nodes import FloatNode, FloatTerm, float_nodes, output_nodes
from lmu_hw.quantize.stable import stable_codes
from lmu_hw.quantize.tables import tabulate
from lmu_hw.quantize.transform import realize
from lmu_hw.quantize.weights import row_shifts, weight_codes
from lmu_hw.spec import (
    INPUT,
    Codes,
    Node,
    QuantizedLayer,
    QuantizedNetwork,
    Rectifier,
    Signal,
    Table,
    Term,
)

__all__ = ["quantize"]


def quantize(network: Network, config: Config, *, model_digest: str) -> QuantizedNetwork:
    """Return the quantized network of a trained network under a configuration.

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
    realized = realize(
        network,
        basis=config.basis,
        input_scale=config.input_scale,
        memory_scale=config.memory_scale,
    )
    signal = Signal(size=network.inputs, format=config.input.format)
    layers = []
    for layer in realized.layers:
        layers.append(_layer(layer, signal, config))
        signal = layers[-1].output
    for name in config.memory_scale:
        if not any(isinstance(layer, LmuLayer) and layer.name == name for layer in network.layers):
            raise ConfigError(f"the configuration scales the memory of an unknown layer {name!r}")
    known = {node.name for layer in layers for node in layer.nodes}
    for name in config.nodes:
        if name not in known:
            raise ConfigError(f"the configuration names a node {name!r} that the network lacks")
    return QuantizedNetwork(
        name=network.name,
        input=config.input,
        input_scale=config.input_scale,
        layers=tuple(layers),
        answers_once=network.answers_once,
        softmax=network.softmax,
        model_digest=model_digest,
    )


def _layer(layer: Layer, source: Signal, config: Config) -> QuantizedLayer:
    formats = {INPUT: source.format}
    float_list = float_nodes(layer)
    configs = {}
    for node in float_list:
        if node.name not in config.nodes:
            raise ConfigError(f"the configuration lacks the node {node.name!r}")
        chosen = config.nodes[node.name]
        configs[node.name] = chosen
        formats[node.name] = chosen.output or chosen.requant.format
    nodes = [_node(node, configs[node.name], formats) for node in float_list]
    if isinstance(layer, LmuLayer):
        repair = configs[nodes[1].name].repair
        pair = float_list[0], float_list[1]
        nodes[0] = stable_loop(layer, pair, nodes[0], nodes[1], repair=repair)
    return QuantizedLayer(
        name=layer.name,
        input=source,
        nodes=tuple(nodes),
        outputs=output_nodes(layer),
        last_only=not layer.return_sequences,
    )


def _node(node: FloatNode, config: NodeConfig, formats: dict[str, FixedFormat]) -> Node:
    for term in node.terms:
        if term.label not in config.weights:
            raise ConfigError(f"{node.name}: the configuration lacks weights of {term.label!r}")
    if unknown := set(config.weights) - {term.label for term in node.terms}:
        raise ConfigError(f"{node.name}: the configuration has weights of unknown {unknown}")
    rows = len(node.terms[0].matrix)
    shifts = row_shifts(node, config.weights) if config.row_shifts else np.zeros(rows, np.int64)
    sum_frac_bits = int(shifts.max()) + max(
        formats[term.source].frac_bits + config.weights[term.label].frac_bits for term in node.terms
    )
    return Node(
        name=node.name,
        segments=node.segments,
        terms=tuple(_term(node, term, config, shifts) for term in node.terms),
        bias=_bias(node, sum_frac_bits),
        row_shifts=tuple(int(shift) for shift in shifts) if shifts.any() else None,
        sum_frac_bits=sum_frac_bits,
        requant=config.requant,
        activation=_activation(node, config),
        last_only=node.last_only,
        error_feedback=config.error_feedback,
    )


def _term(node: FloatNode, term: FloatTerm, config: NodeConfig, shifts: NDArray[np.int64]) -> Term:
    what = f"{node.name}: weights of {term.label}"
    codes = weight_codes(term.matrix, config.weights[term.label], shifts, what)
    if node.kind == "m" and term.source == node.name:
        codes = stable_codes(node, term, codes, shifts, repair=config.repair)
    return Term(source=term.source, delayed=term.delayed, weights=codes)


def _bias(node: FloatNode, frac_bits: int) -> Codes | None:
    """Return the bias at the resolution of the sum, where it costs no product."""
    if node.bias is None:
        return None
    ulp = 2.0**-frac_bits
    limit = int(np.ceil(np.max(np.abs(node.bias)) / ulp)) + 1
    fmt = FixedFormat.spanning(-limit, limit, frac_bits=frac_bits)
    requant = Requant(format=fmt, rounding=Rounding.HALF_EVEN, overflow=Overflow.FORBID)
    codes, _ = quantize_values(node.bias, requant, what=f"{node.name}: bias")
    return Codes(codes=codes, format=fmt)


def _activation(node: FloatNode, config: NodeConfig) -> Table | Rectifier | None:
    source, output = config.requant.format, config.output
    if (node.activation == LINEAR) != (output is None):
        rule = "must have no output format" if output else "must have an output format"
        raise ConfigError(f"{node.name}: a node with activation {node.activation!r} {rule}")
    if output is None:
        return None
    if node.activation != RELU:
        return tabulate(node.activation, source, output, where=node.name)
    exact = FixedFormat(signed=False, int_bits=source.int_bits, frac_bits=source.frac_bits)
    if output != exact:
        raise ConfigError(f"{node.name}: the output of relu must be {exact}, not {output}")
    return Rectifier(format=output)
