# SPDX-License-Identifier: Apache-2.0
"""An ONNX file: what its graph says of the layers, and its tensors, which a mapping may use."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lmu_hw.lmu import Network
from lmu_hw.load.check import show
from lmu_hw.load.onnx.files import Graph, read_model
from lmu_hw.load.onnx.graph import read_graph
from lmu_hw.load.state import StateFile
from lmu_hw.load.tensors import KINDS, Tensor
from lmu_hw.load.window import with_theta

__all__ = ["load_onnx"]


def load_onnx(path: Path) -> StateFile:
    """Return the tensors of an ONNX file; its graph is read as layers when it is asked for.

    Raises
    ------
    LoadError
        As `read_model`.
    """
    graph = read_model(path)
    tensors = {
        name: Tensor(
            where=f"{path}: tensor {show(name)}",
            kind=str(array.dtype),
            shape=array.shape,
            data=partial(np.asarray, array, np.float64),
        )
        for name, array in _tensors(graph)
    }

    def network(theta: float | None) -> Network:
        read = read_graph(graph, path.stem)
        return read if theta is None else with_theta(read, theta, where=str(path))

    return StateFile(where=str(path), tensors=tensors, network=network)


def _tensors(graph: Graph) -> Iterator[tuple[str, Any]]:
    """Yield arrays of a graph, and of those within its nodes, that may be weights."""
    for name, array in graph.constants.items():
        if str(array.dtype) in KINDS and array.size > 1:
            yield name, array
    for node in graph.nodes:
        for value in node.attributes.values():
            if isinstance(value, Graph):
                yield from _tensors(value)
