# SPDX-License-Identifier: Apache-2.0
"""The contents of the coefficient ROMs of a layer: which weight lies where."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lmu_hw.hdl.storage import pack
from lmu_hw.network import Node, Term
from lmu_hw.plan import LayerPlan
from lmu_hw.plan.banks import memory_cost

__all__ = ["CoefficientRom", "coefficient_roms", "rom_words", "stored_width"]


@dataclass(frozen=True)
class CoefficientRom:
    """A ROM that holds the coefficients of some nodes, one after the other.

    Parameters
    ----------
    plan : LayerPlan
    nodes : tuple of Node
        In the order in which they are computed.
    """

    plan: LayerPlan
    nodes: tuple[Node, ...]

    @property
    def width(self) -> int:
        """Bits of a coefficient."""
        return max(stored_width(node) for node in self.nodes)

    @property
    def depth(self) -> int:
        """Words, each holding one coefficient for every multiplier."""
        return sum(self.plan.node(node).rom_words for node in self.nodes)

    @property
    def cost(self) -> float:
        """Blocks of memory that it takes."""
        return memory_cost(self.depth, self.width * self.plan.array_lanes)

    @property
    def first_words(self) -> tuple[int, ...]:
        """Address of the first word of each node."""
        ends = np.cumsum([self.plan.node(node).rom_words for node in self.nodes])
        return (0, *ends[:-1].tolist())

    def words(self) -> list[int]:
        """Return the contents."""
        return [w for node in self.nodes for w in rom_words(self.plan, node, self.width)]

    def with_nodes_of(self, other: CoefficientRom) -> CoefficientRom:
        """Return a ROM of the nodes of both."""
        nodes = [n for n in self.plan.layer.sums if n in self.nodes or n in other.nodes]
        return CoefficientRom(self.plan, tuple(nodes))


def coefficient_roms(plan: LayerPlan) -> tuple[CoefficientRom, ...]:
    """Return the ROMs of a layer; nodes share one where that takes no more blocks.

    No two nodes are computed at once, so that one port is enough.
    """
    nodes = plan.layer.sums
    roms: list[CoefficientRom] = []
    for width in sorted({stored_width(node) for node in nodes}):
        of_width = tuple(node for node in nodes if stored_width(node) == width)
        roms.append(CoefficientRom(plan, of_width))
        while len(roms) > 1:
            shared = roms[-2].with_nodes_of(roms[-1])
            if shared.cost > roms[-2].cost + roms[-1].cost:
                break
            roms[-2:] = [shared]
    return tuple(roms)


def stored_width(node: Node) -> int:
    """Return the bits of the widest coefficient of a node."""
    return max(term.weights.format.width for term in node.terms)


def rom_words(plan: LayerPlan, node: Node, width: int) -> list[int]:
    """Return the coefficient words of a node, in the order in which they are read.

    A word holds one coefficient of `width` bits for each multiplier, row-major; padding is zero.
    """
    blocks = [_padded_columns(plan, node, term) for term in node.terms]
    matrix = np.hstack(blocks)
    groups = plan.node(node).groups
    padded = np.zeros((groups * plan.rows, matrix.shape[1]), np.int64)
    padded[: node.rows] = matrix
    # (groups, rows, words, columns) -> one line for each group and word
    shaped = padded.reshape(groups, plan.rows, -1, plan.columns).transpose(0, 2, 1, 3)
    return pack(shaped.reshape(-1, plan.array_lanes), width)


def _padded_columns(plan: LayerPlan, node: Node, term: Term) -> np.ndarray:
    """Return a term's matrix with its columns where the source's elements lie in words."""
    codes, storage = term.weights.codes, plan.storage(term.source)
    segments = 1 if node.segments > 1 else storage.segments
    length = codes.shape[1] // segments
    wide = np.zeros((len(codes), segments, storage.words_per_segment * plan.columns), np.int64)
    wide[:, :, :length] = codes.reshape(len(codes), segments, length)
    return wide.reshape(len(codes), -1)
