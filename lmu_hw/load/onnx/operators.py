# SPDX-License-Identifier: Apache-2.0
"""Every operator that is read in a graph, but for those of recurrent layers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from lmu_hw.load.onnx.engine import Engine, Layers
from lmu_hw.load.onnx.files import Graph
from lmu_hw.load.onnx.shapes import SHAPES
from lmu_hw.load.onnx.sums import SUMS

__all__ = ["engine_of"]


def engine_of(
    graph: Graph,
    layers: Layers,
    sizes: Mapping[str, int],
    *,
    free: bool,
    outer: Engine | None = None,
) -> Engine:
    """Return what goes through a graph.

    Parameters
    ----------
    graph : Graph
    layers : Layers
        What is made of sums, products and activations.
    sizes : mapping of str to int
        Lengths of `BATCH` and `TIME`.
    free : bool
        Some of these stand for any number.
    outer : Engine or None
        Of the graph around this one, whose tensors it reads.
    """
    engine = Engine(graph, layers, sizes, free=free, outer=outer)
    readers: dict[str, Any] = {**SHAPES, **SUMS}
    engine.readers |= {op: partial(read, engine) for op, read in readers.items()}
    return engine
