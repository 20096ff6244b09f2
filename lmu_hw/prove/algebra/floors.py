# SPDX-License-Identifier: Apache-2.0
"""What drops bits: floors of forms, and forms modulo a power of two.

A floor has one form only. Floors of floors are one floor, multiples of the divisor leave it,
factors of two that all terms share are cancelled, and what is left has the residues that are
smallest in magnitude. A word of w bits is any form with the right residue modulo 2**w.

Results of the specification have names: a value that is the definition of one becomes its symbol.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import gcd

from lmu_hw.prove.algebra.forms import (
    Form,
    Terms,
    Value,
    add,
    atom,
    atoms,
    form,
    interval,
    is_symbol,
    negate,
    scale,
    single,
    symbol,
    tabulate,
    thaw,
)

__all__ = [
    "Definitions",
    "also",
    "as_floor",
    "define_only",
    "definition_of",
    "definitions",
    "drop",
    "floor",
    "floor_of",
    "fold",
    "forget_names",
    "is_total",
    "link",
    "name",
    "name_total",
    "signed",
    "total",
    "unsigned",
    "within",
]

_sizes: set[int] = set()
"""Terms of definitions."""
_names: dict[frozenset[tuple[int, int]], tuple[int, int]] = {}
"""Terms of a definition, to its symbol and constant."""
Definitions = dict[int, Form]
"""What named symbols stand for."""

_words: dict[tuple[frozenset[tuple[int, int]], int], tuple[int, int]] = {}
"""Terms of a definition modulo 2**width, and the width of its symbol, to symbol and constant."""
_totals: dict[frozenset[tuple[int, int]], tuple[int, int]] = {}
"""The same of sums that are symbols only where something else than a sum is made of them."""
_summed: set[int] = set()
"""Symbols of sums, also of those whose definitions are not known any more."""
_linked: dict[int, tuple[int, int]] = {}
"""Symbols that are functions of another one while they have a definition: that, and else."""
_definitions: Definitions = {}
_versions: dict[object, int] = {}
"""How often a name was given: two definitions are never one symbol."""


def forget_names() -> None:
    """Forget every named result."""
    _sizes.clear()
    _names.clear()
    _words.clear()
    _totals.clear()
    _summed.clear()
    _linked.clear()
    _definitions.clear()
    _versions.clear()


def definitions(numbers: Iterable[int]) -> Definitions:
    """Return what some of the symbols stand for, those that stand for something."""
    return {number: _definitions[number] for number in numbers if number in _definitions}


def define_only(meanings: Definitions) -> None:
    """Let these symbols stand for what they do, and all others be free."""
    _sizes.clear()
    _names.clear()
    _words.clear()
    _totals.clear()
    _definitions.clear()
    for number, value in meanings.items():
        _define(_totals if number in _summed else _names, number, value)
        _definitions[number] = value
        if number not in _summed:
            _define_word(number, value)
    for number, (leaf, free) in _linked.items():
        atoms.leaf[number] = leaf if number in _definitions else free


def _define(
    meanings: dict[frozenset[tuple[int, int]], tuple[int, int]], number: int, value: Form
) -> None:
    meanings[frozenset(value.terms.items())] = number, value.constant
    _sizes.add(len(value.terms))


def _define_word(number: int, value: Form) -> None:
    """Note what a symbol that fills its format is congruent to, as what wraps is."""
    values = atoms.high[number] - atoms.low[number] + 1
    width = values.bit_length() - 1
    if values != 1 << width or not width:
        return
    short = _dropped(value, width)
    if not isinstance(short, int) and short is not value:
        _words[frozenset(short.terms.items()), width] = number, short.constant
        _sizes.add(len(short.terms))


def name(what: object, value: Value, low: int, high: int, *, tabulated: bool = False) -> Value:
    """Return a symbol for a result of the specification, which is known to be in a range.

    The same symbol, where the result is one already; then its range must lie within.
    """
    if isinstance(value, int):
        return value
    if is_symbol(value) and not value.constant:
        (number,) = value.terms
        if low <= atoms.low[number] and atoms.high[number] <= high:
            if tabulated:
                tabulate(number)
            return value
    key = frozenset(value.terms.items())
    if key in _names:
        return fold(value)
    result = symbol("name", _version(what), low, high, tabulated=tabulated)
    if isinstance(result, Form):
        (number,) = result.terms
        _define(_names, number, value)
        _define_word(number, value)
        _definitions[number] = value
    return result


def _version(what: object) -> tuple[object, int]:
    version = _versions[what] = _versions.get(what, -1) + 1
    return what, version


def name_total(what: object, value: Value, *, tabulated: bool = False) -> Value:
    """Return a symbol for a sum, of which floors, cases and functions are made.

    Sums of it and others are still made of its terms: it may be a part of another total.
    """
    if isinstance(value, int):
        return value
    opposite = negate(value)
    if (known := total(opposite)) is not opposite:
        return negate(known)  # a sum and its opposite are of one symbol
    if total(value) is value:
        result = symbol("name", _version(what), value.low, value.high, tabulated=tabulated)
        if isinstance(result, int):
            return result
        (number,) = result.terms
        _define(_totals, number, value)
        _definitions[number] = value
        _summed.add(number)
    return total(value)


def total(value: Value) -> Value:
    """Return the symbol of a sum that has one, whatever the constant beside it."""
    return _symbol(_totals, value)


def is_total(number: int) -> bool:
    """Tell whether a symbol stands for a sum."""
    return number in _summed and number in _definitions


def link(number: int, leaf: int) -> None:
    """Let a symbol be a function of another one, while its definition is known."""
    _linked[number] = leaf, atoms.leaf[number]
    atoms.leaf[number] = leaf


def also(number: int, value: Value) -> None:
    """Let a value in other words stand for a named symbol, too."""
    if not isinstance(value, int) and number not in value.terms:
        _names.setdefault(frozenset(value.terms.items()), (number, value.constant))
        _sizes.add(len(value.terms))


def definition_of(number: int) -> Form | None:
    """Return what a named symbol stands for; None for a symbol that is free."""
    return _definitions.get(number)


def fold(value: Value) -> Value:
    """Return the symbol of a result instead of its definition, whatever the constant beside it."""
    return _symbol(_names, value)


def _symbol(meanings: dict[frozenset[tuple[int, int]], tuple[int, int]], value: Value) -> Value:
    if isinstance(value, int) or len(value.terms) not in _sizes:
        return value
    entry = meanings.get(frozenset(value.terms.items()))
    if entry is None:
        return value
    return add(single(entry[0]), value.constant - entry[1])


def within(value: Value, low: int, high: int) -> Value:
    """Return a value that is known to lie in a range; a symbol has its own."""
    if isinstance(value, int) or is_symbol(value):
        return value
    low, high = max(low, value.low), min(high, value.high)
    return Form(value.terms, value.constant, low, high, value.mark)


def floor(value: Value, bits: int) -> Value:
    """Return ``floor(value / 2**bits)`` of a form without gates."""
    if isinstance(value, int):
        return value >> bits
    if bits == 0:
        return value
    value = _bounded_total(value)
    low, high = value.low >> bits, value.high >> bits
    if low == high:
        return low
    return within(fold(_floor(value.terms, value.constant, bits)), low, high)


def _bounded_total(value: Form) -> Form:
    """Return the symbol of a sum that has one, with the bounds of the sum, if they are closer."""
    symbol = total(value)
    if symbol is value or isinstance(symbol, int):
        return value
    low, high = max(symbol.low, value.low), min(symbol.high, value.high)
    return Form(symbol.terms, symbol.constant, low, high, symbol.mark)


def _floor(terms: Terms, constant: int, bits: int) -> Value:
    whole: Value = 0
    while True:
        span = 1 << bits
        half = span >> 1
        outside, inside = {}, {}
        for number, factor in terms.items():
            rest = ((factor + half - 1) & (span - 1)) - half + 1
            if rest:
                inside[number] = rest
            if factor != rest:
                outside[number] = (factor - rest) >> bits
        if outside:
            whole = add(whole, form(outside, 0))
        whole, constant = add(whole, constant >> bits), constant & (span - 1)
        merged = _merged(inside, constant, bits)
        if merged is not None:
            terms, constant, bits = merged
            continue
        if not inside:
            return whole
        shared = min((factor & -factor).bit_length() - 1 for factor in inside.values())
        if shared:
            terms = {number: factor >> shared for number, factor in inside.items()}
            constant, bits = constant >> shared, bits - shared
            continue
        low, high = interval(inside, constant)
        if low >> bits == high >> bits:
            return add(whole, low >> bits)
        if high >> bits == (low >> bits) + 1:
            return add(whole, _sign(inside, constant, high >> bits << bits, high >> bits))
        # Within a sum, too, a result is its symbol.
        return add(whole, fold(single(_atom(inside, constant, bits))))


def _sign(terms: Terms, constant: int, threshold: int, above: int) -> Value:
    """Return a floor of two values, `above` from a threshold on: the sign of a sum without factor.

    So it is the same atom whatever it was divided by.
    """
    shared = gcd(*terms.values())
    terms = {number: factor // shared for number, factor in terms.items()}
    constant = (constant - threshold) // shared
    turned = terms[min(terms)] < 0  # [-A + c >= 0] is 1 - [A - c - 1 >= 0]
    if turned:
        terms = {number: -factor for number, factor in terms.items()}
        constant = -constant - 1
    low, high = interval(terms, constant)
    number = _atom(terms, constant, max((-low - 1).bit_length(), high.bit_length()))
    return add(scale(single(number), -1), above - 1) if turned else add(single(number), above)


def _atom(terms: Terms, constant: int, bits: int) -> int:
    low, high = interval(terms, constant)
    leaves = {atoms.leaf[number] for number in terms}
    leaf = leaves.pop() if len(leaves) == 1 else -1
    mark = 0
    for number in terms:
        mark |= atoms.mark[number]
    key = tuple(sorted(terms.items())), constant
    return atom("floor", (key, bits), low >> bits, high >> bits, leaf, mark)


def _merged(terms: Terms, constant: int, bits: int) -> tuple[Terms, int, int] | None:
    """Return the one floor that ``floor((A + floor(R / 2**s)) / 2**bits)`` is; None: none is."""
    kind = atoms.kind
    inner = [n for n, factor in terms.items() if factor in (1, -1) and kind[n].kind == "floor"]
    if not inner:
        return None
    number = min(inner)
    rest = form({n: factor for n, factor in terms.items() if n != number}, constant)
    frozen, shift = kind[number].parts
    argument = thaw(frozen)
    if terms[number] == -1:  # -floor(R / 2**s) is floor((2**s - 1 - R) / 2**s)
        argument = add(negate(argument), (1 << shift) - 1)
    total = add(scale(rest, 1 << shift), argument)
    if isinstance(total, int):
        return {}, total, bits + shift
    return total.terms, total.constant, bits + shift


def as_floor(value: Form) -> tuple[Value, int]:
    """Return E and s such that a form without gates is ``floor(E / 2**s)``, s as large as it is."""
    terms, constant, bits = value.terms, value.constant, 0
    while (merged := _merged(terms, constant, 0)) is not None:
        terms, constant, shift = merged
        bits += shift
    return (value if not bits else form(terms, constant)), bits


def floor_of(number: int) -> tuple[Value, int]:
    """Return what a floor is taken of, and by how many bits it is divided."""
    frozen, bits = atoms.kind[number].parts
    return thaw(frozen), bits


def drop(value: Form, width: int) -> Value:
    """Return the word of `width` bits with the smallest coefficients, its range near 0.

    If that is congruent to a result of that width, it is its symbol.
    """
    short = _dropped(value, width)
    if not _words or isinstance(short, int) or len(short.terms) not in _sizes:
        return short
    entry = _words.get((frozenset(short.terms.items()), width))
    return short if entry is None else add(single(entry[0]), short.constant - entry[1])


def _dropped(value: Form, width: int) -> Value:
    half, span = 1 << width - 1, 1 << width
    if -half <= min(value.terms.values()) and max(value.terms.values()) < half:
        return value
    terms = {}
    for number, factor in value.terms.items():
        rest = ((factor + half) & (span - 1)) - half
        if rest:
            terms[number] = rest
    if not terms:
        return value.constant & (span - 1)
    return form(terms, value.constant)


def signed(value: Value, width: int) -> Value:
    """Return the word of `width` bits, of a form without gates, in two's complement."""
    if isinstance(value, int):
        value &= (1 << width) - 1
        return value - (1 << width) if value >> width - 1 else value
    return _reduced(value, width, -(1 << width - 1))


def unsigned(value: Value, width: int) -> Value:
    """Return the word of `width` bits, of a form without gates, as a number from 0 on."""
    if isinstance(value, int):
        return value & (1 << width) - 1
    return _reduced(value, width, 0)


def _reduced(value: Form, width: int, least: int) -> Value:
    """Return the number from `least` on that is congruent to a word of `width` bits."""
    span = 1 << width
    if value.low >= least and value.high < least + span:
        return value
    short = drop(value, width)
    short = fold(short if isinstance(short, int) else _centred(short, width, least))
    if isinstance(short, int):
        return ((short - least) & (span - 1)) + least
    if short.low >= least and short.high < least + span:
        return short
    above = floor(add(short, -least), width)
    return within(fold(add(short, scale(above, -span))), least, least + span - 1)


def _centred(value: Form, width: int, least: int) -> Value:
    """Return a form that is congruent, with the middle of its range where numbers are."""
    turns = (value.low + value.high + 1) // 2 - least >> width
    return add(value, -turns << width)
