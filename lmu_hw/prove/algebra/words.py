# SPDX-License-Identifier: Apache-2.0
"""Words of bits: a known number, a form with the right residue, or several side by side."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from lmu_hw.prove.algebra.atoms import Unknown, atoms
from lmu_hw.prove.algebra.cases import (
    floor_by_cases,
    resolved,
    signed_by_cases,
    unsigned_by_cases,
)
from lmu_hw.prove.algebra.forms import Form, Value, add, is_symbol, scale, symbol
from lmu_hw.prove.algebra.functions import as_function
from lmu_hw.prove.algebra.names import drop, fold

__all__ = [
    "Pieces",
    "Word",
    "as_signed",
    "as_unsigned",
    "join",
    "merge",
    "normal",
    "number",
    "part",
    "unknown",
    "value_of",
]

_numbers = count()


class Pieces:
    """Words side by side, kept apart until something is calculated with them.

    Attributes
    ----------
    pieces : list of (word, bits)
        The lowest first.
    """

    __slots__ = ("pieces",)

    def __init__(self, pieces: list[tuple[Value, int]]) -> None:
        self.pieces = pieces


Word = int | Form | Pieces


def unknown(width: int, what: str) -> Value:
    """Return a word of which nothing is known."""
    return symbol("unknown", (what, next(_numbers)), 0, (1 << width) - 1)


def normal(value: Value, width: int) -> Value:
    """Return a word; a known one as a number from 0 on."""
    return value & (1 << width) - 1 if isinstance(value, int) else value


def number(word: Word) -> Value:
    """Return a word as one value."""
    if not isinstance(word, Pieces):
        return word
    total: Value = 0
    place, last = 0, len(word.pieces) - 1
    for index, (piece, bits) in enumerate(word.pieces):
        value = piece if index == last else as_unsigned(piece, bits)  # above it there is nothing
        total = add(total, scale(value, 1 << place))
        place += bits
    return normal(resolved(fold(total), place), place)


def value_of(word: Word) -> Value | None:
    """Return a word as one value; None: there are too many cases."""
    try:
        return number(word)
    except (Unknown, OverflowError):
        return None


def as_signed(word: Word, width: int) -> Value:
    """Return a word in two's complement."""
    return signed_by_cases(number(word), width)


def as_unsigned(word: Word, width: int) -> Value:
    """Return a word as a number from 0 on."""
    return unsigned_by_cases(number(word), width)


def part(word: Word, width: int, low: int, bits: int) -> Word:
    """Return bits ``low ... low + bits - 1`` of a word of `width` bits."""
    if low == 0 and bits == width:
        return word
    if isinstance(word, int):
        return word >> low & (1 << bits) - 1
    if isinstance(word, Pieces):
        chosen: list[tuple[Word, int]] = []
        place = 0
        for piece, size in word.pieces:
            begin, end = max(low, place), min(low + bits, place + size)
            if begin < end:
                chosen.append((part(piece, size, begin - place, end - begin), end - begin))
            place += size
        return join(chosen)
    value = floor_by_cases(word, low) if low else word
    if not isinstance(value, int):
        value = fold(as_function(drop(value, bits)))
    return normal(value, bits)


def join(words: Sequence[tuple[Word, int]]) -> Word:
    """Return words side by side, the lowest first."""
    if len(words) == 1:
        return words[0][0]
    flat: list[tuple[Value, int]] = []
    for word, bits in words:
        for piece, size in word.pieces if isinstance(word, Pieces) else [(word, bits)]:
            below, place = flat[-1] if flat else (None, 0)
            if isinstance(piece, int) and isinstance(below, int):
                flat[-1] = below | piece << place, place + size
            else:
                flat.append((piece, size))
    if len(flat) == 1:
        return flat[0][0]
    result = Pieces(flat)
    values = [piece for piece, _ in flat if not isinstance(piece, int)]
    if len(values) == 1 and not _is_unknown(values[0]):
        return number(result)
    return _one_result(result) if len(flat) == 2 else result


def _is_unknown(value: Form) -> bool:
    """Tell whether nothing is known of bits: in one form with what is, that would be lost."""
    if len(value.terms) != 1:
        return False
    (atom,) = value.terms
    kind, parts = atoms.kind[atom]
    if kind == "floor":
        (terms, _), _ = parts
        kind = atoms.kind[terms[0][0]].kind if len(terms) == 1 else kind
    return kind == "unknown"


def _one_result(word: Pieces) -> Word:
    """Return a word of two pieces as the named result that it is, if it is one.

    A limited sum is low bits by cases and a sign beside them; of a running sum the lowest bit is
    kept, and the others are added to.
    """
    value = value_of(word)
    return value if value is not None and is_symbol(value) else word


def merge(old: Word, new: Word, enable: int, width: int) -> Word:
    """Return a word whose bits are the new ones where `enable` says so."""
    full = (1 << width) - 1
    if enable & full == full:
        return new
    pieces: list[tuple[Word, int]] = []
    low = 0
    while low < width:
        taken = enable >> low & 1
        high = low
        while high < width and enable >> high & 1 == taken:
            high += 1
        pieces.append((part(new if taken else old, width, low, high - low), high - low))
        low = high
    return join(pieces)
