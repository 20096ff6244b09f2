# SPDX-License-Identifier: Apache-2.0
"""Bits of what the array of a layer works with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from lmu_hw.network import QuantizedLayer

__all__ = ["Widths", "widths_of"]


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
def widths_of(layer: QuantizedLayer) -> Widths:
    """Return the bits of what the array of a layer works with."""
    terms = [term for node in layer.sums for term in node.terms]
    formats = [layer.signals[term.source].format for term in terms]
    bounds = [layer.sum_bounds(node) for node in layer.sums]
    return Widths(
        weight=max(term.weights.format.width for term in terms),
        operand=max(fmt.width + (not fmt.signed) for fmt in formats),
        sum=1 + max(partial.bit_length() for partial, _ in bounds),
        total=1 + max(total.bit_length() for _, total in bounds),
        code=max(node.signal.format.width for node in layer.nodes),
    )
