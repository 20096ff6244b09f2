# SPDX-License-Identifier: Apache-2.0
"""Memories among the matrices of a state dict: known by their numbers, else by their names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from lmu_hw.errors import LmuHwError
from lmu_hw.lmu import Discretizer, Memory, find_window, legendre_system
from lmu_hw.load.check import MAX_ORDER
from lmu_hw.load.draft.items import Items, Matrix
from lmu_hw.load.draft.names import dotted, last_part, parent_of
from lmu_hw.load.mapping.view import View
from lmu_hw.load.tensors import KINDS, Array, Tensor

__all__ = ["StoredMemory", "memories_of"]

_A = re.compile(r"a|at|a_?bar|a_?d|a_?hat|a_?discrete|matrix_?a|a_?matrix", re.IGNORECASE)
_B = re.compile(r"b|bt|b_?bar|b_?d|b_?hat|b_?discrete|matrix_?b|b_?matrix", re.IGNORECASE)
_FORMS = ("{}", "{} transposed", "{} + I", "{} transposed + I")
_MAX_READ = 1024  # states of a memory that is looked for by its numbers
_NEAR = 0.5  # of what a step changes: as far may training have moved A
_LEAST = 1e-6  # first element of B: the window is at most a million steps
_CONTINUOUS = 1e-4  # of the largest entry: what 32-bit numbers leave


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMemory:
    """The matrices of a memory: views of tensors, or the window of one that is discretized.

    Parameters
    ----------
    parent : str
        What stands before its names.
    order : int
    A, B : str
        Views; tensors alone where they are of the continuous system.
    theta : float or None
        The window, if the numbers say it.
    said : str
        The tensor that says the window, if one does.
    near : float or None
        How far A is off that of `theta`, as a share of what a step changes: it was trained.
    continuous : bool
        They are ``A / theta`` and ``B / theta`` of the continuous system, or A and B themselves.
    responses : tuple of str
        Impulse responses that follow from them.
    twins : tuple of str
        Other forms of them that lie beside them.
    """

    parent: str
    order: int
    A: str
    B: str
    theta: float | None
    said: str = ""
    near: float | None = None
    continuous: bool = False
    responses: tuple[str, ...] = ()
    twins: tuple[str, ...] = ()


def memories_of(items: Items, tensors: Mapping[str, Tensor]) -> list[StoredMemory]:
    """Return the memories whose matrices a state dict holds; they are taken out of its items."""
    found = []
    for matrix in list(items.matrices):
        rows, columns = matrix.shape
        named = _A.fullmatch(last_part(matrix.label)) is not None
        if rows != columns or rows > MAX_ORDER or (rows == 1 and not named):
            continue
        memory = _memory(matrix, items, tensors)
        if memory is not None:
            found.append(memory)
            taken = {name for view in (memory.A, memory.B) for name in View.parse(view).names}
            taken.update(memory.responses)
            items.matrices = [m for m in items.matrices if m.tensor not in taken]
            items.vectors = {k: n for k, n in items.vectors.items() if k not in taken}
    return _without_twins(found)


def _without_twins(found: list[StoredMemory]) -> list[StoredMemory]:
    """Return memories of which none is another form of one beside it: as it runs, it counts."""
    memories: list[StoredMemory] = []
    for memory in sorted(found, key=lambda memory: memory.continuous):
        twin = next(
            (
                n
                for n, m in enumerate(memories)
                if (m.parent, m.order) == (memory.parent, memory.order)
            ),
            None,
        )
        if twin is None:
            memories.append(memory)
        else:
            names = [name for view in (memory.A, memory.B) for name in View.parse(view).names]
            memories[twin] = replace(memories[twin], twins=(*memories[twin].twins, *names))
    return memories


def _memory(matrix: Matrix, items: Items, tensors: Mapping[str, Tensor]) -> StoredMemory | None:
    order = matrix.shape[0]
    partners = list(_partners(matrix, items))
    if order <= _MAX_READ:
        for name in partners:
            A, B = (tensors[key].read() for key in (matrix.tensor, name))
            memory = _by_numbers(matrix, name, A.reshape(order, order), B.reshape(-1))
            if memory is not None:
                return _with_derived(_with_window(memory, tensors), B.reshape(-1), items, tensors)
    for name in partners:
        last = (last_part(matrix.label), last_part(name))
        if _A.fullmatch(last[0]) and _B.fullmatch(last[1]):
            memory = StoredMemory(
                parent=matrix.parent, order=order, A=matrix.tensor, B=name, theta=None
            )
            if order > _MAX_READ:
                return memory
            A, B = (tensors[key].read() for key in (matrix.tensor, name))
            return _nearest(memory, A.reshape(order, order), B.reshape(-1))
    return None


def _with_window(memory: StoredMemory, tensors: Mapping[str, Tensor]) -> StoredMemory:
    """Return a memory of a continuous system with the window that a tensor beside it says."""
    if not memory.continuous or memory.theta is not None:
        return memory
    for name, tensor in tensors.items():
        alone = all(length == 1 for length in tensor.shape) and tensor.kind in KINDS
        if alone and parent_of(dotted(name)) == memory.parent and last_part(name) == "theta":
            theta = float(tensor.read().reshape(-1)[0])
            return replace(memory, theta=theta, said=name) if theta > 0 else memory
    return memory


def _nearest(memory: StoredMemory, A: Array, B: Array) -> StoredMemory:
    """Return a memory in the form in which a trained A is near one that its first B belongs to."""
    if not np.all(np.isfinite(A)) or not abs(B[0]) > _LEAST:
        return memory
    theta = float(1.0 / abs(B[0]))
    try:
        step = Memory.legendre(memory.order, theta, Discretizer.ZOH).A - np.eye(len(B))
    except (LmuHwError, ValueError, np.linalg.LinAlgError):
        return memory
    one = np.eye(len(B))
    off = {}
    for form in _FORMS:
        values = (A.T if "transposed" in form else A) + (one if "I" in form else 0.0)
        off[form] = float(np.linalg.norm(values - one - step) / np.linalg.norm(step))
    best, second = sorted(off, key=off.__getitem__)[:2]
    if off[best] > _NEAR or off[best] > off[second] / 2:
        return memory
    theta = float(f"{theta:.3g}")
    return replace(memory, A=best.format(memory.A), theta=theta, near=off[best])


def _partners(matrix: Matrix, items: Items) -> Iterator[str]:
    """Yield what may be the B of an A: vectors as long, beside it."""
    order = matrix.shape[0]
    for name, length in items.vectors.items():
        if length == order and parent_of(dotted(name)) == matrix.parent:
            yield name
    for other in items.matrices:
        beside = other.parent == matrix.parent and other is not matrix
        if beside and sorted(other.shape) == [1, order]:
            yield other.tensor


def _by_numbers(matrix: Matrix, name: str, A: Array, B: Array) -> StoredMemory | None:
    """Return the Legendre memory that two matrices are, in any of the ways they are stored."""
    order = len(B)
    common = {"parent": matrix.parent, "order": order, "B": name}
    exact, drive = legendre_system(order)
    scale = float(np.linalg.norm(B) / np.linalg.norm(drive))  # 1/theta, or 1
    near = _CONTINUOUS * scale * np.abs(exact).max()
    if np.abs(B - scale * drive).max() < near and np.abs(A - scale * exact).max() < near:
        theta = None if abs(scale - 1.0) < _CONTINUOUS else float(f"{1.0 / scale:.6g}")
        return StoredMemory(A=matrix.tensor, theta=theta, continuous=True, **common)
    for form in _FORMS:
        values = A.T if "transposed" in form else A
        values = values + np.eye(order) if "I" in form else values
        try:
            memory = Memory(A=values.copy(), B=B, theta=None, discretizer=Discretizer.STORED)
            window = find_window(memory)
        except (LmuHwError, np.linalg.LinAlgError):
            return None
        if window is not None:
            return StoredMemory(A=form.format(matrix.tensor), theta=window.theta, **common)
    return None


def _with_derived(
    memory: StoredMemory, B: Array, items: Items, tensors: Mapping[str, Tensor]
) -> StoredMemory:
    """Add impulse responses, which begin with B."""
    responses = []
    for matrix in items.matrices:
        rows, columns = matrix.shape
        beside = matrix.parent == memory.parent and matrix.tensor != memory.B
        if beside and rows == memory.order and columns > 1 and not matrix.named:
            values = tensors[matrix.tensor].read().reshape(rows, columns)
            if np.array_equal(values[:, 0], B):
                responses.append(matrix.tensor)
    return replace(memory, responses=tuple(responses))
