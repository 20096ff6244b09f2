# SPDX-License-Identifier: Apache-2.0
"""Results of the specification have names: a value that is the definition of one is its symbol.

A result is looked for by its terms, as a number and as a word of its width. A sum has a symbol only
where something else than a sum is made of it.
"""

from __future__ import annotations

from collections.abc import Iterable

from lmu_hw.prove.algebra.atoms import atoms, tabulate
from lmu_hw.prove.algebra.forms import Form, Value, add, form, is_symbol, negate, single, symbol

__all__ = [
    "Definitions",
    "also",
    "bounds_of",
    "define_only",
    "definition_of",
    "definitions",
    "drop",
    "fold",
    "forget_names",
    "is_total",
    "link",
    "name",
    "name_total",
    "total",
    "with_closer_bounds",
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
_closer = False
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
    with_closer_bounds(False)


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
    # What is congruent to another result and a constant: the word of that is still that.
    if not isinstance(short, int) and short is not value and not is_symbol(short):
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
        return _result(number)
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


def with_closer_bounds(closer: bool) -> None:
    """Let symbols of results have the bounds of what they stand for, until names are forgotten."""
    global _closer
    _closer = closer


def bounds_of(number: int) -> tuple[int, int]:
    """Return the bounds of a symbol, or of what it stands for, where these are closer."""
    low, high, meaning = atoms.low[number], atoms.high[number], _definitions.get(number)
    return (low, high) if meaning is None else (max(low, meaning.low), min(high, meaning.high))


def _result(number: int) -> Form:
    """Return the symbol of a result; its own bounds are those of its format: steps are alike."""
    result = single(number)
    if _closer:
        result.low, result.high = bounds_of(number)
    return result


def _symbol(meanings: dict[frozenset[tuple[int, int]], tuple[int, int]], value: Value) -> Value:
    if isinstance(value, int) or len(value.terms) not in _sizes:
        return value
    entry = meanings.get(frozenset(value.terms.items()))
    if entry is None:
        return value
    return add(_result(entry[0]), value.constant - entry[1])


def drop(value: Form, width: int) -> Value:
    """Return the word of `width` bits with the smallest coefficients, its range near 0.

    If that is congruent to a result of that width, it is its symbol.
    """
    short = _dropped(value, width)
    if not _words or isinstance(short, int) or len(short.terms) not in _sizes:
        return short
    entry = _words.get((frozenset(short.terms.items()), width))
    return short if entry is None else add(_result(entry[0]), short.constant - entry[1])


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
