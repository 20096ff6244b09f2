# SPDX-License-Identifier: Apache-2.0
"""The nodes of a float layer: what is summed, in which order, and what is applied to the sum.

This is the one place where an LMU layer is taken apart; configuration and conversion both walk
this list.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmu_hw.lmu import DenseLayer
from lmu_hw.lmu.activations import LINEAR
from lmu_hw.lmu.layers import Layer
from lmu_hw.spec import INPUT

__all__ = ["FloatNode", "FloatTerm", "float_nodes", "output_nodes"]

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class FloatTerm:
    """A matrix-vector product: (rows, columns) float64 times a source."""

    source: str
    delayed: bool
    matrix: Array

    @property
    def label(self) -> str:
        """The source as the configuration writes it."""
        return f"{self.source}[t-1]" if self.delayed else self.source


@dataclass(frozen=True, kw_only=True, eq=False)
class FloatNode:
    """One vector of a layer; terms whose matrix is zero are left out.

    Attributes
    ----------
    kind : str
        The part after the dot: ``u`` (encoded input), ``m`` (memory), ``h`` (hidden), ``p``
        (input passed on), ``y`` (dense).
    activation : str
        Name of the function applied to the sum.
    """

    layer: str
    kind: str
    segments: int
    terms: tuple[FloatTerm, ...]
    bias: Array | None
    activation: str
    last_only: bool

    @property
    def name(self) -> str:
        """``layer.kind``, as in the float trace."""
        return f"{self.layer}.{self.kind}"


def float_nodes(layer: Layer) -> list[FloatNode]:
    """Return the nodes of a layer in evaluation order.

    Terms are listed in the order in which hardware reads them: the value computed last comes last.
    """
    if isinstance(layer, DenseLayer):
        terms = _terms((INPUT, False, layer.W))
        return [_node(layer, "y", 1, terms, layer.b, layer.activation, last_only=False)]
    u, m, h = f"{layer.name}.u", f"{layer.name}.m", f"{layer.name}.h"
    memory, hidden = layer.memory, layer.hidden
    nodes = [
        _node(
            layer,
            "u",
            1,
            _terms((h, True, layer.E_h), (m, True, layer.E_m), (INPUT, False, layer.E_x)),
            layer.b_u,
        ),
        _node(
            layer,
            "m",
            layer.memory_d,
            _terms((m, True, memory.A), (u, False, memory.B[:, None])),
        ),
    ]
    if hidden is not None:
        fed_back = hidden.W_h is not None or layer.E_h is not None
        terms = _terms((h, True, hidden.W_h), (INPUT, False, hidden.W_x), (m, False, hidden.W_m))
        last_only = not layer.return_sequences and not fed_back
        nodes.append(_node(layer, "h", 1, terms, hidden.b, hidden.activation, last_only=last_only))
    elif layer.input_to_hidden:
        identity = _terms((INPUT, False, np.eye(layer.inputs)))
        nodes.append(_node(layer, "p", 1, identity, last_only=not layer.return_sequences))
    return nodes


def output_nodes(layer: Layer) -> tuple[str, ...]:
    """Return the names of the nodes that make up a layer's output vector, in order."""
    if isinstance(layer, DenseLayer):
        kinds = ["y"]
    elif layer.hidden is not None:
        kinds = ["h"]
    else:
        kinds = ["m", "p"] if layer.input_to_hidden else ["m"]
    return tuple(f"{layer.name}.{kind}" for kind in kinds)


def _terms(*terms: tuple[str, bool, Array | None]) -> tuple[FloatTerm, ...]:
    given = [
        FloatTerm(source=source, delayed=delayed, matrix=matrix)
        for source, delayed, matrix in terms
        if matrix is not None
    ]
    # A node must read something: if every matrix is zero, the last one stays.
    return tuple(term for term in given if term.matrix.any()) or tuple(given[-1:])


def _node(
    layer: Layer,
    kind: str,
    segments: int,
    terms: tuple[FloatTerm, ...],
    bias: Array | None = None,
    activation: str = LINEAR,
    *,
    last_only: bool = False,
) -> FloatNode:
    return FloatNode(
        layer=layer.name,
        kind=kind,
        segments=segments,
        terms=terms,
        bias=bias if bias is not None and bias.any() else None,
        activation=activation,
        last_only=last_only,
    )
