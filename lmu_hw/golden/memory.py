# SPDX-License-Identifier: Apache-2.0
"""Memories with an update of their own, batched over sequences, in int64."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lmu_hw.fixed.ops import requantize
from lmu_hw.golden.overflows import Overflows
from lmu_hw.golden.scan import ScanModel
from lmu_hw.golden.semiseparable import SemiseparableModel
from lmu_hw.golden.two_pass import TwoPassModel
from lmu_hw.network import MemoryNode, QuantizedLayer, entry_of
from lmu_hw.network.scan import Scan
from lmu_hw.network.semiseparable import Semiseparable
from lmu_hw.network.two_pass import TwoPass

__all__ = ["MemoryModel"]

_MODELS = {Semiseparable: SemiseparableModel, Scan: ScanModel, TwoPass: TwoPassModel}


class MemoryModel:
    """Computes the states of a `MemoryNode`; the sums are exact, as its bounds must show."""

    def __init__(self, layer: QuantizedLayer, node: MemoryNode) -> None:
        self.node = node
        formats = layer.signals[node.source].format, node.requant.format
        self.model = entry_of(_MODELS, node.update)(node.name, node.update, *formats)

    def step(
        self, now: dict[str, NDArray], past: dict[str, NDArray], overflows: Overflows
    ) -> tuple[NDArray, NDArray]:
        """Return the states twice, (sequences, size): a memory has no activation."""
        node = self.node
        before, source = past[node.name], now[node.source]
        # One column per sequence and segment, so that a state is contiguous.
        x = np.ascontiguousarray(before.reshape(-1, node.rows).T.astype(np.int64))
        total = self.model.totals(x, source.reshape(-1).astype(np.int64))
        codes, outside = requantize(total, self.model.frac_bits, node.requant, what=node.name)
        overflows.add(node.name, outside, codes, node.requant.format)
        states = np.ascontiguousarray(codes.T).reshape(before.shape).astype(before.dtype)
        return states, states
