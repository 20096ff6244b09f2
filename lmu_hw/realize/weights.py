# SPDX-License-Identifier: Apache-2.0
"""Formats and codes of weight matrices, with a power-of-two scale for each row where it pays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import ConfigError
from lmu_hw.fixed import FixedFormat, Overflow, Requant, Rounding
from lmu_hw.fixed.ops import dequantize, quantize
from lmu_hw.network import Codes, Term
from lmu_hw.network.float_nodes import FloatNode

__all__ = [
    "MAX_ROW_SHIFT",
    "RoundedWeights",
    "WeightFormats",
    "best_row_shifts",
    "check_labels",
    "rounded_weights",
    "row_shifts",
    "weight_codes",
    "weight_format",
    "weight_formats",
]

Array = NDArray[np.float64]

MAX_ROW_SHIFT = 7
_WORTHWHILE = 1.5
"""Row shifts are used where they divide the squared rounding error of the weights by this."""


def weight_format(matrix: Array, bits: int, *, where: str) -> FixedFormat:
    """Return the signed format of `bits` bits with the smallest ulp that holds a matrix.

    Raises
    ------
    ConfigError
        If no format does: all weights would round to zero.
    """
    low, high = float(matrix.min()), float(matrix.max())
    magnitude = max(high, -low)
    if magnitude == 0.0:
        return FixedFormat.of_width(bits, signed=True, int_bits=0)
    int_bits = int(np.frexp(magnitude)[1]) - 1
    while True:
        fmt = FixedFormat.of_width(bits, signed=True, int_bits=int_bits)
        half = fmt.ulp / 2
        if high < fmt.max_value + half and low >= fmt.min_value - half:
            break
        int_bits += 1
    if magnitude < fmt.ulp / 2:
        raise ConfigError(f"{where}: {bits} bits are too few: all weights would round to zero")
    return fmt


def weight_codes(matrix: Array, fmt: FixedFormat, shifts: NDArray[np.int64], what: str) -> Codes:
    """Return the codes of a matrix whose row r is scaled by ``2**shifts[r]``.

    Raises
    ------
    ConfigError
        If a weight does not fit the format.
    """
    scaled = matrix * 2.0 ** shifts[:, None]
    requant = Requant(format=fmt, rounding=Rounding.HALF_EVEN, overflow=Overflow.SATURATE)
    codes, outside = quantize(scaled, requant, what=what)
    if outside:
        row, column = np.unravel_index(np.argmax(np.abs(scaled)), matrix.shape)
        raise ConfigError(
            f"{what}: the weights must fit {fmt}, but row {row}, column {column} is "
            f"{matrix[row, column]:.6g}"
        )
    return Codes(codes=codes, format=fmt)


def row_shifts(
    node: FloatNode, weights: Mapping[str, FixedFormat], limit: int = MAX_ROW_SHIFT
) -> NDArray[np.int64]:
    """Return for each row the largest shift that all its weights leave room for.

    Returns
    -------
    (rows,) int64, 0 to `limit`
    """
    shifts = np.full(len(node.terms[0].matrix), limit)
    for term in node.terms:
        fmt = weights[term.label]
        high, low = term.matrix.max(axis=1), -term.matrix.min(axis=1)
        for shift in range(limit, 0, -1):
            most = (fmt.max_value + fmt.ulp / 2) * 2.0**-shift
            too_large = (high >= most) | (low >= most)
            shifts[too_large] = np.minimum(shifts[too_large], shift - 1)
    return shifts


def best_row_shifts(
    node: FloatNode, weights: Mapping[str, FixedFormat]
) -> tuple[NDArray[np.int64], float]:
    """Return the row shifts if they pay, zeros otherwise, and the gain in squared error."""
    shifts = row_shifts(node, weights)
    none = np.zeros_like(shifts)
    gain = _squared_error(node, weights, none) / max(_squared_error(node, weights, shifts), 1e-300)
    # The common part of all shifts belongs into the format; it is zero by construction of the
    # formats unless all weights are tiny, or formats have a margin.
    return (shifts if gain >= _WORTHWHILE else none), gain


def _squared_error(
    node: FloatNode, weights: Mapping[str, FixedFormat], shifts: NDArray[np.int64]
) -> float:
    error = 0.0
    for term in node.terms:
        codes = weight_codes(term.matrix, weights[term.label], shifts, node.name)
        values = dequantize(codes.codes, codes.format) * 2.0 ** -shifts[:, None]
        error += float(np.sum((values - term.matrix) ** 2))
    return error


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightFormats:
    """Formats of a node's weights by label, whether row shifts pay, and why; see `NodeConfig`."""

    weights: dict[str, FixedFormat]
    row_shifts: bool
    why: tuple[str, ...]


def weight_formats(
    node: FloatNode, bits: int, *, margin: float = 1.0, finest: int | None = None
) -> WeightFormats:
    """Return the formats of a node's weights, which hold `margin` times the largest one.

    Rows are shifted into that room, so it costs a wider shift rather than accuracy.
    Of weights below 1 no ulp is less than ``2**-finest``: those of a memory that forgets at once
    are smaller than anything that its states could tell from zero.
    """
    weights = {
        term.label: weight_format(margin * term.matrix, bits, where=f"{node.name}: {term.label}")
        for term in node.terms
    }
    for label, fmt in weights.items():
        if finest is not None and fmt.frac_bits > max(finest, bits - 1):
            int_bits = min(bits - 1 - finest, 0)
            weights[label] = FixedFormat.of_width(bits, signed=True, int_bits=int_bits)
    shifts, gain = best_row_shifts(node, weights)
    why = (f"row shifts divide the squared weight error by {gain:.1f}",) if any(shifts) else ()
    return WeightFormats(weights=weights, row_shifts=any(shifts), why=why)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundedWeights:
    """The weights of a node in integers.

    Attributes
    ----------
    terms : tuple of Term
    shifts : (rows,) int64
    frac_bits : int
        Of the sum of products.
    """

    terms: tuple[Term, ...]
    shifts: NDArray[np.int64]
    frac_bits: int

    @property
    def row_shifts(self) -> tuple[int, ...] | None:
        """As a node has them."""
        return tuple(int(shift) for shift in self.shifts) if self.shifts.any() else None


def rounded_weights(
    node: FloatNode,
    weights: Mapping[str, FixedFormat],
    formats: Mapping[str, FixedFormat],
    *,
    limit: int,
) -> RoundedWeights:
    """Return the weights of a node in integers.

    Parameters
    ----------
    node : FloatNode
    weights : mapping of label to FixedFormat
    formats : mapping of name to FixedFormat
        Of the node's sources.
    limit : int
        Largest power-of-two scale that a row has of its own; 0: none has.
    """
    check_labels(node.name, weights, {term.label for term in node.terms})
    shifts = row_shifts(node, weights, limit)
    terms = []
    for term in node.terms:
        what = f"{node.name}: weights of {term.label}"
        codes = weight_codes(term.matrix, weights[term.label], shifts, what)
        terms.append(Term(source=term.source, delayed=term.delayed, weights=codes))
    products = (formats[t.source].frac_bits + weights[t.label].frac_bits for t in node.terms)
    return RoundedWeights(
        terms=tuple(terms), shifts=shifts, frac_bits=int(shifts.max()) + max(products)
    )


def check_labels(name: str, weights: Mapping[str, FixedFormat], labels: set[str]) -> None:
    """Raise `ConfigError` unless there is a format for the weights of each source, and no other."""
    if missing := sorted(labels - set(weights)):
        raise ConfigError(f"{name}: the configuration lacks weights of {missing[0]!r}")
    if unknown := set(weights) - labels:
        raise ConfigError(f"{name}: the configuration has weights of unknown {unknown}")
