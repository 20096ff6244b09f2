# SPDX-License-Identifier: Apache-2.0
"""Ordinary and element-wise nodes in integers: weights, bias, activation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

import numpy as np

from lmu_hw.errors import ConfigError
from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding
from lmu_hw.fixed.ops import quantize as quantize_values
from lmu_hw.lmu.activations import LINEAR, RELU
from lmu_hw.network import Activation, Codes, ElementwiseNode, Node, Rectifier
from lmu_hw.network.float_nodes import AnyFloatNode, FloatElementwise, FloatNode
from lmu_hw.quantize.config import NodeConfig
from lmu_hw.quantize.options import NEAREST
from lmu_hw.quantize.tables import tabulate
from lmu_hw.realize.weights import check_labels, rounded_weights

__all__ = ["quantize_node", "quantize_sum"]

_MOST_BITS = 63


def quantize_node(
    node: AnyFloatNode, config: NodeConfig, formats: Mapping[str, FixedFormat]
) -> Node | ElementwiseNode:
    """Return a node in integers.

    Parameters
    ----------
    node : FloatNode or FloatElementwise
    config : NodeConfig
    formats : mapping of name to FixedFormat
        Of the node's sources.

    Raises
    ------
    ConfigError
        If the configuration does not describe this node, or a weight does not fit its format.
    """
    match node:
        case FloatNode():
            return quantize_sum(node, config, formats)
        case FloatElementwise():
            return _elementwise(node, config, formats)
    assert_never(node)


def quantize_sum(node: FloatNode, config: NodeConfig, formats: Mapping[str, FixedFormat]) -> Node:
    """Return a sum of matrix-vector products in integers; see `quantize_node`."""
    weights = rounded_weights(
        node, config.weights, formats, limit=config.row_shifts * config.row_shift_limit
    )
    return Node(
        layer=node.layer,
        role=node.role,
        segments=node.segments,
        terms=weights.terms,
        bias=_bias(node, weights.frac_bits),
        row_shifts=weights.row_shifts,
        sum_frac_bits=weights.frac_bits,
        requant=config.requant,
        activation=_activation(node, config),
        last_only=node.last_only,
        error_feedback=config.error_feedback,
    )


def _elementwise(
    node: FloatElementwise, config: NodeConfig, formats: Mapping[str, FixedFormat]
) -> ElementwiseNode:
    check_labels(node.name, config.weights, set())
    return ElementwiseNode(
        layer=node.layer,
        role=node.role,
        rows=node.rows,
        products=node.products,
        sum_frac_bits=max(
            sum(formats[factor.source].frac_bits for factor in product.factors)
            for product in node.products
        ),
        requant=config.requant,
        activation=_activation(node, config),
    )


def _bias(node: FloatNode, frac_bits: int) -> Codes | None:
    """Return the bias at the resolution of the sum, where it costs no product."""
    if node.bias is None:
        return None
    ulp = 2.0**-frac_bits
    largest = float(np.max(np.abs(node.bias)))
    limit = int(np.ceil(largest / ulp)) + 1
    if limit.bit_length() >= _MOST_BITS:
        raise ConfigError(
            f"{node.name}: its bias of up to {largest:.3g} must fit {_MOST_BITS} bits at the "
            f"resolution of its sum, 2**-{frac_bits}, but does not: the weights beside it are too "
            "small to be told from zero; give them fewer bits, or a larger scale to their source"
        )
    fmt = FixedFormat.spanning(-limit, limit, frac_bits=frac_bits)
    requant = Requant(format=fmt, rounding=Rounding.HALF_EVEN, overflow=Overflow.FORBID)
    codes, _ = quantize_values(node.bias, requant, what=f"{node.name}: bias")
    return Codes(codes=codes, format=fmt)


def _activation(node: AnyFloatNode, config: NodeConfig) -> Activation | None:
    source, output = config.requant.format, config.output
    if (node.activation == LINEAR) != (output is None):
        rule = "must have no output format" if output else "must have an output format"
        raise ConfigError(f"{node.name}: a node with activation {node.activation!r} {rule}")
    if node.activation in (LINEAR, RELU) and config.table_error != NEAREST:
        raise ConfigError(
            f"{node.name}: `table_error` must come with an activation that is tabulated, not "
            f"{node.activation}"
        )
    if output is None:
        return None
    if node.activation != RELU:
        return tabulate(node.activation, source, output, where=node.name, error=config.table_error)
    exact = FixedFormat(signed=False, int_bits=source.int_bits, frac_bits=source.frac_bits)
    if output != exact:
        raise ConfigError(f"{node.name}: the output of relu must be {exact}, not {output}")
    return Rectifier(format=output)
