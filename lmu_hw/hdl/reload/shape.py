# SPDX-License-Identifier: Apache-2.0
"""Whether the hardware of a plan can compute another network, once its coefficients are written."""

from __future__ import annotations

from typing import assert_never

import numpy as np

from lmu_hw.errors import NetworkError
from lmu_hw.hdl.memory_unit import must_equal
from lmu_hw.network import (
    AnyNode,
    ElementwiseNode,
    MemoryNode,
    Node,
    QuantizedNetwork,
    Table,
    activation_of,
)
from lmu_hw.plan import LayerPlan, Plan, bias_limit

__all__ = ["check_shape"]


def check_shape(plan: Plan, network: QuantizedNetwork) -> None:
    """Raise `NetworkError` unless a network has the shape and the formats of the hardware.

    What is in coefficients is looked at where they are laid out; here, what is in gates: nodes and
    what they read, formats, narrowings, and the sizes of sums, row shifts and biases.

    Parameters
    ----------
    plan : Plan
        Of the hardware.
    network : QuantizedNetwork
    """
    name = network.name
    must_equal(name, "layers", len(plan.layers), len(network.layers))
    for layer, other in zip(plan.layers, network.layers, strict=True):
        own = layer.layer
        must_equal(other.name, "name", own.name, other.name)
        names = tuple(tuple(node.name for node in nodes) for nodes in (own.nodes, other.nodes))
        must_equal(other.name, "nodes", *names)
        for what in ("input", "outputs", "last_only"):
            must_equal(other.name, what, getattr(own, what), getattr(other, what))
        for hardware, node in zip(own.nodes, other.nodes, strict=True):
            _check_node(layer, hardware, node)


def _check_node(layer: LayerPlan, hardware: AnyNode, node: AnyNode) -> None:
    must_equal(node.name, "kind", _kind(hardware), _kind(node))
    for what in ("segments", "rows", "last_only", "requant", "signal"):
        must_equal(node.name, what, getattr(hardware, what), getattr(node, what))
    match hardware, node:
        case Node(), Node():
            _check_sum(layer, hardware, node)
        case ElementwiseNode(), ElementwiseNode():
            for what in ("products", "sum_frac_bits"):
                must_equal(node.name, what, getattr(hardware, what), getattr(node, what))
        case _:
            pass  # memories are looked at where their words are laid out
    functions = _function(hardware), _function(node)
    must_equal(node.name, "the activation", *functions)


def _check_sum(layer: LayerPlan, hardware: Node, node: Node) -> None:
    if layer.writable and node.max_row_shift > hardware.max_row_shift:
        raise NetworkError(
            f"{node.name}: row shifts must be at most {hardware.max_row_shift}, as the hardware "
            f"has them, not {node.max_row_shift}"
        )
    for what in ("sum_frac_bits", "error_feedback"):
        must_equal(node.name, what, getattr(hardware, what), getattr(node, what))
    labels = tuple(tuple(term.label for term in terms) for terms in (hardware.terms, node.terms))
    must_equal(node.name, "sources", *labels)
    for own, other in zip(hardware.terms, node.terms, strict=True):
        formats = own.weights.format, other.weights.format
        must_equal(node.name, f"the format of the weights of {own.label}", *formats)
    if not layer.writable:
        return
    limit = bias_limit(hardware)
    largest = 0 if node.bias is None else int(np.abs(node.bias.codes).max())
    if largest > limit:
        ulp = 2.0**-node.sum_frac_bits
        raise NetworkError(
            f"{node.name}: its bias must be at most {limit * ulp:.6g}, which is what the hardware "
            f"has room for, not {largest * ulp:.6g}"
        )


def _kind(node: AnyNode) -> str:
    match node:
        case Node():
            return "a sum of products"
        case ElementwiseNode():
            return "products of vectors"
        case MemoryNode():
            return f"a {node.realization} memory"
    assert_never(node)


def _function(node: AnyNode) -> str | None:
    """Return what hardware has in gates: any function that is tabulated is a table to it."""
    return "a table" if isinstance(activation_of(node), Table) else node.function
