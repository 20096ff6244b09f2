# SPDX-License-Identifier: Apache-2.0
"""The trained matrices as they are, in whatever basis: d**2 + d products a step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from lmu_hw.fixed import FixedFormat, Requant
from lmu_hw.lmu import LmuLayer, Memory, orthonormal_scale
from lmu_hw.network import Node
from lmu_hw.network.float_nodes import memory_nodes
from lmu_hw.realize.base import Basis, MemoryFormats, MemoryRealization, NodeFormats
from lmu_hw.realize.stable import stable_codes
from lmu_hw.realize.weights import rounded_weights, weight_formats

__all__ = ["DenseRealization"]

Array = NDArray[np.float64]

_EXACT_BITS = 58
"""Of a sum of a dense memory's products, of those that the golden model computes exactly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DenseRealization(MemoryRealization):
    """The trained matrices; nothing is left to choose."""

    kind: ClassVar[str] = "dense"
    help: ClassVar[str] = "the trained matrices, d*d + d products a step"
    trained_matrices: ClassVar[bool] = True
    takes_error_feedback: ClassVar[bool] = True

    @classmethod
    def of(cls, memory: Memory, tolerance: float | None, *, where: str) -> Any:
        return cls()

    @classmethod
    def candidates(cls, memory: Memory, *, where: str) -> Iterator[Any]:
        yield from ()  # it is what the others are compared with

    @classmethod
    def states(cls, order: int, basis: Basis) -> Array:
        return orthonormal_scale(order) if basis is Basis.ORTHONORMAL else np.ones(order)

    def cost(self, node: Any) -> int:
        width = node.requant.format.width  # u is as wide as the states
        bits = sum(t.weights.codes.size * t.weights.format.width for t in node.terms)
        return node.segments * bits * width

    def matrices(self, layer: LmuLayer, u_share: float) -> tuple[Array, Array]:
        return layer.memory.A, layer.memory.B

    def formats(
        self,
        layer: LmuLayer,
        bits: int,
        states: Requant,
        source: FixedFormat,
        u_share: float,
        proved: Mapping[str, int],
    ) -> MemoryFormats:
        finest = _EXACT_BITS - states.format.width
        chosen = weight_formats(memory_nodes(layer)[1], bits, finest=finest)
        return MemoryFormats(
            realization=self,
            weights=chosen.weights,
            row_shifts=chosen.row_shifts,
            why=chosen.why,
        )

    def node(
        self, layer: LmuLayer, config: NodeFormats, source: FixedFormat, u_share: float
    ) -> Node:
        u, node = memory_nodes(layer)
        formats = {u.name: source, node.name: config.requant.format}
        weights = rounded_weights(
            node, config.weights, formats, limit=config.row_shifts * config.row_shift_limit
        )
        terms = [
            replace(
                term,
                weights=stable_codes(
                    node, exact, term.weights, weights.shifts, repair=config.repair
                ),
            )
            if term.source == node.name
            else term
            for term, exact in zip(weights.terms, node.terms, strict=True)
        ]
        return Node(
            layer=node.layer,
            role=node.role,
            segments=node.segments,
            terms=tuple(terms),
            bias=None,
            row_shifts=weights.row_shifts,
            sum_frac_bits=weights.frac_bits,
            requant=config.requant,
            activation=None,
            last_only=node.last_only,
            error_feedback=config.error_feedback,
        )
