# SPDX-License-Identifier: Apache-2.0
"""Comparisons and choices: results that are one thing or another."""

from __future__ import annotations

import numpy as np

from lmu_hw.prove.algebra.atoms import Unknown
from lmu_hw.prove.algebra.cases import by_cases
from lmu_hw.prove.algebra.directions import FEW, gate_of, opened, with_total
from lmu_hw.prove.algebra.floors import within
from lmu_hw.prove.algebra.forms import Value, add, negate, range_of, scale
from lmu_hw.prove.algebra.functions import applied, leaf_of
from lmu_hw.prove.algebra.names import drop

__all__ = ["at_least", "choose", "clamp", "equal"]


def at_least(value: Value) -> Value:
    """Return 1 where a value is not negative, else 0."""
    return by_cases(_at_least, value)


def _at_least(value: Value) -> Value:
    low, high = range_of(value)
    if low >= 0:
        return 1
    if high < 0:
        return 0
    leaf = leaf_of([value])
    if leaf is not None:
        return applied(lambda array: (array >= 0).astype(array.dtype), [value], leaf, "at least")
    return gate_of(value)


def equal(value: Value, width: int) -> Value:
    """Return 1 where a word of `width` bits is 0, else 0."""
    return by_cases(lambda v: _equal(v, width), value)


def _equal(value: Value, width: int) -> Value:
    if isinstance(value, int):
        return int(value & (1 << width) - 1 == 0)
    leaf = leaf_of([value])
    if leaf is not None:
        mask = (1 << width) - 1
        return applied(
            lambda array: (array & mask == 0).astype(array.dtype), [value], leaf, ("equal", width)
        )
    value = drop(value, width)
    if isinstance(value, int):
        return int(value & (1 << width) - 1 == 0)
    low, high = value.low, value.high
    first, last = -(-low >> width), high >> width
    if last - first >= FEW:
        raise Unknown
    result: Value = 0
    for turn in range(first, last + 1):
        rest = add(value, -(turn << width))
        result = add(result, _at_least(rest))
        result = add(result, negate(_at_least(add(rest, -1))))
    return result


def choose(condition: Value, yes: Value, no: Value, width: int | None) -> Value:
    """Return `yes` where a condition is 1 and `no` where it is 0, of `width` bits; None: exact."""
    if isinstance(condition, int):
        return yes if condition else no
    yes, no = with_total(yes), with_total(no)
    leaf = leaf_of([condition, yes, no])
    if leaf is not None:
        return applied(lambda s, a, b: np.where(s, a, b), [condition, yes, no], leaf, "choose")

    def pick(s: Value, a: Value, b: Value) -> Value:
        if isinstance(s, int):
            return a if s else b
        if leaf_of([s]) is None:
            raise Unknown
        try:
            return add(b, s * add(a, negate(b)))
        except OverflowError:
            raise Unknown from None

    return by_cases(pick, opened(condition), yes, no, width=width)


def clamp(value: Value, low: int, high: int) -> Value:
    """Return a value limited to a range."""
    result = by_cases(lambda v: _clamp(v, low, high), value)
    return within(result, low, high)


def _clamp(value: Value, low: int, high: int) -> Value:
    if isinstance(value, int):
        return min(max(value, low), high)
    if low <= value.low and value.high <= high:
        return value
    leaf = leaf_of([value])
    if leaf is not None:
        return applied(lambda array: array.clip(low, high), [value], leaf, ("clamp", low, high))
    # Beyond the ends only, so that there is no case where a limit is reached, but not passed.
    below = _at_least(add(scale(value, -1), low - 1))
    above = _at_least(add(value, -high - 1))
    inside = choose(above, high, value, None)
    return choose(below, low, inside, None)
