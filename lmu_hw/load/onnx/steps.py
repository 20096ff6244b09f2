# SPDX-License-Identifier: Apache-2.0
"""The layer that the formulas of a step are: a memory, a hidden cell, or both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lmu_hw.errors import LoadError
from lmu_hw.lmu import Discretizer, Memory, SimpleCell
from lmu_hw.lmu.cells import HiddenCell
from lmu_hw.load.onnx.atoms import Activated, Affine, Product, Step
from lmu_hw.load.onnx.formulas import Names, driven, width_of
from lmu_hw.load.onnx.gates import gru, lstm
from lmu_hw.load.tensors import Array
from lmu_hw.load.value import Value

__all__ = ["Core", "Drive", "core_of"]

_KNOWN = (
    "a memory m' = A m + B u, a cell h' = f(W_m m' + W_x x + W_h h + b), an LSTM or a GRU, alone "
    "or a memory with a cell behind it"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """What drives a memory: ``u = activation(E_x x + E_h h + E_m m + b)``."""

    memory: Memory
    E_x: Array
    E_h: Array | None
    E_m: Array | None
    b: Array | None
    activation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """A layer, and the atom that it computes."""

    step: Step
    given: Sequence[int]
    drive: Drive | None
    cell: HiddenCell | None
    output: int


def core_of(
    where: str,
    step: Step,
    given: Sequence[int],
    before: Sequence[int],
    after: Sequence[int],
    scanned: Sequence[Value],
) -> Core:
    """Return the layer that a step is.

    Parameters
    ----------
    where : str
    step : Step
    given : sequence of int
        Atoms of its input.
    before, after : sequence of int
        Atoms of its states, before and after the step.
    scanned : sequence of Value
        What it answers.

    Raises
    ------
    LoadError
        If it is none that is known here.
    """
    names = Names(where=where, step=step, given=given)
    states = list(zip(before, after, strict=True))
    memory = _memory_state(step, states)
    if memory is not None:
        states.remove(memory)
        names.m, names.m_after = memory
    cell, output = _cell(names, states, scanned)
    drive = None
    if memory is not None:
        drive = _drive(names)
    elif cell is None:
        raise LoadError(f"{where}: its states must be {_KNOWN}")
    return Core(step=step, given=given, drive=drive, cell=cell, output=output)


def _memory_state(step: Step, states: list[tuple[int, int]]) -> tuple[int, int] | None:
    """Return the state that is an affine map of itself, and does not read another new state."""
    after = {number for _, number in states}
    found = []
    for before, number in states:
        atom = step.atoms[number]
        alone = not (after - {number}) & set(step.roots([number]))
        if isinstance(atom, Affine) and alone and before in step.expanded(atom.value).parts:
            leaves = step.expanded(atom.value).parts
            if not any(isinstance(step.atoms[leaf], Product) for leaf in leaves):
                found.append((before, number))
    return found[0] if len(found) == 1 else None


def _drive(names: Names) -> Drive:
    """Return memory and encoders of the state that is one."""
    step, m = names.step, names.m
    assert m is not None and names.m_after is not None
    whole = Value(width=width_of(step, m), parts={names.m_after: None})
    for number in _narrow(step, names):
        value = step.expanded(whole, {number})
        if value.shift is not None or not set(value.parts) <= {m, number} or m not in value.parts:
            continue
        if number not in value.parts:
            continue
        memory = _memory(value.matrix(m), value.matrix(number))
        drive = memory and _encoded(names, memory, number)
        if drive is not None:
            return drive
    raise LoadError(
        f"{names.where}: a state that is an affine map of itself must be m' = A m + B u, with u of "
        "the input, the states, or an activation of them; this one is not"
    )


def _narrow(step: Step, names: Names) -> list[int]:
    """Return what may be u, the narrowest first, of these the last: it has all of the sum."""
    assert names.m_after is not None
    roots = [n for n in step.roots([names.m_after]) if n not in (names.m, names.m_after)]
    return sorted(roots, key=lambda n: (width_of(step, n), -n))


def _memory(A: Array, B: Array) -> Memory | None:
    """Return the memory of which there are as many as B has columns; None if they differ."""
    count = B.shape[1]
    order, rest = divmod(len(A), count)
    if rest:
        return None
    one = A[:order, :order], B[:order, 0]
    wanted = np.kron(np.eye(count), one[0]), np.kron(np.eye(count), one[1][:, None])
    if not (np.array_equal(A, wanted[0]) and np.array_equal(B, wanted[1])):
        return None
    return Memory(A=one[0].copy(), B=one[1].copy(), theta=None, discretizer=Discretizer.STORED)


def _encoded(names: Names, memory: Memory, number: int) -> Drive | None:
    """Return what drives a memory, u being an atom."""
    step, activation = names.step, "linear"
    u = Value(width=width_of(step, number), parts={number: None})
    atom = step.atoms[number]
    if isinstance(atom, Activated):
        activation, u = atom.name, atom.value
    u = step.expanded(u)
    others = set(u.parts) - {*names.given, names.m}
    if not others <= {names.h}:
        return None
    E_x = names.x(u)
    if E_x is None:
        E_x = np.zeros((u.width or 0, names.inputs))
    return Drive(
        memory=memory,
        E_x=E_x,
        E_h=names.part(u, names.h),
        E_m=names.part(u, names.m),
        b=u.shift,
        activation=activation,
    )


def _cell(
    names: Names, states: list[tuple[int, int]], scanned: Sequence[Value]
) -> tuple[HiddenCell | None, int]:
    """Return the cell, and the atom that the layer answers with."""
    if not states:
        assert names.m_after is not None
        return _dense(names, scanned) or (None, names.m_after)
    cell, output = None, states[0][1]
    if len(states) == 1:
        ((names.h, output),) = states
        cell = _simple(names, output) or gru(names, output)
    elif len(states) == 2:
        for (names.h, output), (c, c_after) in (states, states[::-1]):
            cell = cell or lstm(names, output, c, c_after)
            if cell is not None:
                break
    if cell is None:
        raise LoadError(f"{names.where}: its states must be {_KNOWN}")
    return cell, output


def _dense(names: Names, scanned: Sequence[Value]) -> tuple[HiddenCell, int] | None:
    """Return the dense cell through which alone a memory is read, if there is one."""
    step, m = names.step, names.m_after
    assert m is not None
    read = {number for value in scanned for number in value.parts}
    for number in sorted(step.roots(read)):
        if isinstance(step.atoms[number], Activated) and m not in step.roots(read, {number}):
            cell = _simple(names, number)
            if cell is not None:
                return cell, number
    return None


def _simple(names: Names, number: int) -> SimpleCell | None:
    """Return the cell ``h' = f(W_m m' + W_x x + W_h h + b)``, if an atom is one."""
    atom = names.step.atoms[number]
    if not isinstance(atom, Affine | Activated):
        return None
    drive = driven(names, atom.value)
    if drive is None:
        return None
    name = atom.name if isinstance(atom, Activated) else "linear"
    return SimpleCell(
        W_m=drive["W_m"], W_x=drive["W_x"], W_h=drive["W_h"], b=drive["b"], activation=name
    )
