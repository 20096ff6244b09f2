# SPDX-License-Identifier: Apache-2.0
"""Atoms: symbols with ranges, and what is not linear in others, numbered by what they are.

Equal atoms have equal numbers. The table of atoms belongs to the process; `forget` empties it
before a proof.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

__all__ = [
    "FUNCTION",
    "GATE",
    "Frozen",
    "Kind",
    "Terms",
    "Unknown",
    "atom",
    "atoms",
    "forget",
    "gate",
    "interval",
    "monomial",
    "named",
    "tabulate",
]

Terms = dict[int, int]
Frozen = tuple[tuple[tuple[int, int], ...], int]
"""Sorted terms and the constant."""

GATE, FUNCTION = 1, 2
"""Marks of forms that may hold such atoms."""

_SMALL = 1 << 20
"""Values of a symbol up to which functions of it are tabulated."""


class Unknown(Exception):
    """It cannot be said by forms; what it would have been is free."""


class Kind(NamedTuple):
    """What an atom is: its kind, and what it is made of."""

    kind: str
    parts: Any


@dataclass(slots=True)
class _Atoms:
    """What is known of each atom, by its number."""

    kind: list[Kind]
    low: list[int]
    high: list[int]
    leaf: list[int]
    """The only symbol that it depends on, if functions of that can be tabulated; else -1."""
    mark: list[int]
    number: dict[Kind, int]


atoms = _Atoms([], [], [], [], [], {})


def forget() -> None:
    """Empty the table of atoms: forms made before must not be used any more."""
    for part in (atoms.kind, atoms.low, atoms.high, atoms.leaf, atoms.mark, atoms.number):
        part.clear()


def atom(kind: str, parts: Any, low: int, high: int, leaf: int = -1, mark: int = 0) -> int:
    """Return the number of an atom, a new one if there was none like it."""
    key = Kind(kind, parts)
    number = atoms.number.get(key)
    if number is None:
        number = atoms.number[key] = len(atoms.kind)
        atoms.kind.append(key)
        atoms.low.append(low)
        atoms.high.append(high)
        atoms.leaf.append(leaf)
        atoms.mark.append(mark)
    return number


def tabulate(number: int) -> None:
    """Let functions of a symbol be tabulated, if it has few enough values."""
    if atoms.high[number] - atoms.low[number] < _SMALL:
        atoms.leaf[number] = number


def interval(terms: Terms, constant: int) -> tuple[int, int]:
    """Return the bounds of a sum whose atoms take any value of their ranges."""
    low = high = constant
    lows, highs = atoms.low, atoms.high
    for number, factor in terms.items():
        if factor > 0:
            low += factor * lows[number]
            high += factor * highs[number]
        else:
            low += factor * highs[number]
            high += factor * lows[number]
    return low, high


def monomial(factors: list[int]) -> int:
    """Return the atom that is the product of some atoms, which are sorted and no gates."""
    low = high = 1
    for number in factors:
        ends = [x * y for x in (low, high) for y in (atoms.low[number], atoms.high[number])]
        low, high = min(ends), max(ends)
    if len(set(factors)) == 1 and len(factors) % 2 == 0:
        low = max(low, 0)
    leaves = {atoms.leaf[number] for number in factors}
    leaf = leaves.pop() if len(leaves) == 1 else -1
    mark = 0
    for number in factors:
        mark |= atoms.mark[number]
    return atom("product", tuple(factors), low, high, leaf, mark)


def gate(direction: int, threshold: int, inner: int | None) -> int:
    """Return the atom that is `inner`, or 1, where a direction is at least a threshold, else 0."""
    low, high, mark = 1, 1, 0
    if inner is not None:
        low, high, mark = atoms.low[inner], atoms.high[inner], atoms.mark[inner]
    parts = (direction, threshold, inner)
    return atom("gate", parts, min(low, 0), max(high, 0), mark=mark | GATE)


def named(number: int) -> str:
    """Return what an atom is called, for people."""
    kind, parts = atoms.kind[number]
    return str(parts) if kind in ("input", "name", "unknown") else f"{kind} {number}"
