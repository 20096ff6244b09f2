# SPDX-License-Identifier: Apache-2.0
"""What is decided by cases: comparisons, choices, and everything done to their results.

A gate is a value that counts only where a direction, a sum of atoms without a constant, is at least
a threshold. A result by cases is its value in the lowest case plus, at each threshold, a gate of
what changes there. An operation on values with gates is done in each case, with the ranges of that
case, and put together again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import gcd

import numpy as np

from lmu_hw.prove.floors import (
    as_floor,
    definition_of,
    drop,
    floor,
    floor_of,
    fold,
    signed,
    unsigned,
    within,
)
from lmu_hw.prove.forms import (
    FUNCTION,
    GATE,
    Form,
    Terms,
    Value,
    add,
    atoms,
    exact,
    gate,
    interval,
    is_symbol,
    negate,
    product,
    range_of,
    scale,
    single,
    weighted_sum,
)
from lmu_hw.prove.functions import applied, leaf_of

__all__ = [
    "Unknown",
    "at_least",
    "by_cases",
    "choose",
    "clamp",
    "equal",
    "expanded",
    "floor_by_cases",
    "forget_directions",
    "resolved",
    "signed_by_cases",
    "unsigned_by_cases",
]

_THRESHOLDS = 12
"""Cases that are told apart at a time."""
_TOGETHER = 6
"""Terms of words up to which it is looked whether they are one result."""
_DEPTH = 3
"""Directions that are told apart at a time."""
_SPAN = 4
"""Values of a floor up to which it is taken apart by thresholds, and congruent numbers compared."""

_directions: dict[tuple[tuple[int, int], ...], int] = {}
_terms: list[Terms] = []


class Unknown(Exception):
    """It cannot be said by forms; what it would have been is free."""


def forget_directions() -> None:
    """Forget every direction."""
    _directions.clear()
    _terms.clear()


def direction_terms(number: int) -> Terms:
    """Return the terms of a direction."""
    return _terms[number]


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
        return applied(lambda array: (array >= 0).astype(array.dtype), [value], leaf)
    return _gate_of(value)


def _gate_of(value: Value) -> Value:
    """Return [value >= 0] as a gate, whatever its range."""
    if isinstance(value, int):
        return int(value >= 0)
    argument, _ = as_floor(value)  # floor(E / 2**s) is negative where E is
    if isinstance(argument, int):
        return int(argument >= 0)
    shared = gcd(*argument.terms.values())
    terms = {number: factor // shared for number, factor in argument.terms.items()}
    threshold = -(argument.constant // shared)  # [g A + c >= 0] is [A >= ceil(-c / g)]
    if terms[min(terms)] < 0:  # [-B >= T] is 1 - [B >= 1 - T]
        opposite = {number: -factor for number, factor in terms.items()}
        return 1 - single(gate(_number(opposite), 1 - threshold, None))
    return single(gate(_number(terms), threshold, None))


def _number(terms: Terms) -> int:
    key = tuple(sorted(terms.items()))
    number = _directions.get(key)
    if number is None:
        number = _directions[key] = len(_terms)
        _terms.append(terms)
    return number


def equal(value: Value, width: int) -> Value:
    """Return 1 where a word of `width` bits is 0, else 0."""
    return by_cases(lambda v: _equal(v, width), value)


def _equal(value: Value, width: int) -> Value:
    if isinstance(value, int):
        return int(value & (1 << width) - 1 == 0)
    leaf = leaf_of([value])
    if leaf is not None:
        mask = (1 << width) - 1
        return applied(lambda array: (array & mask == 0).astype(array.dtype), [value], leaf)
    value = drop(value, width)
    if isinstance(value, int):
        return int(value & (1 << width) - 1 == 0)
    low, high = value.low, value.high
    first, last = -(-low >> width), high >> width
    if last - first >= _SPAN:
        raise Unknown
    total: Value = 0
    for turn in range(first, last + 1):
        rest = add(value, -(turn << width))
        total = add(total, _at_least(rest))
        total = add(total, negate(_at_least(add(rest, -1))))
    return total


def choose(condition: Value, yes: Value, no: Value, width: int | None) -> Value:
    """Return `yes` where a condition is 1 and `no` where it is 0, of `width` bits; None: exact."""
    if isinstance(condition, int):
        return yes if condition else no
    leaf = leaf_of([condition, yes, no])
    if leaf is not None:
        return applied(lambda s, a, b: np.where(s, a, b), [condition, yes, no], leaf)

    def pick(s: Value, a: Value, b: Value) -> Value:
        if isinstance(s, int):
            return a if s else b
        if leaf_of([s]) is None:
            raise Unknown
        try:
            return add(b, s * add(a, negate(b)))
        except OverflowError:
            raise Unknown from None

    return by_cases(pick, _opened(condition), yes, no, width=width)


def _opened(value: Value) -> Value:
    """Return a value with its floors of few values written as gates."""
    if isinstance(value, int):
        return value
    pairs: list[tuple[int, Value]] = []
    for number, factor in value.terms.items():
        low, high = atoms.low[number], atoms.high[number]
        small = atoms.kind[number].kind == "floor" and high - low < _SPAN
        if not small or atoms.leaf[number] >= 0:
            pairs.append((factor, single(number)))
            continue
        argument, bits = floor_of(number)
        pairs.append((factor, low))
        for step in range(low + 1, high + 1):
            pairs.append((factor, _gate_of(add(argument, -(step << bits)))))
    return weighted_sum(pairs, value.constant)


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
        return applied(lambda array: array.clip(low, high), [value], leaf)
    # Beyond the ends only, so that there is no case where a limit is reached, but not passed.
    below = _at_least(add(scale(value, -1), low - 1))
    above = _at_least(add(value, -high - 1))
    inside = choose(above, high, value, None)
    return choose(below, low, inside, None)


def floor_by_cases(value: Value, bits: int) -> Value:
    """Return ``floor(value / 2**bits)``."""
    if isinstance(value, int):
        return value >> bits
    if not value.mark:
        return floor(value, bits)

    def operation(v: Value) -> Value:
        leaf = _function_leaf(v)
        if leaf is None:
            return floor(v, bits)
        return applied(lambda array: array >> min(bits, 62), [v], leaf)

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
        return applied(lambda array: ((array + half) & mask) - half, [v], leaf)

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
        return applied(lambda array: array & mask, [v], leaf)

    return within(fold(by_cases(operation, value)), 0, mask)


def expanded(value: Value) -> Value:
    """Return a value with named results as what they stand for, inside signs of them, too."""
    if isinstance(value, int):
        return value
    pairs: list[tuple[int, Value]] = []
    for number, factor in value.terms.items():
        definition, part = definition_of(number), single(number)
        if definition is not None:
            part = definition
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
            result = applied(lambda array: ((array + half) & mask) - half, [whole], leaf)
        elif not isinstance(whole, int) and whole.mark & GATE:
            result = by_cases(lambda v: v, _opened(whole), width=width)
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


def by_cases(
    operation: Callable[..., Value], *values: Value, width: int | None = None, depth: int = 0
) -> Value:
    """Return an operation on values that may have gates; with a width, as a word of it.

    Raises
    ------
    Unknown
        If there are too many cases.
    """
    number = _first_direction(values)
    if number is None:
        return operation(*values)
    if depth == _DEPTH:
        raise Unknown
    thresholds = sorted(_thresholds(values, number))
    low, high = interval(_terms[number], 0)
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
    inside = tuple(_under(value, number, least, most) for value in values)
    steps = _steps(inside, _terms[number], least, most)
    if not steps:
        return [(least, inside)]
    begins, ends = [least, *steps], [*(step - 1 for step in steps), most]
    cases: list[_Case] = []
    for begin, end in zip(begins, ends, strict=True):
        cases += _case(inside, number, begin, end)
    return cases


def _steps(values: Sequence[Value], direction: Terms, least: int, most: int) -> list[int]:
    """Return where floors of a direction, that have few values within two ends, change."""
    steps: set[int] = set()
    for value in values:
        if isinstance(value, int):
            continue
        for number in value.terms:
            if atoms.kind[number].kind != "floor":
                continue
            argument, bits = floor_of(number)
            factor = _multiple(argument, direction)
            if not factor or isinstance(argument, int):
                continue
            low, high = sorted(factor * end + argument.constant >> bits for end in (least, most))
            if high - low < _SPAN:
                for level in range(low + 1, high + 1):
                    distance = (level << bits) - argument.constant
                    # The first place where it is at the level, or, falling, below it.
                    steps.add(-(-distance // factor) if factor > 0 else distance // factor + 1)
    return sorted(step for step in steps if least < step <= most)


def _multiple(value: Value, direction: Terms) -> int:
    """Return how many times a direction the terms of a value are; 0: they are not."""
    if isinstance(value, int) or len(value.terms) != len(direction):
        return 0
    lead = min(direction)
    factor, rest = divmod(value.terms.get(lead, 0), direction[lead])
    same = all(value.terms.get(n) == factor * inner for n, inner in direction.items())
    return factor if not rest and same else 0


def _gates(values: Sequence[Value]) -> list[tuple[int, int]]:
    """Return direction and threshold of every gate."""
    kind = atoms.kind
    return [
        kind[number].parts[:2]
        for value in values
        if not isinstance(value, int) and value.mark & GATE
        for number in value.terms
        if kind[number].kind == "gate"
    ]


def _first_direction(values: Sequence[Value]) -> int | None:
    return min((direction for direction, _ in _gates(values)), default=None)


def _thresholds(values: Sequence[Value], number: int) -> set[int]:
    return {threshold for direction, threshold in _gates(values) if direction == number}


def _under(value: Value, number: int, least: int, most: int) -> Value:
    """Return what a value is where a direction is within `least` and `most`."""
    if isinstance(value, int):
        return value
    direction = _terms[number]
    result = weighted_sum(
        [
            (factor, _atom_under(atom, number, direction, least, most))
            for atom, factor in value.terms.items()
        ],
        value.constant,
    )
    if isinstance(result, int):
        return result
    if not result.mark & GATE:
        argument, bits = as_floor(result)
        low, high = (end >> bits for end in _range_under(argument, direction, least, most))
        result = low if low == high else within(result, low, high)
    return result


def _atom_under(atom: int, number: int, direction: Terms, least: int, most: int) -> Value:
    kind, parts = atoms.kind[atom]
    if kind == "gate" and parts[0] == number:
        if parts[1] > most:
            return 0
        if parts[1] > least:
            raise Unknown
        return 1 if parts[2] is None else _atom_under(parts[2], number, direction, least, most)
    if kind == "floor":
        argument, bits = floor_of(atom)
        low, high = _range_under(argument, direction, least, most)
        if low >> bits == high >> bits:
            return low >> bits
    return single(atom)


def _range_under(value: Value, direction: Terms, least: int, most: int) -> tuple[int, int]:
    """Return the range of a value where a direction is within `least` and `most`."""
    low, high = range_of(value)
    if isinstance(value, int):
        return low, high
    lead = min(direction)
    factor, rest = divmod(value.terms.get(lead, 0), direction[lead])
    if rest or not factor:
        return low, high
    others = value.terms.copy()
    for number, inner in direction.items():
        others[number] = others.get(number, 0) - factor * inner
    ends = sorted((factor * least, factor * most))
    below, above = interval(others, value.constant)
    return max(low, ends[0] + below), min(high, ends[1] + above)


def _joined(
    number: int, thresholds: Sequence[int], results: Sequence[Value], width: int | None
) -> Value:
    """Return one value from those of the cases."""
    low = min(range_of(result)[0] for result in results)
    high = max(range_of(result)[1] for result in results)
    results = [exact(result) for result in results]
    total = results[0]
    for threshold, before, after in zip(thresholds, results, results[1:], strict=False):
        change = add(after, negate(before))
        total = add(total, _from(number, threshold, exact(change), width))
    return within(exact(total), low, high) if width is None else exact(total)


def _from(number: int, threshold: int, change: Value, width: int | None) -> Value:
    """Return what counts from a threshold on, which is moved to where it is not 0 at first."""
    if width is not None and not isinstance(change, int):
        change = drop(change, width)
    first = _at(number, threshold, change)
    if width is not None and isinstance(first, int):
        near = signed(first, width)
        change, first = add(change, near - first), near
    if first == 0 and not isinstance(change, int):
        following = _next_step(change, number, threshold)
        if _under(change, number, threshold, following - 1) == 0:
            threshold = following
    if isinstance(change, int):
        return scale(single(gate(number, threshold, None)), change) if change else 0
    pairs: list[tuple[int, Value]] = [
        (factor, product([gate(number, threshold, None), atom]))
        for atom, factor in change.terms.items()
    ]
    if change.constant:
        pairs.append((change.constant, single(gate(number, threshold, None))))
    return weighted_sum(pairs)


def _next_step(change: Form, number: int, threshold: int) -> int:
    """Return where a floor of a direction is another one than at a threshold."""
    if change.mark & GATE:
        return threshold + 1
    argument, bits = as_floor(change)
    factor = _multiple(argument, _terms[number])
    if not factor or isinstance(argument, int):
        return threshold + 1
    level = (factor * threshold + argument.constant) >> bits
    if factor > 0:
        return -(-(((level + 1) << bits) - argument.constant) // factor)
    return ((level << bits) - argument.constant) // factor + 1


def _at(number: int, threshold: int, change: Value) -> Value:
    """Return what a value is where a direction is at a threshold."""
    try:
        return _under(change, number, threshold, threshold)
    except Unknown:
        return change
