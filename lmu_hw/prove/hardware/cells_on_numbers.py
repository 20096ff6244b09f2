# SPDX-License-Identifier: Apache-2.0
"""Cells on known numbers, as Python expressions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lmu_hw.prove.hardware.cell_shape import Shape, mask

__all__ = ["COMBINATIONAL", "on_numbers"]


def on_numbers(shape: Shape, names: Sequence[str]) -> str:
    """Return the cell as a Python expression on known, not negative numbers; KeyError: none."""
    return _EXPRESSIONS[shape.kind](shape, *names)


def _text(a: str, width: int, to: int, is_signed: bool) -> str:
    """Return a number of `width` bits as text, extended where `to` has more bits."""
    if not is_signed or to <= width:
        return a
    return f"({a} - ({a} >> {width - 1} << {width}))"


def _arithmetic(sign: str) -> Callable[..., str]:
    def expression(s: Shape, a: str, b: str) -> str:
        both = all(s.signed)
        x = _text(a, s.widths[0], s.width, both)
        y = _text(b, s.widths[1], s.width, both)
        return (
            f"{x} {sign} {y} & {mask(s.width)}"
            if sign in "+-"
            else f"({x} {sign} {y}) & {mask(s.width)}"
        )

    return expression


def _bitwise(sign: str, inverted: bool = False) -> Callable[..., str]:
    def expression(s: Shape, a: str, b: str) -> str:
        both = all(s.signed)
        x = _text(a, s.widths[0], s.width, both)
        y = _text(b, s.widths[1], s.width, both)
        return f"{'~' if inverted else ''}({x} {sign} {y}) & {mask(s.width)}"

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
        return f"{sign}{x} & {mask(s.width)}"

    return expression


def _shift_left(s: Shape, a: str, b: str) -> str:
    x = _text(a, s.widths[0], s.width, s.signed[0])
    return f"({x} << {b} if {b} < {s.width} else 0) & {mask(s.width)}"


def _shift_right(arithmetic: bool) -> Callable[..., str]:
    def expression(s: Shape, a: str, b: str) -> str:
        to = max(s.widths[0], s.width)
        x = _text(a, s.widths[0], to + 1 if arithmetic else to, s.signed[0])
        if not (arithmetic and s.signed[0]):
            x = f"({x} & {mask(to)})"
        return f"({x} >> {b}) & {mask(s.width)}"

    return expression


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
    "$reduce_and": lambda s, a: f"1 if {a} == {mask(s.widths[0])} else 0",
    "$reduce_xor": lambda s, a: f"{a}.bit_count() & 1",
    "$reduce_xnor": lambda s, a: f"~{a}.bit_count() & 1",
    "$logic_not": lambda s, a: f"0 if {a} else 1",
    "$logic_and": lambda s, a, b: f"1 if {a} and {b} else 0",
    "$logic_or": lambda s, a, b: f"1 if {a} or {b} else 0",
    "$mux": lambda s, a, b, c: f"{b} if {c} else {a}",
}

COMBINATIONAL = frozenset(_EXPRESSIONS)
"""The cells that are understood, memories and registers aside."""
