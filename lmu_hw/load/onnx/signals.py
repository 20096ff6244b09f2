# SPDX-License-Identifier: Apache-2.0
"""Tensors of a graph with what their axes mean: sequences, steps, and features behind each other.

Features may lie along several axes; a `Value` has them flat, in the order of the axes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lmu_hw.load.tensors import Array
from lmu_hw.load.value import Value, joined

__all__ = [
    "BATCH",
    "MAX_FEATURES",
    "TIME",
    "Axis",
    "Signal",
    "TooMany",
    "length_of",
    "regroup",
    "require_few",
    "taken",
    "together",
]

BATCH, TIME = "batch", "time"

Axis = str | int
"""What lies along an axis: sequences, steps, both as in ``batch time``, or so many features."""


MAX_FEATURES = 4096


class TooMany(Exception):
    """More features than are followed, each by a row of a matrix."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} features")
        self.count = count


def require_few(count: int) -> None:
    """Raise `TooMany` for more than `MAX_FEATURES`."""
    if count > MAX_FEATURES:
        raise TooMany(count)


@dataclass(frozen=True, slots=True)
class Signal:
    """What layers compute, or an affine map of it, and what its axes are."""

    value: Value
    axes: tuple[Axis, ...]

    @property
    def features(self) -> tuple[int, ...]:
        """Lengths of the axes of features."""
        return tuple(axis for axis in self.axes if isinstance(axis, int))

    def place(self, axis: int) -> int:
        """Return which of the axes of features an axis is."""
        return sum(isinstance(other, int) for other in self.axes[:axis])

    def transposed(self, order: Sequence[int]) -> Signal:
        """Return it with its axes in another order."""
        axes = tuple(self.axes[n] for n in order)
        places = [self.place(n) for n in order if isinstance(self.axes[n], int)]
        signal = Signal(self.value, axes)
        if places == sorted(places):
            return signal
        numbers = np.arange(math.prod(self.features)).reshape(self.features)
        return replace(signal, value=taken(self.value, numbers.transpose(places).ravel()))

    def selected(self, axis: int, numbers: Sequence[int]) -> Signal:
        """Return some of the features along an axis."""
        places = np.arange(math.prod(self.features)).reshape(self.features)
        places = places.take(numbers, axis=self.place(axis))
        axes = (*self.axes[:axis], len(numbers), *self.axes[axis + 1 :])
        return Signal(taken(self.value, places.ravel()), axes)

    def along(self, axis: int, matrix: Array) -> Array:
        """Return a matrix of one axis of features as one of all of them."""
        before = math.prod(self.features[: self.place(axis)])
        after = math.prod(self.features[self.place(axis) + 1 :])
        require_few(before * after * len(matrix))
        return np.asarray(np.kron(np.kron(np.eye(before), matrix), np.eye(after)), np.float64)

    def with_axis(self, axis: int, length: int, value: Value) -> Signal:
        """Return a value in its place, with another length of an axis."""
        return Signal(value, (*self.axes[:axis], length, *self.axes[axis + 1 :]))


def taken(value: Value, numbers: Sequence[int] | NDArray[np.intp]) -> Value:
    """Return features of a value, by their numbers; layers that none is of are left out."""
    require_few(len(numbers))
    if np.array_equal(numbers, np.arange(value.width or 0)):
        return value
    rows = np.eye(value.width or 0)[np.asarray(numbers)]
    moved = value.through(rows)
    parts = {
        number: None if _whole(matrix) and value.parts[number] is None else matrix
        for number, matrix in moved.parts.items()
        if matrix is None or matrix.any()
    }
    return replace(moved, parts=_plain(parts), shared=True)


def _plain(parts: dict[int, Array | None]) -> dict[int, Array | None]:
    """Return the identity as what it is."""
    return {n: None if part is not None and _whole(part) else part for n, part in parts.items()}


def _whole(matrix: Array | None) -> bool:
    if matrix is None:
        return True
    return matrix.shape[0] == matrix.shape[1] and np.array_equal(matrix, np.eye(len(matrix)))


def regroup(
    axes: Sequence[Axis], sizes: Mapping[str, int], target: Sequence[int]
) -> tuple[Axis, ...] | None:
    """Return what the axes of a reshaped tensor are; None if features and steps would mix.

    Parameters
    ----------
    axes : sequence of Axis
    sizes : mapping of str to int
        Lengths of `BATCH` and `TIME`.
    target : sequence of int
        The new lengths.
    """
    left, right = [(axis, length_of(axis, sizes)) for axis in axes], list(target)
    result: list[Axis] = []
    while left or right:
        given, wanted = [left.pop(0)] if left else [], [right.pop(0)] if right else []
        while (have := math.prod(n for _, n in given)) != (want := math.prod(wanted)):
            if have < want and left:
                given.append(left.pop(0))
            elif want < have and right:
                wanted.append(right.pop(0))
            else:
                return None
        group = _group(given, wanted, sizes)
        if group is None:
            return None
        result += group
    return tuple(result)


def length_of(axis: Axis, sizes: Mapping[str, int]) -> int:
    """Return the length of an axis."""
    return math.prod(sizes[name] for name in axis.split()) if isinstance(axis, str) else axis


def _group(
    given: list[tuple[Axis, int]], wanted: list[int], sizes: Mapping[str, int]
) -> list[Axis] | None:
    """Return axes of some lengths that have as many elements as the given ones."""
    named = [axis for axis, _ in given if isinstance(axis, str)]
    if not named:
        return list(wanted)
    if any(isinstance(axis, int) and length > 1 for axis, length in given):
        return None
    names = " ".join(named).split()
    if len(names) == 2 and len(wanted) == 1:
        return [" ".join(names)]
    if len(names) == 2 and wanted == [sizes[name] for name in names]:
        return [*names]
    long = [n for n, length in enumerate(wanted) if length > 1] or [0]
    if len(names) > 1 or len(long) > 1 or not wanted:
        return None
    return [named[0] if n == long[0] else 1 for n in range(len(wanted))]


def together(signals: Sequence[Signal], axis: int) -> Signal:
    """Return the features of signals behind each other along an axis."""
    first = signals[0]
    require_few(sum(math.prod(signal.features) for signal in signals))
    value = joined(signal.value for signal in signals)
    count = sum(math.prod(signal.features) for signal in signals)
    ends = np.cumsum([math.prod(signal.features) for signal in signals])[:-1]
    blocks = [
        numbers.reshape(signal.features)
        for signal, numbers in zip(signals, np.split(np.arange(count), ends), strict=True)
    ]
    order = np.concatenate(blocks, axis=first.place(axis)).ravel()
    length = sum(int(signal.axes[axis]) for signal in signals)
    return first.with_axis(axis, length, taken(value, order))
