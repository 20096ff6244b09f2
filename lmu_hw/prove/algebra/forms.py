# SPDX-License-Identifier: Apache-2.0
"""Integers as canonical forms: a constant plus a sum of coefficients times atoms.

An atom is a symbol with a range, or what is not linear in others: a floor, a product, a value that
counts above a threshold only, a function of one symbol. Two forms are equal if their terms are. A
value that is known is a plain int.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lmu_hw.prove.algebra.atoms import (
    Frozen,
    Terms,
    atom,
    atoms,
    gate,
    interval,
    monomial,
    tabulate,
)

__all__ = [
    "Form",
    "Value",
    "add",
    "exact",
    "form",
    "freeze",
    "is_sign",
    "is_symbol",
    "multiply",
    "negate",
    "product",
    "range_of",
    "scale",
    "single",
    "symbol",
    "thaw",
    "weighted_sum",
]

_PRODUCTS = 64
"""Products of atoms that a product of forms is multiplied out to."""
_RECOMPUTED = 64
"""Terms up to which a range is computed anew where terms of two forms meet."""


class Form:
    """A sum of terms and a constant, with bounds on what it can be.

    Attributes
    ----------
    terms : dict of atom to coefficient
        Never empty, no coefficient is 0.
    constant : int
    low, high : int
        Bounds; where cases are told apart, those of the case.
    mark : int
        Bits that say which kinds of atoms may be there.
    """

    __slots__ = ("constant", "high", "low", "mark", "terms")

    def __init__(self, terms: Terms, constant: int, low: int, high: int, mark: int) -> None:
        self.terms, self.constant, self.low, self.high, self.mark = terms, constant, low, high, mark

    def __add__(self, other: Value) -> Value:
        return add(self, other)

    __radd__ = __add__

    def __neg__(self) -> Value:
        return negate(self)

    def __sub__(self, other: Value) -> Value:
        return add(self, negate(other))

    def __rsub__(self, other: Value) -> Value:
        return add(other, negate(self))

    def __mul__(self, other: Value) -> Value:
        return multiply(self, other)

    __rmul__ = __mul__

    def __lshift__(self, bits: int) -> Value:
        return scale(self, 1 << bits)


Value = int | Form


def symbol(kind: str, name: Any, low: int, high: int, *, tabulated: bool = False) -> Value:
    """Return a symbol: an unknown integer within a range; functions of it may be tabulated.

    Raises
    ------
    ValueError
        If there is one of this name, and another range: what was shown with that does not hold.
    """
    number = atom(kind, name, low, high)
    if (atoms.low[number], atoms.high[number]) != (low, high):
        raise ValueError(
            f"a symbol must have one range: {kind} {name} has {atoms.low[number]} to "
            f"{atoms.high[number]}, not {low} to {high}"
        )
    if low == high:
        return low
    if tabulated:
        tabulate(number)
    return Form({number: 1}, 0, low, high, 0)


def single(number: int) -> Form:
    """Return an atom as a form."""
    return Form({number: 1}, 0, atoms.low[number], atoms.high[number], atoms.mark[number])


def form(terms: Terms, constant: int) -> Value:
    """Return a form with the bounds that follow from its atoms."""
    if not terms:
        return constant
    low, high = interval(terms, constant)
    mark, marks = 0, atoms.mark
    for number in terms:
        mark |= marks[number]
    return Form(terms, constant, low, high, mark)


def exact(value: Value) -> Value:
    """Return the same value with the bounds that hold in every case."""
    return value if isinstance(value, int) else form(value.terms, value.constant)


def range_of(value: Value) -> tuple[int, int]:
    """Return bounds of a value."""
    return (value, value) if isinstance(value, int) else (value.low, value.high)


def is_symbol(value: Value) -> bool:
    """Tell whether a value is a symbol, or one and a constant."""
    if isinstance(value, int) or len(value.terms) != 1:
        return False
    ((number, factor),) = value.terms.items()
    return factor == 1 and atoms.kind[number].kind in ("input", "name", "unknown")


def is_sign(value: Value) -> bool:
    """Tell whether a value is a floor of two values, turned or not."""
    if isinstance(value, int) or len(value.terms) != 1:
        return False
    ((number, factor),) = value.terms.items()
    two = atoms.high[number] - atoms.low[number] == 1
    return abs(factor) == 1 and atoms.kind[number].kind == "floor" and two


def freeze(value: Form) -> Frozen:
    """Return terms and constant as a key."""
    return tuple(sorted(value.terms.items())), value.constant


def thaw(frozen: Frozen) -> Value:
    """Return the form of a key."""
    return form(dict(frozen[0]), frozen[1])


def add(a: Value, b: Value) -> Value:
    """Return the sum of two values."""
    if isinstance(a, int):
        if isinstance(b, int):
            return a + b
        return add(b, a)
    if isinstance(b, int):
        return a if not b else Form(a.terms, a.constant + b, a.low + b, a.high + b, a.mark)
    if len(a.terms) < len(b.terms):
        a, b = b, a
    terms, met = a.terms.copy(), False
    for number, factor in b.terms.items():
        other = terms.get(number)
        if other is None:
            terms[number] = factor
        else:
            met = True
            if other + factor:
                terms[number] = other + factor
            else:
                del terms[number]
    constant, low, high = a.constant + b.constant, a.low + b.low, a.high + b.high
    if met:
        if not terms:
            return constant
        if len(terms) <= _RECOMPUTED:
            least, most = interval(terms, constant)
            low, high = max(low, least), min(high, most)
    return Form(terms, constant, low, high, a.mark | b.mark)


def weighted_sum(pairs: Iterable[tuple[int, Value]], constant: int = 0) -> Value:
    """Return a constant plus a sum of coefficients times values.

    Its bounds are those of the values, or of their atoms, where these are closer.
    """
    terms: Terms = {}
    get = terms.get
    least = most = 0
    for factor, value in pairs:
        if isinstance(value, int):
            constant += factor * value
            continue
        constant += factor * value.constant
        low, high = factor * (value.low - value.constant), factor * (value.high - value.constant)
        least, most = (least + low, most + high) if factor > 0 else (least + high, most + low)
        for number, inner in value.terms.items():
            terms[number] = get(number, 0) + factor * inner
    result = form({number: factor for number, factor in terms.items() if factor}, constant)
    if isinstance(result, Form):
        result.low = max(result.low, least + constant)
        result.high = min(result.high, most + constant)
    return result


def scale(a: Value, factor: int) -> Value:
    """Return a value times an integer."""
    if isinstance(a, int):
        return a * factor
    if factor == 1:
        return a
    if factor == 0:
        return 0
    low, high = a.low * factor, a.high * factor
    if factor < 0:
        low, high = high, low
    terms = {number: inner * factor for number, inner in a.terms.items()}
    return Form(terms, a.constant * factor, low, high, a.mark)


def negate(a: Value) -> Value:
    """Return minus a value."""
    return -a if isinstance(a, int) else scale(a, -1)


def multiply(a: Value, b: Value) -> Value:
    """Return the product of two values, multiplied out.

    Raises
    ------
    OverflowError
        If that would be too many products of atoms.
    """
    if isinstance(a, int):
        return scale(b, a)
    if isinstance(b, int):
        return scale(a, b)
    if len(a.terms) * len(b.terms) > _PRODUCTS:
        raise OverflowError
    pairs: list[tuple[int, Value]] = [
        (i * j, product([m, n])) for m, i in a.terms.items() for n, j in b.terms.items()
    ]
    pairs += [(a.constant, add(b, -b.constant)), (b.constant, a)]
    return weighted_sum(pairs)


def product(factors: list[int]) -> Value:
    """Return the product of atoms.

    Above a threshold a gate is what it holds, so gates are taken out of products; a product of two
    gates of one direction has the higher threshold.
    """
    flat: list[int] = []
    gates: dict[int, int] = {}
    while factors:
        number = factors.pop()
        kind, parts = atoms.kind[number]
        if kind == "gate":
            direction, threshold, inner = parts
            gates[direction] = max(threshold, gates.get(direction, threshold))
            factors += [] if inner is None else [inner]
        elif kind == "product":
            factors += parts
        else:
            flat.append(number)
    inner = None if not flat else flat[0] if len(flat) == 1 else monomial(sorted(flat))
    for direction in sorted(gates, reverse=True):
        inner = gate(direction, gates[direction], inner)
    return 1 if inner is None else single(inner)
