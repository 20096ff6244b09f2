# SPDX-License-Identifier: Apache-2.0
"""Multiples and places of numbers that are not constant, without a multiplier of the chip."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import add
from typing import Any

from amaranth.hdl import Array, Const, Value
from amaranth.utils import exact_log2

__all__ = ["entry_of", "times"]

_DIGIT = 4  # bits of a number that one table of a chip takes


def times(number: Value, factor: int) -> Value:
    """Return the product of an unsigned number and a constant: tables of its digits, added."""
    if factor & (factor - 1) == 0:
        return Value.cast(number.shift_left(exact_log2(factor))) if factor else Const(0)
    multiples = []
    for low in range(0, len(number), _DIGIT):
        digit = number[low : low + _DIGIT]
        table = Array(Const(value * factor) for value in range(1 << len(digit)))
        multiples.append(Value.cast(table[digit]).shift_left(low))
    return Value.cast(reduce(add, multiples))


def entry_of(values: Iterable[Any], index: Value) -> Value:
    """Return one of some values, which can be assigned to.

    As a part of a word at a number of bits, its place would be a product.
    """
    return Value.cast(Array(map(Value.cast, values))[index])
