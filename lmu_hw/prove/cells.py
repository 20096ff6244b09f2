# SPDX-License-Identifier: Apache-2.0
"""What the word-level cells of Yosys compute: on known numbers, on forms, and on arrays.

Each cell is a function of words. Where a word is a form, what is linear stays so; comparisons and
choices are by cases; what depends on one small symbol only is computed for each of its values.
Anything else is unknown, which is never wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lmu_hw.prove.cases import Unknown, at_least, choose, equal, floor_by_cases
from lmu_hw.prove.forms import Value, add, multiply, negate, scale
from lmu_hw.prove.functions import applied, as_function, leaf_of
from lmu_hw.prove.words import Word, as_signed, as_unsigned, normal, number, part

__all__ = ["COMBINATIONAL", "Cell", "Shape", "evaluate", "on_numbers"]

_IN_PIECES = ("$mux", "$shr")
"""Cells that move words without calculating."""

_WIDEST = 60
"""Bits of words up to which arrays hold them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Type and widths of a cell.

    Attributes
    ----------
    kind : str
        Such as ``$add``.
    widths : tuple of int
        Of the inputs, in order A, B, S.
    signed : tuple of bool
        Whether A and B are.
    width : int
        Of the output.
    """

    kind: str
    widths: tuple[int, ...]
    signed: tuple[bool, ...]
    width: int

    @property
    def extended(self) -> int:
        """Bits that both operands of a comparison, or of bitwise logic, are extended to."""
        return max(*self.widths[:2], self.width)


Cell = Callable[..., Word]


def _text(a: str, width: int, to: int, is_signed: bool) -> str:
    """Return a number of `width` bits as text, extended where `to` has more bits."""
    if not is_signed or to <= width:
        return a
    return f"({a} - ({a} >> {width - 1} << {width}))"


def on_numbers(shape: Shape, names: Sequence[str]) -> str:
    """Return the cell as a Python expression on known, not negative numbers; KeyError: none."""
    return _EXPRESSIONS[shape.kind](shape, *names)


def _arithmetic(sign: str) -> Callable[..., str]:
    def expression(s: Shape, a: str, b: str) -> str:
        both = all(s.signed)
        x = _text(a, s.widths[0], s.width, both)
        y = _text(b, s.widths[1], s.width, both)
        return (
            f"{x} {sign} {y} & {_mask(s.width)}"
            if sign in "+-"
            else f"({x} {sign} {y}) & {_mask(s.width)}"
        )

    return expression


def _bitwise(sign: str, inverted: bool = False) -> Callable[..., str]:
    def expression(s: Shape, a: str, b: str) -> str:
        both = all(s.signed)
        x = _text(a, s.widths[0], s.width, both)
        y = _text(b, s.widths[1], s.width, both)
        return f"{'~' if inverted else ''}({x} {sign} {y}) & {_mask(s.width)}"

    return expression


def _comparison(sign: str) -> Callable[..., str]:
    def expression(s: Shape, a: str, b: str) -> str:
        both, to = all(s.signed), max(s.widths[:2]) + 1
        x, y = _text(a, s.widths[0], to, both), _text(b, s.widths[1], to, both)
        return f"1 if {x} {sign} {y} else 0"

    return expression


def _unary(sign: str) -> Callable[..., str]:
    def expression(s: Shape, a: str) -> str:
        x = _text(a, s.widths[0], s.width, s.signed[0])
        return f"{sign}{x} & {_mask(s.width)}"

    return expression


def _shift_left(s: Shape, a: str, b: str) -> str:
    x = _text(a, s.widths[0], s.width, s.signed[0])
    return f"({x} << {b} if {b} < {s.width} else 0) & {_mask(s.width)}"


def _shift_right(arithmetic: bool) -> Callable[..., str]:
    def expression(s: Shape, a: str, b: str) -> str:
        to = max(s.widths[0], s.width)
        x = _text(a, s.widths[0], to + 1 if arithmetic else to, s.signed[0])
        if not (arithmetic and s.signed[0]):
            x = f"({x} & {_mask(to)})"
        return f"({x} >> {b}) & {_mask(s.width)}"

    return expression


def _mask(width: int) -> int:
    return (1 << width) - 1


_EXPRESSIONS: dict[str, Callable[..., str]] = {
    "$add": _arithmetic("+"),
    "$sub": _arithmetic("-"),
    "$mul": _arithmetic("*"),
    "$and": _bitwise("&"),
    "$or": _bitwise("|"),
    "$xor": _bitwise("^"),
    "$xnor": _bitwise("^", inverted=True),
    "$eq": _comparison("=="),
    "$ne": _comparison("!="),
    "$eqx": _comparison("=="),
    "$nex": _comparison("!="),
    "$lt": _comparison("<"),
    "$le": _comparison("<="),
    "$gt": _comparison(">"),
    "$ge": _comparison(">="),
    "$not": _unary("~"),
    "$neg": _unary("-"),
    "$pos": _unary("+"),
    "$shl": _shift_left,
    "$sshl": _shift_left,
    "$shr": _shift_right(arithmetic=False),
    "$sshr": _shift_right(arithmetic=True),
    "$reduce_or": lambda s, a: f"1 if {a} else 0",
    "$reduce_bool": lambda s, a: f"1 if {a} else 0",
    "$reduce_and": lambda s, a: f"1 if {a} == {_mask(s.widths[0])} else 0",
    "$reduce_xor": lambda s, a: f"{a}.bit_count() & 1",
    "$reduce_xnor": lambda s, a: f"~{a}.bit_count() & 1",
    "$logic_not": lambda s, a: f"0 if {a} else 1",
    "$logic_and": lambda s, a, b: f"1 if {a} and {b} else 0",
    "$logic_or": lambda s, a, b: f"1 if {a} or {b} else 0",
    "$mux": lambda s, a, b, c: f"{b} if {c} else {a}",
}

COMBINATIONAL = frozenset(_EXPRESSIONS)
"""The cells that are understood, memories and registers aside."""


def evaluate(shape: Shape) -> Cell:
    """Return the cell as a function of words.

    It raises `Unknown` or `OverflowError` where forms cannot say what it would answer.
    """
    on_forms = _FORMS.get(shape.kind)
    names = [f"v{n}" for n in range(len(shape.widths))]
    on_ints = eval(f"lambda {', '.join(names)}: {on_numbers(shape, names)}")

    def cell(*words: Word) -> Word:
        values = list(words) if shape.kind in _IN_PIECES else [number(word) for word in words]
        if all(isinstance(value, int) for value in values):
            return on_ints(*values)
        result = None if on_forms is None else on_forms(shape, *values)
        return _tabulated(shape, [number(word) for word in words]) if result is None else result

    return cell


def _tabulated(shape: Shape, values: Sequence[Value]) -> Value:
    """Return a cell computed for every value of the only symbol that it depends on."""
    leaf = leaf_of(values)
    if leaf is None or max(*shape.widths, shape.width) > _WIDEST:
        raise Unknown
    operation = _ARRAYS.get(shape.kind)
    if operation is None:
        raise Unknown
    masked = [_mask(width) for width in shape.widths]

    def on_arrays(*arrays: Any) -> Any:
        return operation(shape, *(a & mask for a, mask in zip(arrays, masked, strict=True)))

    return applied(on_arrays, values, leaf)


# -- forms -----------------------------------------------------------------------------------


def _extended(value: Value, width: int, to: int, is_signed: bool) -> Value:
    """Return a word as a number, where bits above it are asked for."""
    if to <= width:
        return value
    return as_signed(value, width) if is_signed else as_unsigned(value, width)


def _operands(s: Shape, a: Value, b: Value, to: int) -> tuple[Value, Value]:
    both = all(s.signed)
    return _extended(a, s.widths[0], to, both), _extended(b, s.widths[1], to, both)


def _add(s: Shape, a: Value, b: Value) -> Value:
    x, y = _operands(s, a, b, s.width)
    return normal(as_function(add(x, y)), s.width)


def _sub(s: Shape, a: Value, b: Value) -> Value:
    x, y = _operands(s, a, b, s.width)
    return normal(as_function(add(x, negate(y))), s.width)


def _mul(s: Shape, a: Value, b: Value) -> Value | None:
    x, y = _operands(s, a, b, s.width)
    if isinstance(x, int) or isinstance(y, int) or leaf_of([x, y]) is None:
        if isinstance(x, int):
            x = as_signed(x, s.widths[0]) if all(s.signed) else x
        if isinstance(y, int):
            y = as_signed(y, s.widths[1]) if all(s.signed) else y
        return normal(multiply(x, y), s.width)
    return None


def _negative(s: Shape, a: Value) -> Value:
    return normal(negate(_extended(a, s.widths[0], s.width, s.signed[0])), s.width)


def _not(s: Shape, a: Value) -> Value:
    return normal(add(negate(_extended(a, s.widths[0], s.width, s.signed[0])), -1), s.width)


def _same(s: Shape, a: Value) -> Value:
    return normal(_extended(a, s.widths[0], s.width, s.signed[0]), s.width)


def _difference(s: Shape, a: Value, b: Value) -> Value:
    x, y = _operands(s, a, b, max(s.widths[:2]) + 1)
    return add(x, negate(y))


def _eq(s: Shape, a: Value, b: Value) -> Value:
    width = max(s.widths[:2])
    x, y = _operands(s, a, b, width)
    return equal(add(x, negate(y)), width)


def _ne(s: Shape, a: Value, b: Value) -> Value:
    return add(negate(_eq(s, a, b)), 1)


def _ge(s: Shape, a: Value, b: Value) -> Value:
    return at_least(_difference(s, a, b))


def _gt(s: Shape, a: Value, b: Value) -> Value:
    return at_least(add(_difference(s, a, b), -1))


def _le(s: Shape, a: Value, b: Value) -> Value:
    return at_least(negate(_difference(s, a, b)))


def _lt(s: Shape, a: Value, b: Value) -> Value:
    return at_least(add(negate(_difference(s, a, b)), -1))


def _zero(s: Shape, a: Value) -> Value:
    return equal(a, s.widths[0])


def _any(s: Shape, a: Value) -> Value:
    return add(negate(equal(a, s.widths[0])), 1)


def _all(s: Shape, a: Value) -> Value:
    return equal(add(a, 1), s.widths[0])


def _logic(conjunction: bool) -> Callable[..., Value]:
    def operation(s: Shape, a: Value, b: Value) -> Value:
        x, y = (_truth(v, width) for v, width in zip((a, b), s.widths, strict=True))
        if isinstance(x, int) or isinstance(y, int):
            known, other = (x, y) if isinstance(x, int) else (y, x)
            if conjunction:
                return other if known else 0
            return 1 if known else other
        return choose(x, y, 0, None) if conjunction else choose(x, 1, y, None)

    return operation


def _truth(value: Value, width: int) -> Value:
    """Return whether a word is not 0; a bit is itself."""
    return as_unsigned(value, 1) if width == 1 else add(negate(equal(value, width)), 1)


def _and(s: Shape, a: Value, b: Value) -> Value | None:
    if s.width == 1 and s.widths == (1, 1):
        return _logic(True)(s, a, b)
    known, other, width = _known(s, a, b)
    if known is None or other is None:
        return None
    if known == 0:
        return 0
    if known == _mask(s.width):
        return _extended(other, width, s.width, all(s.signed))
    if known & known + 1 == 0:  # the low bits
        return as_unsigned(
            part(other, width, 0, min(known.bit_length(), width)), known.bit_length()
        )
    return None


def _or(s: Shape, a: Value, b: Value) -> Value | None:
    if s.width == 1 and s.widths == (1, 1):
        return _logic(False)(s, a, b)
    known, other, width = _known(s, a, b)
    if known is None or other is None:
        return None
    if known == 0:
        return _extended(other, width, s.width, all(s.signed))
    return known if known == _mask(s.width) else None


def _xor(s: Shape, a: Value, b: Value) -> Value | None:
    known, other, width = _known(s, a, b)
    if known is None or other is None:
        if s.width == 1 and s.widths == (1, 1):
            x, y = as_unsigned(a, 1), as_unsigned(b, 1)
            return choose(x, add(negate(y), 1), y, None)
        return None
    wide = _extended(other, width, s.width, all(s.signed))
    if known == 0:
        return wide
    return add(negate(wide), -1) if known == _mask(s.width) else None


def _known(s: Shape, a: Value, b: Value) -> tuple[int | None, Value | None, int]:
    """Return the operand that is known, extended, and the other one with its width."""
    both = all(s.signed)
    for x, y, place in ((a, b, 0), (b, a, 1)):
        if isinstance(x, int):
            wide = _extended(x, s.widths[place], s.width, both)
            if isinstance(wide, int):
                return wide & _mask(s.width), y, s.widths[1 - place]
    return None, None, 0


def _shl(s: Shape, a: Value, b: Value) -> Value | None:
    if not isinstance(b, int):
        return None
    if b >= s.width:
        return 0
    wide = _extended(a, s.widths[0], s.width - b, s.signed[0])
    return normal(scale(wide, 1 << b), s.width)


def _shr(s: Shape, a: Word, b: Word) -> Word | None:
    b = number(b)
    if not isinstance(b, int):
        return None
    width = s.widths[0]
    if s.signed[0] and s.width > width:
        a, width = as_signed(a, width), s.width
    if b >= width:
        return 0
    if width - b >= s.width:
        return part(a, width, b, s.width)
    return as_unsigned(part(a, width, b, width - b), width - b)


def _sshr(s: Shape, a: Value, b: Value) -> Word | None:
    if not s.signed[0]:
        return _shr(s, a, b)
    if not isinstance(b, int):
        return None
    return normal(floor_by_cases(as_signed(a, s.widths[0]), b), s.width)


def _mux(s: Shape, a: Word, b: Word, condition: Word) -> Word:
    c = as_unsigned(condition, 1)
    if isinstance(c, int):
        return b if c else a
    x, y = number(a), number(b)
    if isinstance(x, int) and isinstance(y, int) and x == y:
        return x
    if isinstance(x, int):
        x = as_signed(x, s.width)
    if isinstance(y, int):
        y = as_signed(y, s.width)
    return normal(choose(c, y, x, s.width), s.width)


_FORMS: dict[str, Callable[..., Word | None]] = {
    "$add": _add,
    "$sub": _sub,
    "$mul": _mul,
    "$and": _and,
    "$or": _or,
    "$xor": _xor,
    "$eq": _eq,
    "$ne": _ne,
    "$eqx": _eq,
    "$nex": _ne,
    "$lt": _lt,
    "$le": _le,
    "$gt": _gt,
    "$ge": _ge,
    "$not": _not,
    "$neg": _negative,
    "$pos": _same,
    "$shl": _shl,
    "$sshl": _shl,
    "$shr": _shr,
    "$sshr": _sshr,
    "$reduce_or": _any,
    "$reduce_bool": _any,
    "$reduce_and": _all,
    "$logic_not": _zero,
    "$logic_and": _logic(True),
    "$logic_or": _logic(False),
    "$mux": _mux,
}


# -- arrays ----------------------------------------------------------------------------------


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
        return operation(*_pair(s, a, b, s.width)) & _mask(s.width)

    return on_arrays


def _array_product(s: Shape, a: Any, b: Any) -> Any:
    if sum(s.widths) > _WIDEST:
        raise OverflowError
    return _signed_array(np.multiply(*_pair(s, a, b, s.width + 1)), s.width)


def _signed_array(array: Any, width: int) -> Any:
    half = 1 << width - 1
    return ((array + half) & _mask(width)) - half


def _array_shift(left: bool) -> Callable[..., Any]:
    def on_arrays(s: Shape, a: Any, b: Any) -> Any:
        if s.width > 30 or s.widths[0] > 30:
            raise OverflowError
        b = np.minimum(b, 31)
        to = max(s.widths[0], s.width)
        x = _wide(a, s.widths[0], to, s.signed[0]) & _mask(to)
        return (x << b if left else x >> b) & _mask(s.width)

    return on_arrays


_ARRAYS: dict[str, Callable[..., Any]] = {
    "$and": _array_logic(np.bitwise_and),
    "$or": _array_logic(np.bitwise_or),
    "$xor": _array_logic(np.bitwise_xor),
    "$mul": _array_product,
    "$shl": _array_shift(left=True),
    "$shr": _array_shift(left=False),
}
