# SPDX-License-Identifier: Apache-2.0
"""A Keras model, layer by layer: what is read becomes a network, what is refused is listed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from lmu_hw.errors import LoadError
from lmu_hw.lmu.layers import Layer
from lmu_hw.load.keras.graph import LayerNode, reads, require_end, sources
from lmu_hw.load.keras.layouts import Layout
from lmu_hw.load.keras.masks import Masks
from lmu_hw.load.keras.options import MASK_OPERATIONS
from lmu_hw.load.keras.reader import LayerReader

__all__ = ["read_model"]

_MAX_LINES = 20


def read_model(
    where: str, model: Mapping[str, Any], nodes: list[LayerNode], layout: Layout, *, keras2: bool
) -> tuple[tuple[Layer, ...], tuple[str, ...], float | None]:
    """Return the layers of a network, what to tell about them, and the value of masked steps.

    Raises
    ------
    LoadError
        That names every layer that is refused, one on a line.
    """
    reader = LayerReader(where, layout, Masks(), keras2=keras2)
    problems: list[LoadError] = []
    try:
        require_end(where, model, nodes)
    except LoadError as error:
        problems.append(error)
    before, sequential = None, model["class_name"] == "Sequential"
    fed = () if sequential else (node for node in nodes if node.kind not in MASK_OPERATIONS)
    uses = Counter(name for node in fed for name in reads(node))
    for node in nodes:
        try:
            reader.require_known(node)
            names = sources(node, before, reader.known, sequential=sequential)
            reader.read(node, names, shared=uses[node.name] > 1)
        except LoadError as error:
            problems.append(error)
            reader.lose_track(node)
        before = node
    if problems:
        raise _together(where, problems)
    return reader.finish(nodes[-1])


def _together(where: str, problems: list[LoadError]) -> LoadError:
    if len(problems) == 1:
        return problems[0]
    lines = [str(problem).removeprefix(f"{where}: ") for problem in problems[:_MAX_LINES]]
    if len(problems) > _MAX_LINES:
        lines.append(f"and {len(problems) - _MAX_LINES} more")
    head = f"{where}: every layer must be supported, but {len(problems)} things are refused:"
    return LoadError("\n  ".join([head, *lines]))
