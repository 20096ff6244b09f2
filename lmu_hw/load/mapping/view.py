# SPDX-License-Identifier: Apache-2.0
"""Parts of a layer as a mapping writes them: tensors by name, cut, turned and put together.

======================================  ==========================================================
``cell.W_x``                            the tensor of that name
``cell.gates.weight[:, 0:16]``          rows and columns of it, counted from 0, the end left out
``cell.A[1]``, ``cell.W[1][:, 0:16]``   the second of several that lie in one tensor
``cell.kernel transposed``              it was trained with rows: ``x W`` in place of ``W x``
``cell.AT transposed + I``              sums, of tensors and the identity
``W_i.weight; W_f.weight``              the one above the other
======================================  ==========================================================

Axes of length 1 beyond two do not count: a convolution over one step is a matrix.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from lmu_hw.errors import LoadError
from lmu_hw.load.check import must, show
from lmu_hw.load.tensors import Array, Tensor

__all__ = ["VECTORS", "View", "flat_shape", "is_plain"]

VECTORS = frozenset({"B", "b", "b_u", "b_h", "b_r", "mean", "variance", "weight", "bias", "slopes"})
"""Parts of a layer that have one axis."""

_IDENTITY = "I"
_TERM = re.compile(
    r"(?P<name>\S+?)(\[(?P<item>\d{1,9})\])?(?P<index>\[[^\]]*\])?(?P<transposed> +transposed)?"
)
_SLICE = re.compile(r" *(\d*) *: *(\d*) *")


@dataclass(frozen=True, slots=True)
class _Term:
    name: str
    item: int | None
    index: tuple[slice, ...]
    transposed: bool

    def read(self, tensors: Mapping[str, Tensor], where: str) -> Array:
        values = tensors[self.name].read()
        if self.item is not None:
            if values.ndim < 2 or self.item >= len(values):
                rule = f"one of those along the first axis of {values.shape}"
                raise must(where, f"the part of {self.name!r}", rule, f"[{self.item}]")
            values = values[self.item]
        values = values.reshape(flat_shape(values.shape))
        for axis, part in enumerate(self.index):
            length = values.shape[axis] if axis < values.ndim else 0
            start, stop, _ = part.indices(length)
            if (part.stop or 0) > length or start >= stop:
                rule = f"inside its shape {values.shape}"
                index = ", ".join(f"{s.start or 0}:{s.stop or ''}" for s in self.index)
                raise must(where, f"the part of {self.name!r}", rule, f"[{index}]")
        values = values[self.index]
        return values.T if self.transposed else values


@dataclass(frozen=True, slots=True)
class View:
    """A part of a layer, as text and as what it says.

    Parameters
    ----------
    text : str
        See the module.
    rows : tuple
        Sums of terms, the one above the other.
    """

    text: str
    rows: tuple[tuple[_Term, ...], ...]

    @classmethod
    def parse(cls, text: str) -> View:
        """Read a text, or raise `ValueError`."""
        rows = tuple(tuple(map(_term, row.split(" + "))) for row in text.split(";"))
        if all(term.name == _IDENTITY for row in rows for term in row):
            raise ValueError(f"there must be the name of a tensor in {text!r}")
        return cls(text, rows)

    @property
    def names(self) -> Iterator[str]:
        """The tensors that are read."""
        return (term.name for row in self.rows for term in row if term.name != _IDENTITY)

    def read(self, tensors: Mapping[str, Tensor], part: str, where: str) -> Array:
        """Return a part of a layer in float64.

        Parameters
        ----------
        tensors : mapping
        part : str
            Its name, such as ``W_x``; it says how many axes it has.
        where : str
            Layer and part, for messages.

        Raises
        ------
        LoadError
            If a tensor is not there, holds no floats, or shapes do not fit.
        """
        for name in self.names:
            if name not in tensors:
                listed = show(sorted(tensors)[:8])
                raise LoadError(f"{where}: there must be a tensor {name!r}; there are {listed}")
        sums = [_sum(row, tensors, where) for row in self.rows]
        if part in VECTORS:
            return np.concatenate([_vector(values, where) for values in sums])
        sums = [values[None] if values.ndim == 1 and part[0] == "E" else values for values in sums]
        widths = {values.shape[1:] for values in sums}
        if len(widths) != 1 or sums[0].ndim != 2:
            shapes = [values.shape for values in sums]
            raise must(where, "the shape", "(rows, columns), each as wide", shapes)
        return np.concatenate(sums)


def is_plain(name: str) -> bool:
    """Say whether a view can name a tensor: it has no spaces, brackets or semicolons."""
    return re.search(r"[\s\[\];]", name) is None and name not in ("", _IDENTITY)


def flat_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return a shape without axes of length 1 beyond two; the last of them go first."""
    axes = list(shape)
    while len(axes) > 2 and 1 in axes:
        last = len(axes) - 1 - axes[::-1].index(1)
        del axes[last]
    return tuple(axes)


def _term(text: str) -> _Term:
    match = _TERM.fullmatch(text.strip())
    if match is None:
        rule = "NAME, NAME[rows, columns], and 'transposed' behind it"
        raise ValueError(f"a part must be {rule}, not {text.strip()!r}")
    index = []
    for axis in (match["index"] or "[]")[1:-1].split(","):
        cut = _SLICE.fullmatch(axis)
        if axis.strip() and cut is None:
            raise ValueError(f"rows and columns must be such as 0:16 or :, not {axis.strip()!r}")
        if cut is not None:
            index.append(slice(*(int(end) if end else None for end in cut.groups())))
    if len(index) > 2:
        raise ValueError(f"there must be rows and columns at most, not {match['index']}")
    item = None if match["item"] is None else int(match["item"])
    return _Term(match["name"], item, tuple(index), match["transposed"] is not None)


def _sum(terms: tuple[_Term, ...], tensors: Mapping[str, Tensor], where: str) -> Array:
    values = [term.read(tensors, where) for term in terms if term.name != _IDENTITY]
    if len({value.shape for value in values}) > 1:
        raise must(where, "what is added", "of one shape", [value.shape for value in values])
    total = np.sum(values, axis=0) if len(values) > 1 else values[0]
    identities = len(terms) - len(values)
    if identities and (total.ndim != 2 or total.shape[0] != total.shape[1]):
        raise must(where, "what the identity is added to", "a square matrix", total.shape)
    return total + identities * np.eye(len(total)) if identities else total


def _vector(values: Array, where: str) -> Array:
    """Return what has one axis longer than 1 at most as a vector."""
    if sum(length > 1 for length in values.shape) > 1:
        raise must(where, "the shape", "that of a vector", values.shape)
    return values.ravel()
