# SPDX-License-Identifier: Apache-2.0
"""Statements that compute the words of a cycle, and when they are needed.

A word that only one arm of a choice reads is computed only where that arm is chosen, or where it
is not known which one is; a word that only a write reads, only where there may be one. That leaves
out no word that is used: each lies where all that read it lie, and what chooses is computed before.

Words are certain to be numbers if they depend on nothing but certain registers, inputs and ROMs.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import cast

__all__ = [
    "Choice",
    "Computed",
    "Free",
    "Lines",
    "Read",
    "Statement",
    "Write",
    "needed",
    "uncertain",
]

_DEPTH = 60
"""Choices within each other; Python takes fewer than 100 indented blocks."""

Certain = Container[str]
"""The words that are known numbers."""
Lines = Callable[[Certain], list[str]]
Blocks = dict[int, list[str]]
"""Lines for what is read only where a condition is 0, and only where it is 1."""


def named(words: Iterable[str]) -> list[str]:
    """Return the words that are no numbers, each once."""
    return list(dict.fromkeys(word for word in words if not word.isdigit()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """Computes a word.

    Attributes
    ----------
    name : str
        Of the word.
    words : tuple of str
        Names of words that are always read, or numbers.
    guarded : tuple of (str, int)
        Words that are read only where the first of `words` may be 0, or 1.
    """

    name: str
    words: tuple[str, ...] = ()
    guarded: tuple[tuple[str, int], ...] = ()

    @property
    def reads(self) -> tuple[str, ...]:
        """Every word that it may read."""
        return *self.words, *(word for word, _ in self.guarded)

    @property
    def free(self) -> bool:
        """The word may be a form, whatever it is computed from."""
        return False

    def lines(self, certain: Certain, blocks: Blocks) -> list[str]:
        """Return Python statements, those of guarded words within."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Computed(Statement):
    """By arithmetic on known numbers, else by a function.

    Attributes
    ----------
    known : str
        Expression on numbers.
    function : str
        Of the words that have names.
    """

    known: str
    function: str

    def lines(self, certain: Certain, blocks: Blocks) -> list[str]:
        names = named(self.words)
        looked_at = [name for name in names if name not in certain]
        if not looked_at:
            return [f"{self.name} = {self.known}"]
        known = " and ".join(f"type({name}) is int" for name in looked_at)
        other = f"{self.function}({', '.join(names)})"
        return [f"if {known}: {self.name} = {self.known}", f"else: {self.name} = {other}"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Statement):
    """One of two words; where the condition is a form, by a function of both and it."""

    function: str

    def lines(self, certain: Certain, blocks: Blocks) -> list[str]:
        (condition,), ((no, _), (yes, _)) = self.words, self.guarded
        either = f"{self.name} = {yes} if {condition} else {no}"
        if condition.isdigit() or condition in certain:
            if not any(blocks.values()):
                return [either]
            lines = []
            for head, arm, word in ((f"if {condition}:", 1, yes), ("else:", 0, no)):
                lines += [head, *indented([*blocks[arm], f"{self.name} = {word}"])]
            return lines
        lines = []
        for arm in (0, 1):  # a form is neither number, so that both arms are computed
            if blocks[arm]:
                lines += [f"if {condition} != {1 - arm}:", *indented(blocks[arm])]
        other = f"{self.function}({', '.join(named((no, yes, condition)))})"
        return [*lines, f"if type({condition}) is int: {either}", f"else: {self.name} = {other}"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Read(Statement):
    """A word of a memory, at the address that is the first of `words`.

    Attributes
    ----------
    rows : str
        Name of the list of its words.
    constant : bool
        They are known numbers, and never written.
    size, places : int
        Words of the memory, and those that an address can tell apart.
    function : str
        Name of what answers for other addresses.
    collisions : tuple of (str, str)
        Enables and addresses of writes; at a word that they write the answer is free.
    width : int
    """

    rows: str
    constant: bool
    size: int
    places: int
    function: str
    collisions: tuple[tuple[str, str], ...]
    width: int

    @property
    def free(self) -> bool:
        return not self.constant

    def lines(self, certain: Certain, blocks: Blocks) -> list[str]:
        address = self.words[0]
        known = [] if address.isdigit() or address in certain else [f"type({address}) is int"]
        if not known and self.constant:  # an IndexError beyond the end tells that it is not certain
            return [f"{self.name} = {self.rows}[{address}]"]
        if self.size < self.places:
            known.append(f"{address} < {self.size}")
        read, other = f"{self.rows}[{address}]", f"{self.function}({self.rows}, {address})"
        choice = f" if {' and '.join(known)} else {other}" if known else ""
        lines = [f"{self.name} = {read}{choice}"]
        for enable, place in self.collisions:
            # An enable or address that is a form may be any: it is no reason to rule it out.
            apart = f"type({place}) is type({address}) is int and {place} != {address}"
            free = f"unknown({self.width}, 'read while written')"
            lines.append(f"if {enable} and not ({apart}): {self.name} = {free}")
        return lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Free(Statement):
    """A word of which nothing is known."""

    width: int
    what: str

    @property
    def free(self) -> bool:
        return True

    def lines(self, certain: Certain, blocks: Blocks) -> list[str]:
        return [f"{self.name} = unknown({self.width}, {self.what!r})"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Write(Statement):
    """A write of a memory, with its enable as the only one of `words`; `name` is its port.

    Attributes
    ----------
    memory : str
    width : int
        Bits of the data.
    """

    memory: str
    width: int

    def lines(self, certain: Certain, blocks: Blocks) -> list[str]:
        (enable,), ((address, _), (word, _)) = self.words, self.guarded
        entry = f"{self.memory!r}, {enable}, {address}, {word}, {self.width}, {self.name!r}"
        return [f"if {enable}:", *indented([*blocks[1], f"writes.append(({entry}))"])]


def indented(lines: Iterable[str]) -> list[str]:
    """Return lines within a block."""
    return [f" {line}" for line in lines]


@dataclass(eq=False, slots=True)
class _Region:
    """Where words are computed: within the arms of choices, or always."""

    parent: _Region | None = None
    depth: int = 0
    statements: list[Statement] = field(default_factory=list)
    arms: dict[str, dict[int, _Region]] = field(default_factory=dict)

    def arm(self, name: str, value: int) -> _Region:
        """Return where a condition of a statement has a value."""
        if self.depth == _DEPTH:
            return self
        arms = self.arms.setdefault(name, {})
        return arms.setdefault(value, _Region(self, self.depth + 1))

    def common(self, other: _Region | None) -> _Region:
        """Return where words are that both regions read."""
        if other is None:
            return self
        here: _Region = self
        while here is not other:
            if here.depth < other.depth:
                here, other = other, here
            here = cast(_Region, here.parent)  # all have one root
        return here

    def lines(self, certain: Certain) -> list[str]:
        return [*chain.from_iterable(self._lines_of(s, certain) for s in self.statements)]

    def _lines_of(self, statement: Statement, certain: Certain) -> list[str]:
        arms = self.arms.get(statement.name, {})
        blocks = {value: arms[value].lines(certain) if value in arms else [] for value in (0, 1)}
        return statement.lines(certain, blocks)


def needed(statements: Sequence[Statement], results: Iterable[str]) -> Lines:
    """Return a function of the words that are certain, which answers the lines of a cycle.

    Parameters
    ----------
    statements : sequence of Statement
        Each after those whose words it reads.
    results : iterable of str
        Words that are always needed; writes are, too.
    """
    root = _Region()
    regions: dict[str, _Region] = dict.fromkeys(results, root)
    for statement in reversed(statements):  # what reads a word comes before it here
        region = root if isinstance(statement, Write) else regions.get(statement.name)
        if region is None:
            continue  # nothing reads it
        region.statements.append(statement)
        uses = [(word, region) for word in statement.words]
        uses += [(word, region.arm(statement.name, arm)) for word, arm in statement.guarded]
        for word, place in uses:
            regions[word] = place.common(regions.get(word))
    todo = [root]
    while todo:
        region = todo.pop()
        region.statements.reverse()
        todo += chain.from_iterable(arms.values() for arms in region.arms.values())
    return root.lines


def uncertain(
    statements: Sequence[Statement], sources: Iterable[str], registers: Iterable[tuple[str, str]]
) -> set[str]:
    """Return the words that may be forms in some cycle.

    Parameters
    ----------
    statements : sequence of Statement
    sources : iterable of str
        Words that may be forms at first, or come from outside.
    registers : iterable of (str, str)
        The word that a register takes, and its own.
    """
    users: dict[str, list[str]] = {}
    for statement in statements:
        for word in statement.reads:
            users.setdefault(word, []).append(statement.name)
    for following, name in registers:
        users.setdefault(following, []).append(name)
    reached: set[str] = set()
    todo = [*sources, *(statement.name for statement in statements if statement.free)]
    while todo:
        word = todo.pop()
        if word not in reached:
            reached.add(word)
            todo += users.get(word, ())
    return reached
