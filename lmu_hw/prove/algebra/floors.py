# SPDX-License-Identifier: Apache-2.0
"""What drops bits: floors of forms, and forms modulo a power of two.

A floor has one form only. Floors of floors are one floor, multiples of the divisor leave it,
factors of two that all terms share are cancelled, and what is left has the residues that are
smallest in magnitude. A word of w bits is any form with the right residue modulo 2**w.
"""

from __future__ import annotations

from math import gcd

from lmu_hw.prove.algebra.atoms import Terms, atom, atoms, interval
from lmu_hw.prove.algebra.forms import (
    Form,
    Value,
    add,
    form,
    is_symbol,
    negate,
    scale,
    single,
    thaw,
)
from lmu_hw.prove.algebra.names import drop, fold, total

__all__ = ["as_floor", "floor", "floor_of", "signed", "unsigned", "within"]


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
    return within(fold(_floor(value.terms, value.constant, bits, low, high)), low, high)


def _bounded_total(value: Form) -> Form:
    """Return the symbol of a sum that has one, with the bounds of the sum, if they are closer."""
    symbol = total(value)
    if symbol is value or isinstance(symbol, int):
        return value
    low, high = max(symbol.low, value.low), min(symbol.high, value.high)
    return Form(symbol.terms, symbol.constant, low, high, symbol.mark)


def _floor(terms: Terms, constant: int, bits: int, least: int, most: int) -> Value:
    """Return a floor that is known to lie within two ends."""
    while True:
        # Before multiples of the divisor leave: what they leave of 15 F in 16 is -F, by chance.
        merged = _merged(terms, constant, bits)
        if merged is None:
            inside = _residues(terms, bits)
            shared = min(((rest & -rest).bit_length() - 1 for rest in inside.values()), default=0)
            if not shared:
                break
            terms = {number: factor >> shared for number, factor in terms.items()}
            merged = terms, constant >> shared, bits - shared
        terms, constant, bits = merged
    outside = {n: factor - inside.get(n, 0) >> bits for n, factor in terms.items()}
    whole = form({n: factor for n, factor in outside.items() if factor}, constant >> bits)
    constant &= (1 << bits) - 1
    if not inside:
        return whole
    low, high = (end >> bits for end in interval(inside, constant))
    if isinstance(whole, int):
        low, high = max(low, least - whole), min(high, most - whole)
    if low == high:
        return add(whole, low)
    if high == low + 1:
        return add(whole, _sign(inside, constant, high << bits, high))
    # Within a sum, too, a result is its symbol.
    return add(whole, fold(single(_atom(inside, constant, bits))))


def _residues(terms: Terms, bits: int) -> Terms:
    """Return what multiples of ``2**bits`` leave, as small as it can be."""
    half = 1 << bits >> 1
    rests = {n: (factor + half - 1 & (1 << bits) - 1) - half + 1 for n, factor in terms.items()}
    return {number: rest for number, rest in rests.items() if rest}


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
    bits = max((-low - 1).bit_length(), high.bit_length())
    # A sum that is -1 or 0 is its own sign.
    sign = single(_atom(terms, constant, bits)) if bits else form(terms, constant)
    return add(scale(sign, -1), above - 1) if turned else add(sign, above)


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
    number = max(inner)  # the latest one: those before it may be parts of others, too
    rest = form({n: factor for n, factor in terms.items() if n != number}, constant)
    frozen, shift = kind[number].parts
    argument = thaw(frozen)
    if terms[number] == -1:  # -floor(R / 2**s) is floor((2**s - 1 - R) / 2**s)
        argument = add(negate(argument), (1 << shift) - 1)
    both = add(scale(rest, 1 << shift), argument)
    if isinstance(both, int):
        return {}, both, bits + shift
    return both.terms, both.constant, bits + shift


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
