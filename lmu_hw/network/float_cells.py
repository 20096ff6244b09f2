# SPDX-License-Identifier: Apache-2.0
"""The nodes of a hidden cell: gates, and the products of vectors that they weigh."""

from __future__ import annotations

from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from lmu_hw.lmu import GruCell, HiddenCell, LstmCell, Role, SimpleCell, node_name
from lmu_hw.lmu.activations import LINEAR
from lmu_hw.lmu.cells import GRU_GATES, LSTM_GATES
from lmu_hw.network import INPUT, Factor, Product
from lmu_hw.network.float_kinds import (
    AnyFloatNode,
    FloatElementwise,
    FloatNode,
    float_node,
    terms_of,
)

__all__ = ["cell_nodes"]

Array = NDArray[np.float64]


def cell_nodes(layer: str, cell: HiddenCell, *, last_only: bool) -> list[AnyFloatNode]:
    """Return the nodes of a cell of a layer in evaluation order."""
    match cell:
        case SimpleCell():
            recurrent = (node_name(layer, Role.HIDDEN), True, cell.W_h)
            terms = terms_of(recurrent, *_driven(layer, cell, slice(None)))
            return [
                float_node(layer, Role.HIDDEN, terms, cell.b, cell.activation, last_only=last_only)
            ]
        case LstmCell():
            return _lstm(layer, cell)
        case GruCell():
            return _gru(layer, cell)
    assert_never(cell)


def _lstm(layer: str, cell: LstmCell) -> list[AnyFloatNode]:
    functions = dict.fromkeys(LSTM_GATES, cell.recurrent_activation)
    functions[Role.CELL_CANDIDATE] = cell.activation
    gates = [
        _gate(layer, cell, role, number, functions[role]) for number, role in enumerate(LSTM_GATES)
    ]
    i, f, g, o = (_now(layer, role) for role in LSTM_GATES)
    c, s = _now(layer, Role.CELL_STATE), _now(layer, Role.ACTIVATED_STATE)
    nodes: list[AnyFloatNode] = [
        *gates,
        _elementwise(layer, Role.CELL_STATE, cell, [(f, _before(layer, Role.CELL_STATE)), (i, g)]),
    ]
    if cell.activation == LINEAR:
        return [*nodes, _elementwise(layer, Role.HIDDEN, cell, [(o, c)])]
    return [
        *nodes,
        _elementwise(layer, Role.ACTIVATED_STATE, cell, [(c,)], activation=cell.activation),
        _elementwise(layer, Role.HIDDEN, cell, [(o, s)]),
    ]


def _gru(layer: str, cell: GruCell) -> list[AnyFloatNode]:
    gates = [
        _gate(layer, cell, role, number, cell.recurrent_activation)
        for number, role in enumerate(GRU_GATES)
    ]
    z, n, h = (
        _now(layer, Role.UPDATE_GATE),
        _now(layer, Role.CANDIDATE),
        _before(layer, Role.HIDDEN),
    )
    candidate = _reset_after(layer, cell) if cell.reset_after else _reset_before(layer, cell)
    hidden = _elementwise(layer, Role.HIDDEN, cell, [(n,), (z, h)], less=(z, n))
    return [*gates, *candidate, hidden]


def _reset_after(layer: str, cell: GruCell) -> list[AnyFloatNode]:
    """Return the nodes of ``n = a(w + r v)``: the reset gate acts on the recurrent product."""
    rows = slice(2 * cell.units, None)
    recurrent = terms_of((node_name(layer, Role.HIDDEN), True, cell.W_h[rows]))
    r, v, w = (
        _now(layer, role) for role in (Role.RESET_GATE, Role.RECURRENT_PART, Role.DRIVEN_PART)
    )
    return [
        float_node(
            layer, Role.RECURRENT_PART, recurrent, None if cell.b_h is None else cell.b_h[rows]
        ),
        float_node(
            layer, Role.DRIVEN_PART, terms_of(*_driven(layer, cell, rows)), _bias(cell, rows)
        ),
        _elementwise(layer, Role.CANDIDATE, cell, [(w,), (r, v)], activation=cell.activation),
    ]


def _reset_before(layer: str, cell: GruCell) -> list[AnyFloatNode]:
    """Return the nodes of ``q = r h[t-1], n = a(... + W_h q)``."""
    rows = slice(2 * cell.units, None)
    reset = (node_name(layer, Role.RESET_HIDDEN), False, cell.W_h[rows])
    terms = terms_of(*_driven(layer, cell, rows), reset)
    r, h = _now(layer, Role.RESET_GATE), _before(layer, Role.HIDDEN)
    return [
        _elementwise(layer, Role.RESET_HIDDEN, cell, [(r, h)]),
        float_node(layer, Role.CANDIDATE, terms, _bias(cell, rows), cell.activation),
    ]


def _gate(
    layer: str, cell: LstmCell | GruCell, role: Role, number: int, activation: str
) -> FloatNode:
    rows = slice(number * cell.units, (number + 1) * cell.units)
    recurrent = (node_name(layer, Role.HIDDEN), True, cell.W_h[rows])
    terms = terms_of(recurrent, *_driven(layer, cell, rows))
    return float_node(layer, role, terms, _gate_bias(cell, rows), activation)


def _gate_bias(cell: LstmCell | GruCell, rows: slice) -> Array | None:
    """Return all that is added to the sum of a gate."""
    match cell:
        case LstmCell():
            return _bias(cell, rows)
        case GruCell():
            parts = [bias[rows] for bias in (cell.b, cell.b_h) if bias is not None]
            return np.sum(parts, axis=0) if parts else None
    assert_never(cell)


def _bias(cell: LstmCell | GruCell, rows: slice) -> Array | None:
    return None if cell.b is None else cell.b[rows]


def _driven(layer: str, cell: HiddenCell, rows: slice) -> list[tuple[str, bool, Array | None]]:
    """Return the products by which a cell reads the input and the memory."""
    W_x = None if cell.W_x is None else cell.W_x[rows]
    W_m = cell.W_m[rows] if cell.W_m.size else None
    return [(INPUT, False, W_x), (node_name(layer, Role.MEMORY), False, W_m)]


def _now(layer: str, role: Role) -> Factor:
    return Factor(source=node_name(layer, role), delayed=False)


def _before(layer: str, role: Role) -> Factor:
    return Factor(source=node_name(layer, role), delayed=True)


def _elementwise(
    layer: str,
    role: Role,
    cell: LstmCell | GruCell,
    products: list[tuple[Factor, ...]],
    *,
    less: tuple[Factor, ...] = (),
    activation: str = LINEAR,
) -> FloatElementwise:
    """Return the sum of products of vectors of a cell's units, `less` one more."""
    negative = [Product(factors=less, negative=True)] if less else []
    return FloatElementwise(
        layer=layer,
        role=role,
        rows=cell.units,
        products=(*(Product(factors=factors) for factors in products), *negative),
        activation=activation,
    )
