# SPDX-License-Identifier: Apache-2.0
"""What is done to values with gates: the operation in each case, and its results put together.

A result by cases is its value in the lowest case plus, at each threshold, a gate of what changes
there. In each case, values have the ranges of that case.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lmu_hw.prove.algebra.atoms import FUNCTION, GATE, Unknown, atoms, gate, interval
from lmu_hw.prove.algebra.directions import (
    direction_terms,
    gates,
    next_step,
    opened,
    steps,
    under,
    with_total,
)
from lmu_hw.prove.algebra.floors import floor, floor_of, signed, unsigned, within
from lmu_hw.prove.algebra.forms import (
    Value,
    add,
    exact,
    is_symbol,
    negate,
    product,
    range_of,
    scale,
    single,
    weighted_sum,
)
from lmu_hw.prove.algebra.functions import applied, leaf_of
from lmu_hw.prove.algebra.names import definition_of, drop, fold, is_total

__all__ = [
    "by_cases",
    "expanded",
    "floor_by_cases",
    "resolved",
    "signed_by_cases",
    "unsigned_by_cases",
]

_THRESHOLDS = 12
"""Cases that are told apart at a time."""
_DEPTH = 3
"""Directions that are told apart at a time."""
_TOGETHER = 6
"""Terms of words up to which it is looked whether they are one result."""


def by_cases(
    operation: Callable[..., Value], *values: Value, width: int | None = None, depth: int = 0
) -> Value:
    """Return an operation on values that may have gates; with a width, as a word of it.

    Raises
    ------
    Unknown
        If there are too many cases.
    """
    values = tuple(with_total(value) for value in values)
    number = _first_direction(values)
    if number is None:
        return operation(*values)
    if depth == _DEPTH:
        raise Unknown
    thresholds = sorted(_thresholds(values, number))
    low, high = interval(direction_terms(number), 0)
    thresholds = [t for t in thresholds if low < t <= high]
    if len(thresholds) > _THRESHOLDS:
        raise Unknown
    ends = [*(threshold - 1 for threshold in thresholds), high]
    cases: list[_Case] = []
    for least, most in zip([low, *thresholds], ends, strict=True):
        cases += _case(values, number, least, most)
    if len(cases) > _THRESHOLDS:
        raise Unknown
    results = [by_cases(operation, *values, width=width, depth=depth + 1) for _, values in cases]
    return fold(_joined(number, [least for least, _ in cases[1:]], results, width))


_Case = tuple[int, tuple[Value, ...]]
"""Least value of a direction, and what values are from there on to the next case."""


def _case(values: Sequence[Value], number: int, least: int, most: int) -> list[_Case]:
    """Return a case, or several: floors that have few values in it are told apart, too."""
    inside = tuple(under(value, number, least, most) for value in values)
    changes = steps(inside, direction_terms(number), least, most)
    if not changes:
        return [(least, inside)]
    begins, ends = [least, *changes], [*(place - 1 for place in changes), most]
    cases: list[_Case] = []
    for begin, end in zip(begins, ends, strict=True):
        cases += _case(inside, number, begin, end)
    return cases


def _first_direction(values: Sequence[Value]) -> int | None:
    return min((direction for direction, _ in gates(values)), default=None)


def _thresholds(values: Sequence[Value], number: int) -> set[int]:
    return {threshold for direction, threshold in gates(values) if direction == number}


def _joined(
    number: int, thresholds: Sequence[int], results: Sequence[Value], width: int | None
) -> Value:
    """Return one value from those of the cases."""
    low = min(range_of(case)[0] for case in results)
    high = max(range_of(case)[1] for case in results)
    results = [exact(case) for case in results]
    result = results[0]
    for threshold, before, after in zip(thresholds, results, results[1:], strict=False):
        change = add(after, negate(before))
        result = add(result, _from(number, threshold, exact(change), width))
    return within(exact(result), low, high) if width is None else exact(result)


def _from(number: int, threshold: int, change: Value, width: int | None) -> Value:
    """Return what counts from a threshold on, which is moved to where it is not 0 at first."""
    if width is not None and not isinstance(change, int):
        change = drop(change, width)
    first = _at(number, threshold, change)
    if width is not None and isinstance(first, int):
        near = signed(first, width)
        change, first = add(change, near - first), near
    if first == 0 and not isinstance(change, int):
        following = next_step(change, number, threshold)
        if under(change, number, threshold, following - 1) == 0:
            threshold = following
        if threshold > interval(direction_terms(number), 0)[1]:
            return 0  # a direction never gets there
    if isinstance(change, int):
        return scale(single(gate(number, threshold, None)), change) if change else 0
    pairs: list[tuple[int, Value]] = [
        (factor, product([gate(number, threshold, None), atom]))
        for atom, factor in change.terms.items()
    ]
    if change.constant:
        pairs.append((change.constant, single(gate(number, threshold, None))))
    return weighted_sum(pairs)


def _at(number: int, threshold: int, change: Value) -> Value:
    """Return what a value is where a direction is at a threshold."""
    try:
        return under(change, number, threshold, threshold)
    except Unknown:
        return change


def floor_by_cases(value: Value, bits: int) -> Value:
    """Return ``floor(value / 2**bits)``."""
    value = with_total(value)
    if isinstance(value, int):
        return value >> bits
    if not value.mark:
        return floor(value, bits)

    def operation(v: Value) -> Value:
        leaf = _function_leaf(v)
        if leaf is None:
            return floor(v, bits)
        return applied(lambda array: array >> min(bits, 62), [v], leaf, ("shift", bits))

    return fold(by_cases(operation, value))


def signed_by_cases(value: Value, width: int) -> Value:
    """Return a word of `width` bits in two's complement."""
    if isinstance(value, int) or not value.mark:
        return signed(value, width)
    half = 1 << width - 1
    if value.low >= -half and value.high < half:
        return value

    def operation(v: Value) -> Value:
        leaf = _function_leaf(v)
        if leaf is None:
            return signed(v, width)
        mask = (1 << width) - 1
        return applied(lambda array: ((array + half) & mask) - half, [v], leaf, ("signed", width))

    return within(fold(by_cases(operation, value)), -half, half - 1)


def unsigned_by_cases(value: Value, width: int) -> Value:
    """Return a word of `width` bits as a number that is not negative."""
    if isinstance(value, int) or not value.mark:
        return unsigned(value, width)
    mask = (1 << width) - 1
    if value.low >= 0 and value.high <= mask:
        return value

    def operation(v: Value) -> Value:
        leaf = _function_leaf(v)
        if leaf is None:
            return unsigned(v, width)
        return applied(lambda array: array & mask, [v], leaf, ("unsigned", width))

    return within(fold(by_cases(operation, value)), 0, mask)


def expanded(value: Value, *, totals: bool = False) -> Value:
    """Return a value with named results as what they stand for, inside signs of them, too.

    With `totals`, sums that are symbols in floors are sums again, too.
    """
    if isinstance(value, int):
        return value
    pairs: list[tuple[int, Value]] = []
    for number, factor in value.terms.items():
        definition, part = definition_of(number), single(number)
        if definition is not None:
            part = definition if totals or not is_total(number) else part
        elif atoms.kind[number].kind == "floor":
            argument, bits = floor_of(number)
            known = not isinstance(argument, int) and argument.terms.keys() <= value.terms.keys()
            if known and is_symbol(argument):
                part = floor_by_cases(expanded(argument), bits)
        pairs.append((factor, part))
    return weighted_sum(pairs, value.constant)


def resolved(value: Value, width: int) -> Value:
    """Return a word of `width` bits, put together of low bits and a sign, as the result it is."""
    if isinstance(value, int) or not 1 < len(value.terms) <= _TOGETHER:
        return value
    try:
        whole = expanded(value)
        leaf = leaf_of([whole])
        if leaf is not None:
            mask, half = (1 << width) - 1, 1 << width - 1
            result = applied(
                lambda array: ((array + half) & mask) - half, [whole], leaf, ("signed", width)
            )
        elif not isinstance(whole, int) and whole.mark & GATE:
            result = by_cases(lambda v: v, opened(whole), width=width)
        else:
            result = whole if isinstance(whole, int) else fold(drop(whole, width))
    except (Unknown, OverflowError):
        return value
    return result if is_symbol(result) else value


def _function_leaf(value: Value) -> int | None:
    """Return the symbol of a value that is a function of it, and not linear in it."""
    if isinstance(value, int) or not value.mark & FUNCTION:
        return None
    return leaf_of([value])
