# SPDX-License-Identifier: Apache-2.0
"""What the word-level cells of Yosys compute: on known numbers, on forms, and on arrays.

Each cell is a function of words. Where a word is a form, what is linear stays so; comparisons and
choices are by cases; what depends on one small symbol only is computed for each of its values.
Anything else is unknown, which is never wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lmu_hw.prove.algebra.atoms import Unknown
from lmu_hw.prove.algebra.directions import with_total
from lmu_hw.prove.algebra.forms import Value
from lmu_hw.prove.algebra.functions import applied, leaf_of
from lmu_hw.prove.algebra.words import Pieces, Word, number
from lmu_hw.prove.hardware.cell_shape import Shape, mask
from lmu_hw.prove.hardware.cells_on_forms import ON_FORMS
from lmu_hw.prove.hardware.cells_on_numbers import on_numbers

__all__ = ["Cell", "evaluate"]

_IN_PIECES = ("$mux", "$shr")
"""Cells that move words without calculating."""

_EQUALITIES = ("$eq", "$ne")

_WIDEST = 60
"""Bits of words up to which arrays hold them."""

Cell = Callable[..., Word]


def evaluate(shape: Shape) -> Cell:
    """Return the cell as a function of words.

    It raises `Unknown` or `OverflowError` where forms cannot say what it would answer.
    """
    on_forms = ON_FORMS.get(shape.kind)
    names = [f"v{n}" for n in range(len(shape.widths))]
    on_ints = eval(f"lambda {', '.join(names)}: {on_numbers(shape, names)}")

    def cell(*words: Word) -> Word:
        if shape.kind in _EQUALITIES and _differ(shape, *words):
            return int(shape.kind == "$ne")
        values = list(words) if shape.kind in _IN_PIECES else [number(word) for word in words]
        if all(isinstance(value, int) for value in values):
            return on_ints(*values)
        result = None if on_forms is None else on_forms(shape, *values)
        return _tabulated(shape, [number(word) for word in words]) if result is None else result

    return cell


def _differ(shape: Shape, a: Word, b: Word) -> bool:
    """Tell whether a piece of a word is known to be another one than in a known number."""
    if isinstance(a, int):
        a, b = b, a
    if not isinstance(a, Pieces) or not isinstance(b, int) or len({*shape.widths}) > 1:
        return False
    place = 0
    for piece, bits in a.pieces:
        if isinstance(piece, int) and piece != b >> place & mask(bits):
            return True
        place += bits
    return False


def _tabulated(shape: Shape, values: Sequence[Value]) -> Value:
    """Return a cell computed for every value of the only symbol that it depends on."""
    values = [with_total(value) for value in values]
    leaf = leaf_of(values)
    if leaf is None or max(*shape.widths, shape.width) > _WIDEST:
        raise Unknown
    operation = _ON_ARRAYS.get(shape.kind)
    if operation is None:
        raise Unknown
    masks = [mask(width) for width in shape.widths]

    def on_arrays(*arrays: Any) -> Any:
        return operation(shape, *(a & ones for a, ones in zip(arrays, masks, strict=True)))

    return applied(on_arrays, values, leaf, shape)


def _wide(array: Any, width: int, to: int, is_signed: bool) -> Any:
    if not is_signed or to <= width:
        return array
    half = 1 << width - 1
    return (array ^ half) - half


def _pair(s: Shape, a: Any, b: Any, to: int) -> tuple[Any, Any]:
    both = all(s.signed)
    return _wide(a, s.widths[0], to, both), _wide(b, s.widths[1], to, both)


def _array_logic(operation: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def on_arrays(s: Shape, a: Any, b: Any) -> Any:
        return operation(*_pair(s, a, b, s.width)) & mask(s.width)

    return on_arrays


def _array_product(s: Shape, a: Any, b: Any) -> Any:
    if sum(s.widths) > _WIDEST:
        raise OverflowError
    return _signed_array(np.multiply(*_pair(s, a, b, s.width + 1)), s.width)


def _signed_array(array: Any, width: int) -> Any:
    half = 1 << width - 1
    return ((array + half) & mask(width)) - half


def _array_shift(left: bool) -> Callable[..., Any]:
    def on_arrays(s: Shape, a: Any, b: Any) -> Any:
        if s.width > 30 or s.widths[0] > 30:
            raise OverflowError
        b = np.minimum(b, 31)
        to = max(s.widths[0], s.width)
        x = _wide(a, s.widths[0], to, s.signed[0]) & mask(to)
        return (x << b if left else x >> b) & mask(s.width)

    return on_arrays


_ON_ARRAYS: dict[str, Callable[..., Any]] = {
    "$and": _array_logic(np.bitwise_and),
    "$or": _array_logic(np.bitwise_or),
    "$xor": _array_logic(np.bitwise_xor),
    "$mul": _array_product,
    "$shl": _array_shift(left=True),
    "$shr": _array_shift(left=False),
}
