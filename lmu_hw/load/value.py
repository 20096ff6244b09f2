# SPDX-License-Identifier: Apache-2.0
"""What lies on an edge of a model's graph: an affine map of what its layers compute."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["INPUT", "Origin", "Value", "joined", "summed"]

Array = NDArray[np.float64]

INPUT = -1
"""The number that the input of the network has among the layers."""


class Origin(Protocol):
    """What a layer is called in its file, and in messages."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def where(self) -> str:
        """The file, and its place there."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Value:
    """``sum of parts[k] y_k + shift``, y_k being what layer k computes.

    Parameters
    ----------
    width : int or None
        Number of features; None: nothing says it yet.
    parts : mapping of int to (width, features of y_k) float64, or None
        By the number of the layer; None is the identity.
    shift : (width,) float64 or None
        None: zeros.
    once : bool
        One vector for each sequence, that of its last step.
    shared : bool
        More than one layer reads it.
    origin : Origin or None
        The first layer of the file that was folded into it.
    """

    width: int | None
    parts: Mapping[int, Array | None]
    shift: Array | None = None
    once: bool = False
    shared: bool = False
    origin: Origin | None = None

    @property
    def plain(self) -> bool:
        """True if it is what one layer computes, or the input."""
        (part, *others) = self.parts.values() or [np.zeros(0)]
        return self.shift is None and part is None and not others

    @property
    def copies(self) -> bool:
        """True if each feature is one feature of one layer or of the input."""
        if self.plain or self.shift is not None:
            return self.plain
        given = [self.matrix(k) for k in self.parts]
        rows = np.hstack(given) if given else np.zeros((0, 0))
        return bool(np.all((rows != 0).sum(axis=1) == 1) and np.all(rows.sum(axis=1) == 1))

    def read_by(self, readers: int) -> Value:
        """Return the value as one that so many layers read."""
        return replace(self, shared=self.shared or readers > 1)

    def matrix(self, number: int) -> Array:
        """Return the part of a layer, (width, features)."""
        part = self.parts[number]
        return np.eye(self.width or 0) if part is None else part

    def reads(self) -> Iterable[tuple[int, int]]:
        """Yield what it depends on: numbers of layers, and features of each."""
        for number, part in self.parts.items():
            columns = range(self.width or 0) if part is None else np.flatnonzero(part.any(axis=0))
            yield from ((number, int(column)) for column in columns)

    def through(self, matrix: Array) -> Value:
        """Return the value behind ``matrix @``."""
        parts = {
            number: matrix if part is None else matrix @ part for number, part in self.parts.items()
        }
        shift = None if self.shift is None else matrix @ self.shift
        return replace(self, width=len(matrix), parts=parts, shift=shift)


def summed(values: Iterable[Value]) -> Value:
    """Return the sum of values of one width."""
    first, *others = values
    parts = dict(first.parts)
    shift = first.shift
    for other in others:
        for number in other.parts:
            part = other.matrix(number)
            parts[number] = part + first.matrix(number) if number in first.parts else part
        if other.shift is not None:
            shift = other.shift if shift is None else shift + other.shift
        first = replace(first, parts=parts, shift=shift)
    return replace(first, origin=None)


def joined(values: Iterable[Value]) -> Value:
    """Return the features of all values behind each other."""
    values = list(values)
    widths = [value.width or 0 for value in values]
    rows = np.split(np.eye(sum(widths)), np.cumsum(widths)[:-1])
    return summed(value.through(row.T) for value, row in zip(values, rows, strict=True))
