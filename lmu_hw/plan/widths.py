# SPDX-License-Identifier: Apache-2.0
"""Bits of what the array of a layer works with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from lmu_hw.network import AnyNode, Node, QuantizedLayer

__all__ = ["Widths", "bias_limit", "bounds_of", "widths_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Widths:
    """Bits of what the array of a layer works with.

    Attributes
    ----------
    weight, operand : int
        Of the factors of its multipliers.
    sum, total : int
        Of what a row adds up, and of that with its constant.
    code : int
        Of the widest node.
    """

    weight: int
    operand: int
    sum: int
    total: int
    code: int

    @property
    def product(self) -> int:
        """Of what a multiplier answers."""
        return self.weight + self.operand


@lru_cache(maxsize=32)
def widths_of(layer: QuantizedLayer, *, by_format: bool = False) -> Widths:
    """Return the bits of what the array of a layer works with; see `bounds_of`."""
    terms = [term for node in layer.sums for term in node.terms]
    formats = [layer.signals[term.source].format for term in terms]
    bounds = [bounds_of(layer, node, by_format=by_format) for node in layer.sums]
    return Widths(
        weight=max(term.weights.format.width for term in terms),
        operand=max(fmt.width + (not fmt.signed) for fmt in formats),
        sum=1 + max(partial.bit_length() for partial, _ in bounds),
        total=1 + max(total.bit_length() for _, total in bounds),
        code=max(node.signal.format.width for node in layer.nodes),
    )


def bounds_of(layer: QuantizedLayer, node: AnyNode, *, by_format: bool) -> tuple[int, int]:
    """Return bounds on every partial sum of a node, and on its total.

    Parameters
    ----------
    layer : QuantizedLayer
    node : AnyNode
    by_format : bool
        For all weights that the formats hold and biases up to `bias_limit`, as they can be written
        at run time; otherwise for those that there are.
    """
    if not by_format or not isinstance(node, Node):
        return layer.sum_bounds(node)
    partial = 0
    for term in node.terms:
        fmt, columns = term.weights.format, term.weights.codes.shape[1]
        source = layer.signals[term.source].format
        products = columns * fmt.max_magnitude * source.max_magnitude
        partial += products << layer.term_shift(node, term)
    total = (partial << node.max_row_shift) + bias_limit(node)
    return partial, total + node.error_feedback * ((1 << max(node.dropped_bits, 0)) - 1)


def bias_limit(node: Node) -> int:
    """Return the largest magnitude of a bias that hardware takes at run time.

    Twice what the narrowed sum holds, in codes of the sum; or as much as the format of the bias
    that there is.
    """
    fmt, dropped = node.requant.format, node.dropped_bits
    held = 2 * fmt.max_magnitude
    held = held << dropped if dropped > 0 else held >> -dropped
    return max(held, 0 if node.bias is None else node.bias.format.max_magnitude)
