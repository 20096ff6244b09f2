# SPDX-License-Identifier: Apache-2.0
"""Cells on forms: what is linear stays so; comparisons and choices are by cases.

A cell answers None where it cannot say its result.
"""

from __future__ import annotations

from collections.abc import Callable

from lmu_hw.prove.algebra.cases import floor_by_cases
from lmu_hw.prove.algebra.choices import at_least, choose, equal
from lmu_hw.prove.algebra.forms import Value, add, multiply, negate, scale
from lmu_hw.prove.algebra.functions import as_function, leaf_of
from lmu_hw.prove.algebra.names import fold
from lmu_hw.prove.algebra.words import Word, as_signed, as_unsigned, normal, number, part
from lmu_hw.prove.hardware.cell_shape import Shape, mask

__all__ = ["ON_FORMS"]


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
    return normal(fold(as_function(add(x, y))), s.width)


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
        return normal(fold(multiply(x, y)), s.width)
    return None


def _negative(s: Shape, a: Value) -> Value:
    return normal(fold(negate(_extended(a, s.widths[0], s.width, s.signed[0]))), s.width)


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
    if known == mask(s.width):
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
    return known if known == mask(s.width) else None


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
    return add(negate(wide), -1) if known == mask(s.width) else None


def _known(s: Shape, a: Value, b: Value) -> tuple[int | None, Value | None, int]:
    """Return the operand that is known, extended, and the other one with its width."""
    both = all(s.signed)
    for x, y, place in ((a, b, 0), (b, a, 1)):
        if isinstance(x, int):
            wide = _extended(x, s.widths[place], s.width, both)
            if isinstance(wide, int):
                return wide & mask(s.width), y, s.widths[1 - place]
    return None, None, 0


def _shl(s: Shape, a: Value, b: Value) -> Value | None:
    if not isinstance(b, int):
        return None
    if b >= s.width:
        return 0
    wide = _extended(a, s.widths[0], s.width - b, s.signed[0])
    return normal(fold(scale(wide, 1 << b)), s.width)


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


ON_FORMS: dict[str, Callable[..., Word | None]] = {
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
