# SPDX-License-Identifier: Apache-2.0
"""Networks of the same shape and formats, with any coefficients that their formats hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lmu_hw.fixed import FixedFormat, Overflow
from lmu_hw.network import (
    AnyNode,
    Codes,
    ElementwiseNode,
    MemoryNode,
    QuantizedNetwork,
    Table,
)
from lmu_hw.plan import bias_limit


def randomized(network: QuantizedNetwork, seed: int) -> QuantizedNetwork:
    """Return the network with random weights, biases, row shifts and tables, up to both ends.

    What must not overflow keeps its weights, and structured memories stay as they are.
    """
    random = np.random.default_rng(seed)
    layers = [
        replace(layer, nodes=tuple(_node(random, node) for node in layer.nodes))
        for layer in network.layers
    ]
    return replace(network, layers=tuple(layers))


def _node(random: np.random.Generator, node: AnyNode) -> AnyNode:
    if isinstance(node, MemoryNode):
        return node
    table = node.activation
    if isinstance(table, Table):
        node = replace(node, activation=_table(random, table))
    if isinstance(node, ElementwiseNode) or node.requant.overflow is Overflow.FORBID:
        return node
    limit = bias_limit(node)
    fmt = FixedFormat.spanning(-limit, limit, frac_bits=node.sum_frac_bits)
    bias = np.array([-limit, limit, *random.integers(-limit, limit, node.rows, endpoint=True)])
    shifts = None
    if node.max_row_shift:
        most = node.max_row_shift
        shifts = (most, *random.integers(0, most, node.rows - 1, endpoint=True).tolist())
    return replace(
        node,
        terms=tuple(replace(term, weights=_codes(random, term.weights)) for term in node.terms),
        bias=Codes(codes=bias[: node.rows], format=fmt),
        row_shifts=shifts,
    )


def _table(random: np.random.Generator, table: Table) -> Table:
    between = table.interpolation
    if between is not None:
        between = replace(between, codes=_codes(random, between.codes))
    return replace(table, values=_codes(random, table.values), interpolation=between)


def _codes(random: np.random.Generator, codes: Codes) -> Codes:
    """Return random codes of a format, its ends among them."""
    fmt = codes.format
    drawn = random.integers(fmt.min_code, fmt.max_code, codes.codes.shape, endpoint=True)
    drawn.flat[:2] = [fmt.min_code, fmt.max_code][: drawn.size]
    return Codes(codes=drawn, format=fmt)
