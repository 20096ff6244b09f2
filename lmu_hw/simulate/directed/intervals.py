# SPDX-License-Identifier: Apache-2.0
"""What the sums of a network cannot leave, whatever its input: intervals, exact integers.

A sum lies within what its weights make of the intervals of its sources; these are no wider than
their formats, and narrower where the sum before the narrowing, or what its table holds, is. Each
pass over a layer starts from intervals that hold at every step, so that what it finds does, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from lmu_hw.fixed import FixedFormat, Overflow
from lmu_hw.fixed.ops import requantize
from lmu_hw.network import (
    INPUT,
    AnyNode,
    ElementwiseNode,
    MemoryNode,
    Node,
    Product,
    QuantizedLayer,
    QuantizedNetwork,
    Rectifier,
    Signal,
    Table,
    activation_of,
)

__all__ = ["Interval", "sum_intervals"]

Codes = NDArray[np.int64]

_PASSES = 4  # over the nodes of a layer: feedback narrows what it narrowed itself


@dataclass(frozen=True, slots=True, eq=False)
class Interval:
    """The least and the most that each element can be, both included.

    Attributes
    ----------
    low, high : (elements,) int64
    """

    low: Codes
    high: Codes

    @classmethod
    def of(cls, signal: Signal) -> Interval:
        """Return all codes of a format."""
        fmt = signal.format
        return cls(np.full(signal.size, fmt.min_code), np.full(signal.size, fmt.max_code))

    def __lshift__(self, bits: int) -> Interval:
        return Interval(self.low << bits, self.high << bits)

    def __neg__(self) -> Interval:
        return Interval(-self.high, -self.low)

    def __add__(self, other: Interval) -> Interval:
        return Interval(self.low + other.low, self.high + other.high)

    def __mul__(self, other: Interval) -> Interval:
        corners = [a * b for a in (self.low, self.high) for b in (other.low, other.high)]
        return Interval(np.min(corners, axis=0), np.max(corners, axis=0))

    def with_zero(self) -> Interval:
        """Return the interval of the step before, which is 0 at the first step."""
        return Interval(np.minimum(self.low, 0), np.maximum(self.high, 0))


def sum_intervals(network: QuantizedNetwork) -> dict[str, Interval]:
    """Return the rounded sums of every node before they are limited, in codes of its format.

    Parameters
    ----------
    network : QuantizedNetwork
        Of which a golden model can be made: its sums fit in 64 bits.
    """
    sums: dict[str, Interval] = {}
    x = Interval.of(network.layers[0].input)
    for layer in network.layers:
        codes = {node.name: Interval.of(node.signal) for node in layer.nodes} | {INPUT: x}
        for _ in range(_PASSES):
            for node in layer.nodes:
                sums[node.name] = _sum(layer, node, codes)
                codes[node.name] = _activated(node, _limited(node, sums[node.name]))
        ups = {
            name: layer.output.format.frac_bits - layer.signals[name].format.frac_bits
            for name in layer.outputs
        }
        parts = [codes[name] << up for name, up in ups.items()]
        x = Interval(
            np.concatenate([part.low for part in parts]),
            np.concatenate([part.high for part in parts]),
        )
    return sums


def _sum(layer: QuantizedLayer, node: AnyNode, codes: Mapping[str, Interval]) -> Interval:
    match node:
        case MemoryNode():
            bound = np.full(node.signal.size, layer.sum_bounds(node)[1])
            total = Interval(-bound, bound)
        case ElementwiseNode():
            nothing = np.zeros(node.rows, np.int64)
            total = Interval(nothing, nothing)
            for product in node.products:
                total += _product(product, codes) << layer.product_shift(node, product)
        case Node():
            total = _products(layer, node, codes)
        case _:
            assert_never(node)
    frac_bits = node.requant.format.frac_bits
    wide = FixedFormat(signed=True, int_bits=62 - frac_bits, frac_bits=frac_bits)
    narrowing = replace(node.requant, format=wide)
    low, high = (
        requantize(end, node.sum_frac_bits, narrowing, what=node.name)[0]
        for end in (total.low, total.high)
    )
    return Interval(low, high)


def _product(product: Product, codes: Mapping[str, Interval]) -> Interval:
    total, *factors = (
        codes[factor.source].with_zero() if factor.delayed else codes[factor.source]
        for factor in product.factors
    )
    for factor_range in factors:
        total = total * factor_range
    return -total if product.negative else total


def _products(layer: QuantizedLayer, node: Node, codes: Mapping[str, Interval]) -> Interval:
    """Return the total of an ordinary node, residue of error feedback included."""
    shape = (node.segments, node.rows)
    total = Interval(np.zeros(shape, np.int64), np.zeros(shape, np.int64))
    for term in node.terms:
        source = codes[term.source].with_zero() if term.delayed else codes[term.source]
        low, high = (end.reshape(node.segments, -1) for end in (source.low, source.high))
        weights = term.weights.codes.T << layer.term_shift(node, term)
        up, down = np.maximum(weights, 0), np.minimum(weights, 0)
        total += Interval(low @ up + high @ down, high @ up + low @ down)
    if node.row_shifts is not None:
        factors = 1 << (node.max_row_shift - np.array(node.row_shifts))
        total = Interval(total.low * factors, total.high * factors)
    bias = 0 if node.bias is None else node.bias.codes
    residue = (1 << node.dropped_bits) - 1 if node.error_feedback else 0
    return Interval((total.low + bias).ravel(), (total.high + bias + residue).ravel())


def _limited(node: AnyNode, sums: Interval) -> Interval:
    """Return what is left after overflow; where it is forbidden, it is proved not to happen."""
    fmt = node.requant.format
    low, high = (end.clip(fmt.min_code, fmt.max_code) for end in (sums.low, sums.high))
    if node.requant.overflow is Overflow.WRAP:
        wraps = (low != sums.low) | (high != sums.high)
        low, high = np.where(wraps, fmt.min_code, low), np.where(wraps, fmt.max_code, high)
    return Interval(low, high)


def _activated(node: AnyNode, codes: Interval) -> Interval:
    function = activation_of(node)
    match function:
        case None:
            return codes
        case Table() as table:
            fmt = node.requant.format
            by_code = np.roll(table.codes.codes, -fmt.min_code)  # from the smallest code on
            parts = [
                by_code[low : high + 1]
                for low, high in zip(
                    codes.low - fmt.min_code, codes.high - fmt.min_code, strict=True
                )
            ]
            return Interval(
                np.array([part.min() for part in parts]), np.array([part.max() for part in parts])
            )
        case Rectifier():
            return Interval(np.maximum(codes.low, 0), np.maximum(codes.high, 0))
        case _:
            assert_never(function)
