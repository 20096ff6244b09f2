# SPDX-License-Identifier: Apache-2.0
"""From short sequences to any: situations that lead to each other.

A situation at the moment when a vector was taken stands for all that differ from it by which steps
its symbols are of. Symbols of what is computed already are free there: any value of their range.
Those of what is under way keep their definitions. What is left of steps long past, or from before
reset, may be anything. If each vector that is taken next, the last of its sequence or not, leads to
one of finitely many such situations again, with every word right on the way, then every sequence
of any length is, by induction.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace

from lmu_hw.prove.bench import Failure, Situation
from lmu_hw.prove.directions import direction_terms
from lmu_hw.prove.floors import Definitions, definition_of, definitions
from lmu_hw.prove.forms import Form, Terms, Value, atoms, exact
from lmu_hw.prove.machine import State
from lmu_hw.prove.words import Pieces, Word, join, unknown

__all__ = ["Node", "node_of"]


@dataclass(frozen=True, slots=True)
class Node:
    """A situation that stands for others.

    Attributes
    ----------
    key : hashable
        Equal for situations that differ by their steps only.
    situation : Situation
        What it holds of steps long past is unknown.
    steps : tuple of int
        The latest steps, which its symbols are of.
    open : Definitions
        Of the symbols of what is under way; the others have none.
    """

    key: Hashable
    situation: Situation
    steps: tuple[int, ...]
    open: Definitions


def node_of(situation: Situation, steps: tuple[int, ...], template: State) -> Node:
    """Return what a situation stands for.

    Parameters
    ----------
    situation : Situation
    steps : tuple of int
        Those that the symbols are of, the latest last; kept are those under way, and the one
        before them.
    template : State
        Unknown words, for what is left of others.
    """
    under_way = {due.step for dues in situation.due for due in dues}
    under_way |= {step for step, *_ in situation.answers}
    oldest = min((place for place, step in enumerate(steps) if step in under_way), default=-1)
    steps = steps[max(oldest - 1, 0) :]  # a step reads what the one before it left
    opened = definitions(_symbols_under_way(situation))
    shapes = _Shapes(steps, opened)
    state = State(
        registers=[
            shapes.kept(word, other)
            for word, other in zip(situation.state.registers, template.registers, strict=True)
        ],
        memories={
            name: [
                shapes.kept(word, other)
                for word, other in zip(rows, template.memories[name], strict=True)
            ]
            for name, rows in situation.state.memories.items()
        },
    )
    situation = replace(situation, state=state)
    return Node(shapes.situation(situation), situation, steps, opened)


def _symbols_under_way(situation: Situation) -> set[int]:
    """Return the symbols of results that are not stored yet, and of what they are computed from."""
    steps = {due.step for dues in situation.due for due in dues}
    pending = [code for dues in situation.due for due in dues for code in due.codes.values()]
    reached: set[int] = set()
    for number in _atoms_of(pending):
        if number not in reached and _step_of(number) in steps:
            reached.add(number)
    todo = list(reached)
    while todo:
        definition = definition_of(todo.pop())
        inner = [] if definition is None else _atoms_of([definition])
        new = {number for number in inner if _step_of(number) in steps} - reached
        reached |= new
        todo += new
    return reached


def _step_of(number: int) -> int | None:
    """Return the step of a symbol; None: it has none."""
    kind, parts = atoms.kind[number]
    if kind == "input":
        return parts[0]
    return parts[0][0] if kind == "name" else None


def _inner(number: int) -> Iterator[int]:
    """Yield the atoms that an atom is made of."""
    kind, parts = atoms.kind[number]
    if kind == "floor":
        (terms, _), _ = parts
        yield from (inner for inner, _ in terms)
    elif kind == "product":
        yield from parts
    elif kind == "gate":
        direction, _, inner = parts
        yield from direction_terms(direction)
        yield from () if inner is None else (inner,)
    elif kind == "function":
        yield parts[0]


def _atoms_of(values: list[Value]) -> set[int]:
    """Return all atoms that values are made of."""
    reached: set[int] = set()
    todo = [number for value in values if isinstance(value, Form) for number in value.terms]
    while todo:
        number = todo.pop()
        if number not in reached:
            reached.add(number)
            todo += _inner(number)
    return reached


_numbers: dict[Hashable, int] = {}
"""Of the shapes of atoms: two have one number if they are equal."""


class _Shapes:
    """Describes values by structure, and symbols by how many steps ago they were."""

    def __init__(self, steps: tuple[int, ...], opened: Definitions) -> None:
        self._age = {step: age for age, step in enumerate(reversed(steps))}
        self._open = opened
        self._known: dict[int, int | None] = {}

    def kept(self, word: Word, other: Word) -> Word:
        """Return a word whose parts that cannot be described are unknown.

        Bounds are those that the symbols have by themselves: definitions are gone.
        """
        if isinstance(word, Pieces):
            return join(
                [
                    (unknown(bits, "old") if self._value(piece) is None else exact(piece), bits)
                    for piece, bits in word.pieces
                ]
            )
        return other if self._value(word) is None else exact(word)

    def situation(self, situation: Situation) -> Hashable:
        """Return the description of a situation."""
        state = situation.state
        return (
            tuple(self._word(word) for word in state.registers),
            tuple(
                (name, tuple(self._word(word) for word in rows))
                for name, rows in sorted(state.memories.items())
            ),
            tuple(
                None
                if past is None
                else tuple(sorted((name, self._codes(codes)) for name, codes in past.items()))
                for past in situation.past
            ),
            tuple(
                tuple(
                    (
                        self._age[due.step],
                        due.last,
                        due.start,
                        tuple((place, self._must(code)) for place, code in due.codes.items()),
                    )
                    for due in dues
                )
                for dues in situation.due
            ),
            tuple(
                (self._age[step], last, self._codes(codes))
                for step, last, codes in situation.answers
            ),
        )

    def _codes(self, codes: list[Value]) -> Hashable:
        return tuple(self._must(code) for code in codes)

    def _must(self, value: Value) -> Hashable:
        shape = self._value(value)
        if shape is None:
            raise Failure("what is due must be of the latest steps, but is not")
        return shape

    def _word(self, word: Word) -> Hashable:
        if isinstance(word, Pieces):
            return tuple((self._value(piece), bits) for piece, bits in word.pieces)
        return self._value(word)

    def _value(self, value: Value) -> Hashable:
        """Return the description of a value; None: it holds symbols that have none."""
        if isinstance(value, int):
            return value
        terms = self._terms(value.terms)
        return None if terms is None else (terms, value.constant, value.low, value.high)

    def _terms(self, terms: Terms) -> Hashable:
        shapes = [(self._atom(number), factor) for number, factor in terms.items()]
        if any(shape is None for shape, _ in shapes):
            return None
        return tuple(sorted(shapes))

    def _atom(self, number: int) -> int | None:
        """Return a number that atoms of the same shape have."""
        if number not in self._known:
            shape = self._shape(number)
            self._known[number] = (
                None if shape is None else _numbers.setdefault(shape, len(_numbers))
            )
        return self._known[number]

    def _shape(self, number: int) -> Hashable:
        kind, parts = atoms.kind[number]
        ends = kind, atoms.low[number], atoms.high[number], atoms.leaf[number] == number
        if kind in ("input", "name"):
            step = _step_of(number)
            if step not in self._age:
                return None
            what = parts[1] if kind == "input" else parts[0][1:]
            definition = self._open.get(number)
            meaning = None if definition is None else self._value(definition)
            if definition is not None and meaning is None:
                raise Failure("what is under way must be of the latest steps, but is not")
            return *ends, self._age[step], what, meaning
        if kind == "unknown":
            return None
        if kind == "floor":
            (terms, constant), bits = parts
            inner = self._terms(dict(terms))
            return None if inner is None else (*ends, inner, constant, bits)
        if kind == "gate":
            direction, threshold, held = parts
            inner = self._terms(direction_terms(direction))
            rest = 0 if held is None else self._atom(held)
            return None if inner is None or rest is None else (*ends, inner, threshold, rest)
        if kind == "function":
            leaf = self._atom(parts[0])
            return None if leaf is None else (*ends, leaf, parts[1])
        factors = [self._atom(factor) for factor in parts]
        known = [factor for factor in factors if factor is not None]
        return None if len(known) < len(factors) else (*ends, tuple(sorted(known)))
