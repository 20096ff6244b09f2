# SPDX-License-Identifier: Apache-2.0
"""States that stand for others: which of the others one is, by what its symbols stand for."""

from __future__ import annotations

from collections.abc import Iterable, Set

from lmu_hw.prove.algebra.atoms import Kind, Terms, Unknown, atoms
from lmu_hw.prove.algebra.directions import direction_terms, number_of_direction
from lmu_hw.prove.algebra.forms import Form, Value, exact
from lmu_hw.prove.algebra.names import Definitions
from lmu_hw.prove.algebra.undecided import Undecided
from lmu_hw.prove.algebra.words import Pieces, Word, as_unsigned, join, unknown
from lmu_hw.prove.algebra.words import number as number_of
from lmu_hw.prove.hardware.machine import State

__all__ = ["Correspondence", "general", "is_free", "made_of", "symbols_of"]


def symbols_of(values: Iterable[Value]) -> set[int]:
    """Return the symbols that values are made of."""
    symbols: set[int] = set()
    seen: set[int] = set()
    pending = [number for value in values if isinstance(value, Form) for number in value.terms]
    while pending:
        number = pending.pop()
        if number not in seen:
            seen.add(number)
            inner = _inner(number)
            pending += inner or ()
            if inner is None:
                symbols.add(number)
    return symbols


def general(state: State, kept: Iterable[int], template: State) -> State:
    """Return a state in which whatever is not of some symbols alone may be anything.

    Parameters
    ----------
    state : State
    kept : iterable of int
        Symbols.
    template : State
        Unknown words.
    """
    of = _Made(kept)
    return State(
        registers=[
            of.word(word, other)
            for word, other in zip(state.registers, template.registers, strict=True)
        ],
        memories={
            name: [of.word(word, other) for word, other in zip(rows, others, strict=True)]
            for name, others in template.memories.items()
            for rows in (state.memories[name],)
        },
    )


def made_of(kept: Set[int], meanings: Definitions) -> Definitions:
    """Return what symbols mean, of some of them, as far as it is said by these alone."""
    of = _Made(kept)
    return {n: value for n, value in meanings.items() if n in kept and of.value(value)}


class _Made:
    """Keeps what is made of some symbols only, with the bounds that they have by themselves."""

    def __init__(self, kept: Iterable[int]) -> None:
        self._kept, self._known = set(kept), dict[int, bool]()

    def word(self, word: Word, other: Word) -> Word:
        if isinstance(word, Undecided):
            return word
        if isinstance(word, Pieces):
            return join(self._pieces(word.pieces))
        if self.value(word) or isinstance(other, int | Pieces):
            return exact(word) if self.value(word) else other
        return join(self._pieces([(word, other.high.bit_length())]))

    def _pieces(self, pieces: list[tuple[Value, int]]) -> list[tuple[Word, int]]:
        """Return pieces of a word, as results where they are some.

        Two pieces may be one result, as what a table answers and its sign; a word of a few bits may
        be one that was written as a longer sum, as what feedback keeps.
        """
        made: list[tuple[Value | None, int]] = []
        place = 0
        while place < len(pieces):
            piece, bits = pieces[place]
            place += 1
            if not self.value(piece):
                for size in (1, 2):
                    several = pieces[place - 1 : place - 1 + size]
                    whole = _as_one(several)
                    if whole is not None and self.value(whole):
                        piece, bits = whole, sum(width for _, width in several)
                        place += len(several) - 1
                        break
            if self.value(piece):
                made.append((exact(piece), bits))
            elif made and made[-1][0] is None:
                made[-1] = None, made[-1][1] + bits
            else:
                made.append((None, bits))
        return [(unknown(bits, "old") if word is None else word, bits) for word, bits in made]

    def value(self, value: Value) -> bool:
        return not isinstance(value, Form) or all(self._atom(number) for number in value.terms)

    def _atom(self, number: int) -> bool:
        known = self._known.get(number)
        if known is None:
            inner = _inner(number)
            known = number in self._kept if inner is None else all(map(self._atom, inner))
            self._known[number] = known
        return known


def _as_one(pieces: list[tuple[Value, int]]) -> Value | None:
    try:
        if len(pieces) == 1:
            return as_unsigned(*pieces[0])
        return number_of(Pieces(pieces))
    except (Unknown, OverflowError):
        return None


def _inner(number: int) -> list[int] | None:
    """Return the atoms that an atom is made of; None: it is a symbol."""
    kind, parts = atoms.kind[number]
    match kind:
        case "floor":
            (terms, _), _ = parts
            return [inner for inner, _ in terms]
        case "product":
            return list(parts)
        case "gate":
            direction, _, held = parts
            return [*direction_terms(direction), *(() if held is None else (held,))]
        case "function":
            return [parts[0]]
        case _:
            return None


class Correspondence:
    """What the symbols of a general state stand for in another one.

    Unknown words of the general state stand for anything: each must be in one place only.
    """

    def __init__(self) -> None:
        self._atoms: dict[int, int] = {}

    def pair(self, general: Value, other: Value) -> bool:
        """Let a symbol stand for another of the same range; say whether both can be the same."""
        if isinstance(general, int) or isinstance(other, int):
            return type(general) is type(other) and general == other
        terms, others = list(general.terms.items()), list(other.terms.items())
        if len(terms) != 1 or len(others) != 1 or general.constant != other.constant:
            return self.same(general, other)
        ((number, factor),), ((stands, times),) = terms, others
        if factor != times or _inner(number) is not None or _inner(stands) is not None:
            return self.same(general, other)
        if atoms.low[stands] < atoms.low[number] or atoms.high[stands] > atoms.high[number]:
            return False
        return self._atoms.setdefault(number, stands) == stands

    def pairs(self, general: Iterable[Value], other: Iterable[Value]) -> bool:
        """`pair` for as many values on both sides."""
        return all(self.pair(a, b) for a, b in zip(general, other, strict=True))

    def of(self, number: int) -> int:
        """Return what an atom stands for; -1: nothing."""
        return self._atoms.get(number, -1)

    def state(self, general: State, other: State) -> bool:
        """Say whether the other state is what a general one stands for."""
        pairs = list(zip(general.registers, other.registers, strict=True))
        if any(type(g) is int and (type(o) is not int or g != o) for g, o in pairs):
            return False  # nearly always seen at once
        return all(self._word(g, o) for g, o in pairs) and all(
            self._word(g, o)
            for name, rows in general.memories.items()
            for g, o in zip(rows, other.memories[name], strict=True)
        )

    def _word(self, general: Word | Undecided, other: Word | Undecided) -> bool:
        if is_free(general):
            return True
        if isinstance(general, Undecided) or isinstance(other, Undecided):
            return general is other
        if isinstance(general, Pieces):
            return self._pieces(general, other)
        if isinstance(general, int | Form) and isinstance(other, int | Form):
            return self.same(general, other)
        return False

    def _pieces(self, general: Pieces, other: Word) -> bool:
        """Say whether pieces are the same; where one is unknown, it does not matter what is."""
        places, place = dict[int, tuple[Value, int]](), 0
        for piece, bits in other.pieces if isinstance(other, Pieces) else ():
            places[place] = piece, bits
            place += bits
        place = 0
        for piece, bits in general.pieces:
            if not is_free(piece):
                against, size = places.get(place, (0, 0))
                if size != bits or not self.same(piece, against):
                    return False
            place += bits
        return True

    def same(self, general: Value, other: Value) -> bool:
        """Say whether a value is what a general one stands for."""
        if isinstance(general, int) or isinstance(other, int):
            return type(general) is type(other) and general == other
        if general.constant != other.constant or len(general.terms) != len(other.terms):
            return False
        return self._terms(general.terms) == other.terms

    def _terms(self, terms: Terms) -> Terms | None:
        made: Terms = {}
        for number, factor in terms.items():
            stands = self._atom(number)
            if stands is None or stands in made:  # two symbols may stand for one: not followed
                return None
            made[stands] = factor
        return made

    def _atom(self, number: int) -> int | None:
        """Return the atom that one stands for; None: there is none."""
        if number not in self._atoms:
            stands = self._made(number)
            if stands is None:
                return None
            self._atoms[number] = stands
        return self._atoms[number]

    def _made(self, number: int) -> int | None:
        kind, parts = atoms.kind[number]
        match kind:
            case "floor":
                (terms, constant), bits = parts
                inner = self._terms(dict(terms))
                if inner is None:
                    return None
                parts = (tuple(sorted(inner.items())), constant), bits
            case "product":
                factors = [self._atom(factor) for factor in parts]
                known = [factor for factor in factors if factor is not None]
                if len(known) < len(factors):
                    return None
                parts = tuple(sorted(known))
            case "gate":
                direction, threshold, held = parts
                inner = self._terms(direction_terms(direction))
                rest = None if held is None else self._atom(held)
                turned = None if inner is None else number_of_direction(inner)
                if turned is None or (held is not None and rest is None):
                    return None
                parts = turned, threshold, rest
            case "function":
                leaf = self._atom(parts[0])
                if leaf is None or (atoms.low[leaf], atoms.high[leaf]) != (
                    atoms.low[parts[0]],
                    atoms.high[parts[0]],
                ):
                    return None
                parts = leaf, parts[1]
            case _:
                return None  # a symbol that stands for nothing
        return atoms.number.get(Kind(kind, parts))


def is_free(word: object) -> bool:
    """Tell whether a word is an unknown one."""
    if not isinstance(word, Form) or len(word.terms) != 1 or word.constant:
        return False
    ((number, factor),) = word.terms.items()
    return factor == 1 and atoms.kind[number].kind == "unknown"
