# SPDX-License-Identifier: Apache-2.0
"""The contents of a coefficient ROM: which weight lies where."""

from __future__ import annotations

import numpy as np

from lmu_hw.hdl.storage import pack
from lmu_hw.network import Node, QuantizedLayer, Term
from lmu_hw.plan import CoefficientRom, LayerPlan

__all__ = ["contents", "rom_words"]


def contents(
    plan: LayerPlan, rom: CoefficientRom, replacement: QuantizedLayer | None = None
) -> list[int]:
    """Return the words of a ROM, node by node: those of the plan's layer, or of another one.

    Parameters
    ----------
    plan : LayerPlan
    rom : CoefficientRom
    replacement : QuantizedLayer, optional
        With the same nodes and formats as the layer of the plan.
    """
    nodes = {node.name: node for node in (replacement or plan.layer).sums}
    return [
        word
        for node in rom.nodes
        for word in rom_words(plan, node, rom.width, nodes[node.name].terms)
    ]


def rom_words(
    plan: LayerPlan, node: Node, width: int, terms: tuple[Term, ...] | None = None
) -> list[int]:
    """Return the coefficient words of a node, in the order in which they are read.

    A word holds one coefficient of `width` bits for each multiplier, row-major; padding is zero.
    They are those of the terms of the node, or of others that read the same.
    """
    blocks = [_padded_columns(plan, node, term) for term in terms or node.terms]
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
