# SPDX-License-Identifier: Apache-2.0
"""One step of a loop as formulas: affine maps, activations and products of inputs and states."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lmu_hw.load.onnx.files import Node
from lmu_hw.load.tensors import Array
from lmu_hw.load.value import Value, summed

__all__ = ["Activated", "Affine", "Atom", "Given", "Product", "Step"]


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """What a step starts with: features of its input, or of a state."""

    width: int


@dataclass(frozen=True, slots=True, eq=False)
class Affine:
    """An affine map of atoms that has a name in the file."""

    value: Value


@dataclass(frozen=True, slots=True, eq=False)
class Activated:
    """A function of each feature of an affine map."""

    name: str
    value: Value


@dataclass(frozen=True, slots=True, eq=False)
class Product:
    """A product of two affine maps, feature by feature."""

    first: Value
    second: Value


Atom = Given | Affine | Activated | Product


class Step:
    """The formulas of a step; every `Value` is an affine map of atoms, by their numbers."""

    def __init__(self) -> None:
        self.atoms: list[Atom] = []

    def given(self, width: int) -> Value:
        """Return an input, or a state before the step."""
        return self._new(Given(width), width)

    def settled(self, value: Value) -> Value:
        """Return a value as an atom of its own."""
        return self._new(Affine(value), value.width or 0)

    def linear(self, node: Node, W: Array, b: Array | None, value: Value, name: str) -> Value:
        """Return ``W x + b``."""
        moved = value.through(W)
        if b is not None:
            moved = replace(moved, shift=b if moved.shift is None else moved.shift + b)
        return self.settled(moved)

    def activate(self, node: Node, name: str, value: Value) -> Value:
        """Return an activation of a value."""
        return self._new(Activated(name, value), value.width or 0)

    def scale(self, node: Node, scale: Array, shift: Array, value: Value) -> Value:
        """Return ``scale x + shift``."""
        return self.linear(node, np.diag(scale), shift if shift.any() else None, value, "")

    def total(self, node: Node, values: Sequence[Value], factors: Sequence[float]) -> Value:
        """Return a weighted sum."""
        terms = [v.through(f * np.eye(v.width or 0)) for v, f in zip(values, factors, strict=True)]
        return self.settled(summed(terms))

    def product(self, node: Node, first: Value, second: Value) -> Value:
        """Return a product of values."""
        return self._new(Product(first, second), first.width or 0)

    def expanded(self, value: Value, stop: Collection[int] = ()) -> Value:
        """Return a value in terms of what is no affine map, and of the atoms `stop`."""
        while True:
            inner = [n for n in value.parts if isinstance(self.atoms[n], Affine) and n not in stop]
            if not inner:
                return _clean(value)
            number = max(inner)
            atom = self.atoms[number]
            assert isinstance(atom, Affine)
            rest = replace(value, parts={n: p for n, p in value.parts.items() if n != number})
            put = atom.value.through(value.matrix(number))
            value = summed([rest, put]) if rest.parts or rest.shift is not None else put

    def roots(self, numbers: Collection[int], stop: Collection[int] = ()) -> Iterator[int]:
        """Yield atoms, and all that they are made of, without what is behind `stop`."""
        seen, waiting = set[int](), list(numbers)
        while waiting:
            number = waiting.pop()
            if number in seen:
                continue
            seen.add(number)
            yield number
            if number not in stop:
                waiting += [n for value in sources(self.atoms[number]) for n in value.parts]

    def _new(self, atom: Atom, width: int) -> Value:
        self.atoms.append(atom)
        return Value(width=width, parts={len(self.atoms) - 1: None})


def sources(atom: Atom) -> tuple[Value, ...]:
    """Return what an atom is made of."""
    match atom:
        case Given():
            return ()
        case Affine(value) | Activated(_, value):
            return (value,)
        case Product(first, second):
            return first, second


def _clean(value: Value) -> Value:
    """Return a value without parts that are zero."""
    parts: Mapping[int, Array | None] = {
        n: part for n, part in value.parts.items() if part is None or part.any()
    }
    shift = value.shift if value.shift is not None and value.shift.any() else None
    return replace(value, parts=parts, shift=shift)
