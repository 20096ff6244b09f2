# SPDX-License-Identifier: Apache-2.0
"""Directions, gates along them, and what values are where a direction lies between two ends.

A direction is a sum of atoms without a constant. A gate is a value that counts only where a
direction is at least a threshold.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import gcd

from lmu_hw.prove.algebra.atoms import GATE, Terms, Unknown, atoms, gate, interval
from lmu_hw.prove.algebra.floors import as_floor, floor_of, within
from lmu_hw.prove.algebra.forms import (
    Form,
    Value,
    add,
    form,
    negate,
    range_of,
    single,
    weighted_sum,
)
from lmu_hw.prove.algebra.names import definition_of, is_total, total

__all__ = [
    "FEW",
    "direction_terms",
    "forget_directions",
    "gate_of",
    "gates",
    "next_step",
    "number_of_direction",
    "opened",
    "steps",
    "under",
    "with_total",
]

FEW = 4
"""Values of a floor up to which it is taken apart by thresholds, and congruent numbers compared."""

_directions: dict[tuple[tuple[int, int], ...], int] = {}
_terms: list[Terms] = []


def forget_directions() -> None:
    """Forget every direction."""
    _directions.clear()
    _terms.clear()


def direction_terms(number: int) -> Terms:
    """Return the terms of a direction."""
    return _terms[number]


def number_of_direction(terms: Terms) -> int | None:
    """Return the number of the direction that has these terms; None: there is none."""
    return _directions.get(tuple(sorted(terms.items())))


def _number(terms: Terms) -> int:
    key = tuple(sorted(terms.items()))
    number = _directions.get(key)
    if number is None:
        number = _directions[key] = len(_terms)
        _terms.append(terms)
    return number


def gate_of(value: Value) -> Value:
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


def with_total(value: Value) -> Value:
    """Return a value with the symbol of the sum that it is, or that other terms of it are made of.

    What is added to a sum to round it depends on the sum; together they depend on one symbol.
    """
    if isinstance(value, int):
        return value
    whole = total(value)
    if whole is not value:
        return whole
    opposite = negate(value)
    if (whole := total(opposite)) is not opposite:
        return negate(whole)
    for number in {inner for outer in value.terms for inner in _based_on(outer)}:
        definition = definition_of(number)
        if definition is None or not is_total(number):
            continue
        lead, first = next(iter(definition.terms.items()))
        sign, rest = divmod(value.terms.get(lead, 0), first)
        terms = definition.terms
        if (
            abs(sign) == 1
            and not rest
            and all(value.terms.get(n) == sign * f for n, f in terms.items())
        ):
            others = {n: f for n, f in value.terms.items() if n not in terms}
            others[number] = others.get(number, 0) + sign
            return form(others, value.constant - sign * definition.constant)
    return value


def _based_on(number: int) -> Iterable[int]:
    """Return the symbols that an atom may be made of, other sums of them aside."""
    kind, parts = atoms.kind[number]
    if kind == "floor":
        (terms, _), _ = parts
        return [inner for inner, _ in terms]
    if kind == "gate":
        return direction_terms(parts[0])
    return parts[:1] if kind == "function" else ()


def opened(value: Value) -> Value:
    """Return a value with its floors of few values written as gates."""
    if isinstance(value, int):
        return value
    pairs: list[tuple[int, Value]] = []
    for number, factor in value.terms.items():
        low, high = atoms.low[number], atoms.high[number]
        small = atoms.kind[number].kind == "floor" and high - low < FEW
        if not small or atoms.leaf[number] >= 0:
            pairs.append((factor, single(number)))
            continue
        argument, bits = floor_of(number)
        pairs.append((factor, low))
        for step in range(low + 1, high + 1):
            pairs.append((factor, gate_of(add(argument, -(step << bits)))))
    return weighted_sum(pairs, value.constant)


def gates(values: Sequence[Value]) -> list[tuple[int, int]]:
    """Return direction and threshold of every gate."""
    kind = atoms.kind
    return [
        kind[number].parts[:2]
        for value in values
        if not isinstance(value, int) and value.mark & GATE
        for number in value.terms
        if kind[number].kind == "gate"
    ]


def under(value: Value, number: int, least: int, most: int) -> Value:
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


def steps(values: Sequence[Value], direction: Terms, least: int, most: int) -> list[int]:
    """Return where floors of a direction, that have few values within two ends, change."""
    places: set[int] = set()
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
            if high - low < FEW:
                for level in range(low + 1, high + 1):
                    distance = (level << bits) - argument.constant
                    # The first place where it is at the level, or, falling, below it.
                    places.add(-(-distance // factor) if factor > 0 else distance // factor + 1)
    return sorted(place for place in places if least < place <= most)


def next_step(change: Form, number: int, threshold: int) -> int:
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


def _multiple(value: Value, direction: Terms) -> int:
    """Return how many times a direction the terms of a value are; 0: they are not."""
    if isinstance(value, int) or len(value.terms) != len(direction):
        return 0
    lead = min(direction)
    factor, rest = divmod(value.terms.get(lead, 0), direction[lead])
    same = all(value.terms.get(n) == factor * inner for n, inner in direction.items())
    return factor if not rest and same else 0
