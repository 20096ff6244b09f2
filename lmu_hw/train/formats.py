# SPDX-License-Identifier: Apache-2.0
"""Formats of weights that are to be trained: a few large weights may be cut off.

A format that holds the largest weight of a matrix leaves few codes for all others. Training moves
what was cut off to where it does least harm, so the ulp is chosen that rounds and cuts the whole
matrix with the least squared error.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lmu_hw.fixed import FixedFormat
from lmu_hw.lmu import Network
from lmu_hw.network.float_nodes import FloatNode, float_nodes
from lmu_hw.quantize import Config, NodeConfig, realized
from lmu_hw.quantize.fitted import quantize_memories
from lmu_hw.realize.weights import row_shifts
from lmu_hw.train.weights import placement

__all__ = ["tighten"]

Array = NDArray[np.float64]
Formats = Mapping[str, FixedFormat]

_MOST = 4
"""Integer bits that a format may lose."""


def tighten(network: Network, config: Config, *, fixed: Collection[str] = ()) -> Config:
    """Return a configuration whose weight formats are best for the matrices as a whole.

    It is for `AwareNetwork`, which moves weights into their formats; `lmu_hw.quantize` refuses
    weights that do not fit.

    Parameters
    ----------
    network : Network
        As trained.
    config : Config
    fixed : collection of str
        Arrays that are not trained: their formats stay.
    """
    real = realized(network, config)
    fitted = quantize_memories(real, config.memory_scale, config.nodes).network
    free = {
        place
        for place, pieces in placement(fitted).items()
        if not any(piece.name in fixed for piece in pieces)
    }
    nodes = dict(config.nodes)
    for layer in fitted.layers:
        for node in float_nodes(layer):
            if isinstance(node, FloatNode) and any(name == node.name for name, _ in free):
                labels = [term.label for term in node.terms if (node.name, term.label) in free]
                nodes[node.name] = _tightened(node, nodes[node.name], labels)
    return replace(config, nodes=nodes)


def _tightened(node: FloatNode, config: NodeConfig, labels: list[str]) -> NodeConfig:
    chosen = dict(config.weights)
    for label in labels:
        widest = chosen[label]
        candidates = [
            replace(widest, int_bits=widest.int_bits - bits, frac_bits=widest.frac_bits + bits)
            for bits in range(_MOST + 1)
        ]
        errors = [_error(node, chosen | {label: fmt}, config.row_shifts) for fmt in candidates]
        chosen[label] = candidates[int(np.argmin(errors))]
    return replace(config, weights=chosen)


def _error(node: FloatNode, formats: Formats, shifted: bool) -> float:
    """Return the squared error of all weights of a node, cut off and rounded to formats."""
    cut = [
        replace(
            term,
            matrix=np.clip(
                term.matrix, formats[term.label].min_value, formats[term.label].max_value
            ),
        )
        for term in node.terms
    ]
    shifts = row_shifts(replace(node, terms=tuple(cut)), formats) if shifted else np.zeros(1)
    error = 0.0
    for term, clipped in zip(node.terms, cut, strict=True):
        ulp = formats[term.label].ulp * 2.0 ** -shifts[:, None]
        error += float(np.sum((np.rint(clipped.matrix / ulp) * ulp - term.matrix) ** 2))
    return error
