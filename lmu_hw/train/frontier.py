# SPDX-License-Identifier: Apache-2.0
"""What of a network no trained weight reaches: the golden model computes it once.

The memory of a layer without feedback is the rule: it depends on the input alone.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from lmu_hw.fixed import Overflow, Requant, Rounding
from lmu_hw.golden import GoldenModel
from lmu_hw.network import (
    INPUT,
    AnyNode,
    QuantizedLayer,
    QuantizedNetwork,
    has_feedback,
)

__all__ = ["Frontier", "frontier"]

Codes = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Frontier:
    """Where training begins.

    Attributes
    ----------
    layer : int
        The first layer with a trained weight.
    fixed : tuple of str
        Its nodes that no trained weight reaches, in order.
    kept : tuple of str
        What the others read of these and of the layer's input.
    last : bool
        They read it at the last step only.
    """

    layer: int
    fixed: tuple[str, ...]
    kept: tuple[str, ...]
    last: bool

    def codes(self, network: QuantizedNetwork, x_codes: Codes) -> dict[str, Codes]:
        """Return what is kept, name to (sequences, steps or 1, size).

        Parameters
        ----------
        network : QuantizedNetwork
            With any trained weights.
        x_codes : (sequences, steps, inputs) int64
        """
        layer = network.layers[self.layer]
        entering = _run(network, network.layers[: self.layer], x_codes)
        steps = slice(-1, None) if self.last else slice(None)
        kept_codes = {INPUT: entering[:, steps]} if INPUT in self.kept else {}
        names = tuple(name for name in self.fixed if name in self.kept)
        if not names:
            return kept_codes
        nodes = tuple(node for node in layer.nodes if node.name in self.fixed)
        part = replace(layer, nodes=nodes, outputs=names, last_only=self.last)
        y = _run(network, (part,), entering)
        sizes = [part.signals[name].size for name in names]
        for name, codes in zip(names, np.split(y, np.cumsum(sizes)[:-1], axis=2), strict=True):
            # The answers of a layer share a binary point.
            shift = part.output.format.frac_bits - part.signals[name].format.frac_bits
            kept_codes[name] = codes >> shift
        return kept_codes


def frontier(network: QuantizedNetwork, trained: Collection[str]) -> Frontier:
    """Return where training begins, given the names of the nodes that have trained weights."""
    number = next(
        index
        for index, layer in enumerate(network.layers)
        if any(node.name in trained for node in layer.nodes)
    )
    layer = network.layers[number]
    fixed = _fixed(layer, trained)
    free = [node for node in layer.nodes if node.name not in fixed]
    last = layer.last_only and not any(_has_state(node) for node in free)
    if not last:  # nothing of the last step only can be kept for every step
        late = [node for node in layer.nodes if node.name in fixed and node.last_only]
        free, fixed = free + late, fixed - {node.name for node in late}
    read = {read.source for node in free for read in node.reads} | set(layer.outputs)
    known = (INPUT, *(node.name for node in layer.nodes if node.name in fixed))
    return Frontier(
        layer=number,
        fixed=known[1:],
        kept=tuple(name for name in known if name in read) or (INPUT,),
        last=last,
    )


def _fixed(layer: QuantizedLayer, trained: Collection[str]) -> set[str]:
    """Return the nodes of a layer that neither have trained weights nor read such nodes."""
    reached = {node.name for node in layer.nodes if node.name in trained}
    while True:
        more = {
            node.name for node in layer.nodes if any(read.source in reached for read in node.reads)
        }
        if more <= reached:
            return {node.name for node in layer.nodes} - reached
        reached |= more


def _has_state(node: AnyNode) -> bool:
    """Say whether a node depends on the step before."""
    return has_feedback(node) or any(read.delayed for read in node.reads)


def _run(network: QuantizedNetwork, layers: tuple[QuantizedLayer, ...], x_codes: Codes) -> Codes:
    """Return what layers make of codes, (sequences, steps or 1, size)."""
    if not layers:
        return x_codes
    entry = Requant(
        format=layers[0].input.format, rounding=Rounding.FLOOR, overflow=Overflow.FORBID
    )
    once = any(layer.last_only for layer in layers)
    part = replace(network, layers=layers, input=entry, input_scale=Fraction(1), answers_once=once)
    y, _ = GoldenModel(part).run(x_codes)
    return y[:, None] if once else y
