# SPDX-License-Identifier: Apache-2.0
"""LSTM and GRU cells among the formulas of a step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lmu_hw.lmu import GruCell, LstmCell
from lmu_hw.load.onnx.atoms import Activated, Product, Step
from lmu_hw.load.onnx.formulas import Names, driven, width_of
from lmu_hw.load.tensors import Array
from lmu_hw.load.value import Value

__all__ = ["gru", "lstm"]


def _gate(step: Step, value: Value) -> Activated | None:
    """Return a gate: an activation, or some features of one."""
    value = step.expanded(value)
    if len(value.parts) != 1 or value.shift is not None:
        return None
    ((number, _),) = value.parts.items()
    atom, rows = step.atoms[number], value.matrix(number)
    chosen = np.all((rows == 0) | (rows == 1)) and np.all(rows.sum(axis=1) == 1)
    if not isinstance(atom, Activated) or not chosen:
        return None
    return Activated(atom.name, atom.value.through(rows))


def _products(step: Step, number: int) -> list[Product] | None:
    """Return the products that an atom is a plain sum of."""
    value = step.expanded(Value(width=width_of(step, number), parts={number: None}))
    found = []
    for n in value.parts:
        atom, part = step.atoms[n], value.matrix(n)
        if not isinstance(atom, Product) or not np.array_equal(part, np.eye(len(part))):
            return None
        found.append(atom)
    return found if value.shift is None else None


def _is(step: Step, value: Value, number: int) -> bool:
    """Say whether a value is an atom, unchanged."""
    value = step.expanded(value, {number})
    same = set(value.parts) == {number} and value.shift is None
    return same and np.array_equal(value.matrix(number), np.eye(value.width or 0))


def _other(step: Step, product: Product, number: int) -> Value | None:
    """Return the factor beside an atom, if that is the other one."""
    for mine, other in ((product.first, product.second), (product.second, product.first)):
        if _is(step, mine, number):
            return other
    return None


def lstm(names: Names, h: int, c: int, c_after: int) -> LstmCell | None:
    """Return the LSTM of which h and c are the states, if they are."""
    step = names.step
    kept, answered = _products(step, c_after), _products(step, h)
    if kept is None or answered is None or len(kept) != 2 or len(answered) != 1:
        return None
    sides = [_other(step, product, c) for product in kept]
    f, fresh = (sides[0], kept[1]) if sides[0] is not None else (sides[1], kept[0])
    if f is None:
        return None
    first, second = (_gate(step, v) for v in (answered[0].first, answered[0].second))
    if first is None or second is None:
        return None
    squashed, o = (first, second) if _is(step, first.value, c_after) else (second, first)
    if not _is(step, squashed.value, c_after):
        return None
    gates = [_gate(step, v) for v in (f, fresh.first, fresh.second)]
    if None in gates:
        return None
    forget_gate, i, g = (gate for gate in gates if gate is not None)
    if (i.name, g.name) != (o.name, squashed.name):
        i, g = g, i
    if {i.name, forget_gate.name, o.name} != {o.name} or g.name != squashed.name:
        return None
    rows = _stacked(names, [i.value, forget_gate.value, g.value, o.value])
    if rows is None:
        return None
    return LstmCell(**rows, activation=g.name, recurrent_activation=o.name)


def _stacked(names: Names, values: Sequence[Value]) -> dict[str, Array] | None:
    """Return the matrices of several gates below each other."""
    drives = [driven(names, value) for value in values]
    known = [drive for drive in drives if drive is not None]
    if len(known) < len(values):
        return None
    units = values[0].width or 0
    empty = {
        "W_m": None,
        "W_x": np.zeros((units, names.inputs)),
        "W_h": np.zeros((units, units)),
        "b": np.zeros(units),
    }
    return {
        part: np.concatenate([d[part] if d[part] is not None else zeros for d in known])
        for part, zeros in empty.items()
    }


def gru(names: Names, h_after: int) -> GruCell | None:
    """Return the GRU of which h is the state, if it is one: ``h' = z h + (1 - z) n``."""
    step, h = names.step, names.h
    products = _products(step, h_after)
    if products is None or len(products) != 2 or h is None:
        return None
    sides = [_other(step, product, h) for product in products]
    z_value, fresh = (sides[0], products[1]) if sides[0] is not None else (sides[1], products[0])
    if z_value is None:
        return None
    for opposite, n_value in ((fresh.first, fresh.second), (fresh.second, fresh.first)):
        n = _gate(step, n_value)
        z = _update(step, z_value, opposite)
        candidate = n and z and _candidate(names, n.value)
        if n is not None and z is not None and candidate:
            r, fresh_part, b_h, after = candidate
            rows = _stacked(names, [z.value, r.value])
            if rows is None or r.name != z.name:
                return None
            arrays = {k: np.concatenate([rows[k], fresh_part[k]]) for k in rows}
            units = n.value.width or 0
            return GruCell(
                **arrays,
                b_h=np.concatenate([np.zeros(2 * units), b_h]) if after else None,
                activation=n.name,
                recurrent_activation=z.name,
                reset_after=after,
            )
    return None


def _update(step: Step, kept: Value, fresh: Value) -> Activated | None:
    """Return the gate z of ``z h + (1 - z) n``; a gate of n is turned: 1 - s(a) is s(-a)."""
    gate = _gate(step, kept)
    if gate is not None and _complement(step, fresh, kept):
        return gate
    gate = _gate(step, fresh)
    if gate is not None and gate.name == "sigmoid" and _complement(step, kept, fresh):
        turned = gate.value.through(-np.eye(gate.value.width or 0))
        return Activated(gate.name, turned)
    return None


def _complement(step: Step, value: Value, gate: Value) -> bool:
    """Say whether a value is one less a gate."""
    one, other = step.expanded(value), step.expanded(gate)
    alike = set(one.parts) == set(other.parts) and one.shift is not None
    return (
        alike
        and bool(np.all(one.shift == 1))
        and all(np.array_equal(one.matrix(n), -other.matrix(n)) for n in one.parts)
    )


def _candidate(
    names: Names, value: Value
) -> tuple[Activated, dict[str, Array], Array, bool] | None:
    """Return the reset gate, the rows of the candidate, its inner bias, and where it is reset."""
    step, h = names.step, names.h
    assert h is not None
    value = step.expanded(value, () if names.m_after is None else {names.m_after})
    inner = [n for n in value.parts if isinstance(step.atoms[n], Product)]
    if len(inner) != 1:
        return None
    product, matrix = step.atoms[inner[0]], value.matrix(inner[0])
    assert isinstance(product, Product)
    rest = driven(names, Value(
        width=value.width, parts={n: p for n, p in value.parts.items() if n != inner[0]},
        shift=value.shift,
    ))  # fmt: skip
    if rest is None or rest["W_h"] is not None:
        return None
    units = value.width or 0
    rows = {
        "W_m": rest["W_m"],
        "W_x": np.zeros((units, names.inputs)) if rest["W_x"] is None else rest["W_x"],
        "b": np.zeros(units) if rest["b"] is None else rest["b"],
    }
    for gate_value, read in ((product.first, product.second), (product.second, product.first)):
        gate, read = _gate(step, gate_value), step.expanded(read)
        if gate is None or set(read.parts) != {h}:
            continue
        if np.array_equal(matrix, np.eye(units)):
            b_h = np.zeros(units) if read.shift is None else read.shift
            return gate, {**rows, "W_h": read.matrix(h)}, b_h, True
        if read.shift is None and np.array_equal(read.matrix(h), np.eye(read.width or 0)):
            return gate, {**rows, "W_h": matrix}, np.zeros(units), False
    return None
