# SPDX-License-Identifier: Apache-2.0
"""Bit-exact model of an element-wise node."""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray

from lmu_hw.fixed.ops import requantize
from lmu_hw.golden.activation import Activation
from lmu_hw.golden.overflows import Overflows
from lmu_hw.network import ElementwiseNode, QuantizedLayer

__all__ = ["ElementwiseModel"]


class ElementwiseModel:
    """Computes an `ElementwiseNode`; the sums are exact, as its bounds must show."""

    def __init__(self, layer: QuantizedLayer, node: ElementwiseNode) -> None:
        self.node = node
        self.weights = [
            (-1 if product.negative else 1) << layer.product_shift(node, product)
            for product in node.products
        ]
        self.activate = Activation(node.activation)

    def step(
        self, now: dict[str, NDArray], past: dict[str, NDArray], overflows: Overflows
    ) -> tuple[NDArray, NDArray]:
        """Return the narrowed sums and the node's codes, both (sequences, rows)."""
        node = self.node
        vectors = {
            factor: (past if factor.delayed else now)[factor.source] for factor in node.factors
        }
        kind = next(iter(vectors.values())).dtype.type
        total = sum(
            prod((vectors[factor] for factor in product.factors), start=kind(weight))
            for product, weight in zip(node.products, self.weights, strict=True)
        )
        pre, outside = requantize(
            np.asarray(total), node.sum_frac_bits, node.requant, what=node.name
        )
        overflows.add(node.name, outside, pre, node.requant.format)
        return pre, self.activate(pre)
