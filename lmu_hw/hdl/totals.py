# SPDX-License-Identifier: Apache-2.0
"""Totals of sums, and the codes that they become."""

from __future__ import annotations

from typing import assert_never

from amaranth.hdl import Mux, Value

from lmu_hw.fixed import Requant
from lmu_hw.hdl.requantize import requantize
from lmu_hw.hdl.row_constants import narrowing
from lmu_hw.network import ElementwiseNode, MemoryNode, Node, Rectifier, Table
from lmu_hw.plan import LayerPlan, half_ulp

__all__ = ["finished", "narrow", "narrowing_of", "total_width"]


def finished(plan: LayerPlan) -> list[Node | ElementwiseNode]:
    """Return the nodes whose totals are narrowed here."""
    finished: list[Node | ElementwiseNode] = []
    for node in plan.layer.nodes:
        match node:
            case Node() | ElementwiseNode():
                finished.append(node)
            case MemoryNode():
                pass  # its unit narrows, and writes
            case _:
                assert_never(node)
    return finished


def total_width(plan: LayerPlan) -> int:
    """Return the bits of a signed total that no node of the layer can overflow."""
    bounds = [plan.sum_bounds(node)[1] for node in finished(plan)]
    halves = [half_ulp(node) for node in plan.layer.sums]
    return 1 + (max(bounds) + max(halves)).bit_length()


def narrowing_of(node: Node | ElementwiseNode) -> Requant:
    """Return the narrowing of the total of a node."""
    return narrowing(node) if isinstance(node, Node) else node.requant


def narrow(node: Node | ElementwiseNode, total: Value) -> Value:
    """Return the code of a total, as it enters a table if one follows."""
    code = requantize(total, node.sum_frac_bits, narrowing_of(node))
    match node.activation:
        case Rectifier():
            return Mux(code < 0, 0, code)
        case None | Table():  # which is looked up behind it
            return code
    assert_never(node.activation)
