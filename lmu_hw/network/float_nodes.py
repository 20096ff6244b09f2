# SPDX-License-Identifier: Apache-2.0
"""The nodes of a float layer: what is summed, in which order, and what is applied to the sum.

This is the one place where a layer is taken apart; configuration, conversion and the prediction of
errors walk this list. Its nodes have the names that they have in the float trace.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmu_hw.lmu import DenseLayer, GruCell, HiddenCell, LmuLayer, LstmCell
from lmu_hw.lmu.activations import LINEAR
from lmu_hw.lmu.layers import Layer
from lmu_hw.network import INPUT, Factor, Product, pre_activation

__all__ = [
    "AnyFloatNode",
    "FloatElementwise",
    "FloatNode",
    "FloatTerm",
    "float_nodes",
    "memory_nodes",
    "outputs",
]

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
    """A sum of matrix-vector products; terms whose matrix is zero are left out.

    Attributes
    ----------
    kind : str
        The part after the dot: ``u`` (encoded input), ``m`` (memory), ``h`` (hidden), ``p``
        (input passed on), ``y`` (dense), or a part of a gated cell.
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

    @property
    def pre_activation(self) -> str:
        """Trace name of the sum, where an activation follows."""
        return pre_activation(self.name)


@dataclass(frozen=True, kw_only=True, eq=False)
class FloatElementwise:
    """A sum of products of vectors, element by element.

    Attributes
    ----------
    kind : str
        The part after the dot: ``c`` (state of an LSTM), ``s`` (the same behind its activation),
        ``q`` (reset state of a GRU), ``n`` (candidate of a GRU), ``h`` (hidden).
    rows : int
    activation : str
        Name of the function applied to the sum.
    """

    layer: str
    kind: str
    rows: int
    products: tuple[Product, ...]
    activation: str

    @property
    def name(self) -> str:
        """``layer.kind``, as in the float trace."""
        return f"{self.layer}.{self.kind}"

    @property
    def pre_activation(self) -> str:
        """Trace name of the sum, where an activation follows."""
        return pre_activation(self.name)


AnyFloatNode = FloatNode | FloatElementwise


def float_nodes(layer: Layer) -> list[AnyFloatNode]:
    """Return the nodes of a layer in evaluation order; those of an LMU layer start with u and m.

    Terms are listed in the order in which hardware reads them: the value computed last comes last.
    """
    if isinstance(layer, DenseLayer):
        terms = _terms((INPUT, False, layer.W))
        return [_node(layer.name, "y", terms, layer.b, layer.activation)]
    if isinstance(layer, LmuLayer):
        return [*memory_nodes(layer), *_readers(layer)]
    return _cell_nodes(layer.name, layer.cell, last_only=False)


def memory_nodes(layer: LmuLayer) -> tuple[FloatNode, FloatNode]:
    """Return u and m of an LMU layer."""
    u, m, h = f"{layer.name}.u", f"{layer.name}.m", f"{layer.name}.h"
    encoders = _terms((h, True, layer.E_h), (m, True, layer.E_m), (INPUT, False, layer.E_x))
    update = _terms((m, True, layer.memory.A), (u, False, layer.memory.B[:, None]))
    return (
        _node(layer.name, "u", encoders, layer.b_u, layer.encoder),
        _node(layer.name, "m", update, segments=layer.memory_d),
    )


def outputs(layer: Layer) -> tuple[str, ...]:
    """Return the names of the nodes that make up a layer's output vector, in order."""
    if isinstance(layer, DenseLayer):
        kinds = ["y"]
    elif isinstance(layer, LmuLayer) and layer.hidden is None:
        kinds = ["m", "p"] if layer.input_to_hidden else ["m"]
    else:
        kinds = ["h"]
    return tuple(f"{layer.name}.{kind}" for kind in kinds)


def _readers(layer: LmuLayer) -> list[AnyFloatNode]:
    """Return the nodes behind the memory."""
    if layer.hidden is None:
        identity = _terms((INPUT, False, np.eye(layer.inputs)))
        passed = _node(layer.name, "p", identity, last_only=not layer.return_sequences)
        return [passed] if layer.input_to_hidden else []
    fed_back = layer.hidden.W_h is not None or layer.E_h is not None
    last_only = not layer.return_sequences and not fed_back
    return _cell_nodes(layer.name, layer.hidden, last_only=last_only)


def _cell_nodes(layer: str, cell: HiddenCell, *, last_only: bool) -> list[AnyFloatNode]:
    if isinstance(cell, LstmCell):
        return _lstm(layer, cell)
    if isinstance(cell, GruCell):
        return _gru(layer, cell)
    terms = _terms((f"{layer}.h", True, cell.W_h), *_driven(layer, cell, slice(None)))
    return [_node(layer, "h", terms, cell.b, cell.activation, last_only=last_only)]


def _lstm(layer: str, cell: LstmCell) -> list[AnyFloatNode]:
    functions = dict.fromkeys("ifgo", cell.recurrent_activation) | {"g": cell.activation}
    nodes: list[AnyFloatNode] = [
        _gate(layer, cell, kind, number, functions[kind]) for number, kind in enumerate("ifgo")
    ]
    held = [("f", "c[t-1]"), ("i", "g")]
    nodes.append(_elementwise(layer, "c", cell.units, held))
    if cell.activation == LINEAR:
        return [*nodes, _elementwise(layer, "h", cell.units, [("o", "c")])]
    nodes.append(_elementwise(layer, "s", cell.units, [("c",)], activation=cell.activation))
    return [*nodes, _elementwise(layer, "h", cell.units, [("o", "s")])]


def _gru(layer: str, cell: GruCell) -> list[AnyFloatNode]:
    nodes: list[AnyFloatNode] = [
        _gate(layer, cell, kind, number, cell.recurrent_activation)
        for number, kind in enumerate("zr")
    ]
    rows = slice(2 * cell.units, None)
    bias = None if cell.b is None else cell.b[rows]
    driven = _driven(layer, cell, rows)
    if cell.reset_after:
        recurrent = None if cell.b_h is None else cell.b_h[rows]
        terms = _terms((f"{layer}.h", True, cell.W_h[rows]))
        nodes += [
            _node(layer, "v", terms, recurrent),
            _node(layer, "w", _terms(*driven), bias),
            _elementwise(layer, "n", cell.units, [("w",), ("r", "v")], activation=cell.activation),
        ]
    else:
        terms = _terms(*driven, (f"{layer}.q", False, cell.W_h[rows]))
        nodes += [
            _elementwise(layer, "q", cell.units, [("r", "h[t-1]")]),
            _node(layer, "n", terms, bias, cell.activation),
        ]
    mixed = [("n",), ("z", "h[t-1]")]
    return [*nodes, _elementwise(layer, "h", cell.units, mixed, less=("z", "n"))]


def _gate(
    layer: str, cell: LstmCell | GruCell, kind: str, number: int, activation: str
) -> FloatNode:
    rows = slice(number * cell.units, (number + 1) * cell.units)
    biases = [cell.b] if isinstance(cell, LstmCell) else [cell.b, cell.b_h]
    given = [bias[rows] for bias in biases if bias is not None]
    terms = _terms((f"{layer}.h", True, cell.W_h[rows]), *_driven(layer, cell, rows))
    return _node(layer, kind, terms, np.sum(given, axis=0) if given else None, activation)


def _driven(layer: str, cell: HiddenCell, rows: slice) -> list[tuple[str, bool, Array | None]]:
    """Return the products by which a cell reads the input and the memory."""
    W_x = None if cell.W_x is None else cell.W_x[rows]
    W_m = cell.W_m[rows] if cell.W_m.size else None
    return [(INPUT, False, W_x), (f"{layer}.m", False, W_m)]


def _elementwise(
    layer: str,
    kind: str,
    rows: int,
    products: list[tuple[str, ...]],
    *,
    less: tuple[str, ...] = (),
    activation: str = LINEAR,
) -> FloatElementwise:
    """Return the sum of products of kinds such as ``c`` and ``c[t-1]``, `less` one more."""

    def product(kinds: tuple[str, ...], *, negative: bool) -> Product:
        factors = (
            Factor(source=f"{layer}.{one.removesuffix('[t-1]')}", delayed=one.endswith("[t-1]"))
            for one in kinds
        )
        return Product(factors=tuple(factors), negative=negative)

    return FloatElementwise(
        layer=layer,
        kind=kind,
        rows=rows,
        products=(
            *(product(kinds, negative=False) for kinds in products),
            *(product(kinds, negative=True) for kinds in [less] if kinds),
        ),
        activation=activation,
    )


def _terms(*terms: tuple[str, bool, Array | None]) -> tuple[FloatTerm, ...]:
    given = [
        FloatTerm(source=source, delayed=delayed, matrix=matrix)
        for source, delayed, matrix in terms
        if matrix is not None
    ]
    # A node must read something: if every matrix is zero, the last one stays.
    return tuple(term for term in given if term.matrix.any()) or tuple(given[-1:])


def _node(
    layer: str,
    kind: str,
    terms: tuple[FloatTerm, ...],
    bias: Array | None = None,
    activation: str = LINEAR,
    *,
    segments: int = 1,
    last_only: bool = False,
) -> FloatNode:
    return FloatNode(
        layer=layer,
        kind=kind,
        segments=segments,
        terms=terms,
        bias=bias if bias is not None and bias.any() else None,
        activation=activation,
        last_only=last_only,
    )
