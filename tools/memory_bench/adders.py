# SPDX-License-Identifier: Apache-2.0
"""Constant products as few shifts and additions as possible.

Linear forms of several inputs with constant coefficients are written in signed digits. What two
digits have in common with two others, anywhere in any of the forms, is computed once (common
subexpressions: Hartley, IEEE TCAS-II 43(10), 1996). What is left of each form is summed in the
order that puts the fewest adders behind one another, and of these the one with the fewest bits.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations

from tools.memory_bench.adder_order import (
    EARLY,
    NOTHING,
    Interval,
    Operand,
    Part,
    Plan,
    best_plan,
    passed_bits,
)

__all__ = ["NOTHING", "Adder", "AdderGraph", "Form", "Interval", "Operand", "adder_graph"]

_SMALL = 64  # digits up to which other digits of a coefficient are tried


@dataclass(frozen=True, slots=True)
class Adder:
    """The low `width` bits of ``left + right`` or ``left - right``, a signed number.

    The low `passed` bits need no addition: one operand has zeros there, `right` if subtracted.
    """

    left: Operand
    right: Operand
    subtract: bool
    width: int
    passed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One sum: coefficients of inputs, a constant, and how many of its low bits are wanted.

    Parameters
    ----------
    terms : tuple of (input, coefficient)
        An input may occur more than once.
    constant : int
        At least 0.
    bits : int
    """

    terms: tuple[tuple[int, int], ...]
    constant: int
    bits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AdderGraph:
    """Adders in the order in which they can be computed.

    Attributes
    ----------
    inputs : int
        Nodes 0 to ``inputs - 1``; adder k is node ``inputs + k``.
    adders : tuple of Adder
    outputs : tuple of Operand
        One for each form.
    level : int
        Of the output that comes last.
    """

    inputs: int
    adders: tuple[Adder, ...]
    outputs: tuple[Operand, ...]
    level: int

    @property
    def rank(self) -> tuple[int, int]:
        """The lower, the better: first the level, then the bits."""
        return self.level, self.bits

    @property
    def bits(self) -> int:
        """Bits of carry chain of all adders."""
        return sum(adder.width - adder.passed for adder in self.adders)


def adder_graph(
    inputs: Sequence[Interval], forms: Sequence[Form], levels: Sequence[int] = ()
) -> AdderGraph:
    """Return adders that compute all forms.

    Small problems try all minimal digits of each coefficient; large ones take canonical digits.

    Parameters
    ----------
    inputs : sequence of Interval
    forms : sequence of Form
    levels : sequence of int
        When each input is there, counted in adders; empty: all at once.
    """
    levels = levels or [0] * len(inputs)
    choices = [[_minimal(coefficient) for _, coefficient in form.terms] for form in forms]
    chosen = [[0] * len(form.terms) for form in forms]

    def build() -> AdderGraph:
        digits = [
            [options[n] for options, n in zip(row, picked, strict=True)]
            for row, picked in zip(choices, chosen, strict=True)
        ]
        return _Builder(inputs, levels, forms, digits).graph()

    best = build()
    if sum(len(options[0]) for row in choices for options in row) > _SMALL:
        return best
    for row, picked in zip(choices, chosen, strict=True):
        for place, options in enumerate(row):
            kept = picked[place]
            for option in range(1, len(options)):
                picked[place] = option
                graph = build()
                if graph.rank < best.rank:
                    best, kept = graph, option
            picked[place] = kept
    return best


Digits = tuple[tuple[int, int], ...]
"""Signed digits: (shift, sign) of each that is not zero."""


@cache
def _minimal(value: int) -> tuple[Digits, ...]:
    """Return all ways to write an integer with the fewest signed digits, canonical one first."""
    if value == 0:
        return ((),)
    shift = (value & -value).bit_length() - 1
    odd = value >> shift
    if abs(odd) == 1:
        return (((shift, odd),),)
    # The canonical digit leaves a multiple of four.
    first = 2 - (odd & 3)
    found = [
        ((0, digit), *((s + 1, sign) for s, sign in rest))
        for digit in (first, -first)
        for rest in _minimal((odd - digit) >> 1)
    ]
    fewest = min(map(len, found))
    return tuple(tuple((s + shift, sign) for s, sign in way) for way in found if len(way) == fewest)


Row = dict[tuple[int, int], int]
"""The sign of each ``node << shift`` in a sum."""

Pattern = tuple[int, int, int, int]
"""``first + sign * (second << shift)`` as (first, second, shift, sign)."""


class _Builder:
    """Finds the adders for forms whose digits are chosen."""

    def __init__(
        self,
        inputs: Sequence[Interval],
        levels: Sequence[int],
        forms: Sequence[Form],
        digits: Sequence[Sequence[Digits]],
    ) -> None:
        self.inputs, self.forms = len(inputs), forms
        self.intervals, self.levels = list(inputs), list(levels)
        self.adders: list[Adder] = []
        self.rows: list[Row] = []
        for form, row_digits in zip(forms, digits, strict=True):
            row: Row = {}
            for (node, _), term in zip(form.terms, row_digits, strict=True):
                for shift, sign in term:
                    _insert(row, node, shift, sign)
            self.rows.append(row)
        self.counts: Counter[Pattern] = Counter()
        self.heap: list[tuple[int, Pattern]] = []

    def graph(self) -> AdderGraph:
        self._share()
        outputs = [self._sum(form, row) for form, row in zip(self.forms, self.rows, strict=True)]
        levels = [self.levels[output.node] for output in outputs if output.node != NOTHING]
        return AdderGraph(
            inputs=self.inputs,
            adders=self._trimmed(outputs),
            outputs=tuple(outputs),
            level=max(levels, default=EARLY),
        )

    # Common subexpressions.

    def _share(self) -> None:
        for row in self.rows:
            for one, other in combinations(row.items(), 2):
                self.counts[_pattern(one, other)] += 1
        self.heap = [(self._gain(pattern), pattern) for pattern in self.counts]
        heapq.heapify(self.heap)
        while self.heap:
            gain, pattern = heapq.heappop(self.heap)
            if gain == 0:
                return
            if gain != self._gain(pattern):
                continue  # it has been pushed again since
            places = [(row, place) for row in self.rows for place in _places(row, pattern)]
            if len(places) > 1:
                node = self._new(pattern)
                for row, (shift, sign) in places:
                    self._replace(row, pattern, node, shift, sign)

    def _gain(self, pattern: Pattern) -> int:
        """Return minus the bits of carry chain that computing a pattern once saves."""
        first, second, shift, sign = pattern
        bits = (self.intervals[first] + self.intervals[second].times(sign, shift)).bits
        return -max(self.counts[pattern] - 1, 0) * (bits - shift)

    def _new(self, pattern: Pattern) -> int:
        first, second, shift, sign = pattern
        interval = self.intervals[first] + self.intervals[second].times(sign, shift)
        self.intervals.append(interval)
        self.levels.append(max(self.levels[first], self.levels[second]) + 1)
        self.adders.append(
            Adder(Operand(first, 0), Operand(second, shift), sign < 0, interval.bits, shift)
        )
        return len(self.intervals) - 1

    def _replace(self, row: Row, pattern: Pattern, node: int, shift: int, sign: int) -> None:
        first, second, up, _ = pattern
        for key in ((first, shift), (second, shift + up)):
            self._count(row, (key, row.pop(key)), -1)
        assert (node, shift) not in row
        self._count(row, ((node, shift), sign), 1)
        row[node, shift] = sign

    def _count(self, row: Row, term: tuple[tuple[int, int], int], change: int) -> None:
        for other in row.items():
            pattern = _pattern(term, other)
            self.counts[pattern] += change
            if self.counts[pattern] > 1:
                heapq.heappush(self.heap, (self._gain(pattern), pattern))

    # Sums.

    def _sum(self, form: Form, row: Row) -> Operand:
        parts = [
            Part(
                Operand(node, shift),
                sign,
                self.intervals[node].times(sign, shift),
                self.levels[node],
            )
            for (node, shift), sign in sorted(row.items())
        ]
        if not parts:
            return Operand(NOTHING, 0, form.constant)
        return self._build(best_plan(parts, form.constant, form.bits), form.bits)

    def _build(self, plan: Plan, bits: int) -> Operand:
        if plan.halves is None:
            return plan.part.operand
        one, other = plan.halves
        left, right = self._build(one, bits), self._build(other, bits)
        zeros = plan.part.operand.zeros
        width = min(plan.part.bits, bits) - zeros
        passed = passed_bits(one.part, other.part) - zeros
        self.intervals.append(plan.part.interval)
        self.levels.append(plan.part.level)
        self.adders.append(
            Adder(
                left.down(zeros), right.down(zeros), one.part.sign != other.part.sign, width, passed
            )
        )
        return Operand(len(self.intervals) - 1, zeros)

    def _trimmed(self, outputs: Sequence[Operand]) -> tuple[Adder, ...]:
        """Return the adders without the high bits that nothing reads."""
        needed = [0] * len(self.intervals)
        for operand, form in zip(outputs, self.forms, strict=True):
            if operand.node != NOTHING:
                needed[operand.node] = max(needed[operand.node], form.bits - operand.shift)
        trimmed = []
        for number in range(len(self.adders) - 1, -1, -1):
            adder = self.adders[number]
            width = min(adder.width, needed[self.inputs + number])
            trimmed.append(replace(adder, width=width, passed=min(adder.passed, width)))
            for operand in (adder.left, adder.right):
                if operand.node != NOTHING:
                    needed[operand.node] = max(needed[operand.node], width - operand.shift)
        return tuple(reversed(trimmed))


def _insert(row: Row, node: int, shift: int, sign: int) -> None:
    """Add ``sign * (node << shift)`` to a row."""
    before = row.pop((node, shift), 0)
    if before == 0:
        row[node, shift] = sign
    elif before == sign:
        _insert(row, node, shift + 1, sign)


def _pattern(one: tuple[tuple[int, int], int], other: tuple[tuple[int, int], int]) -> Pattern:
    """Return what two digits of a row are but for a shift and a sign."""
    ((a, down), sign), ((b, up), relative) = sorted((one, other), key=lambda t: (t[0][1], t[0][0]))
    return a, b, up - down, sign * relative


def _places(row: Row, pattern: Pattern) -> list[tuple[int, int]]:
    """Return shift and sign of the places of a pattern in a row that do not overlap."""
    first, second, up, relative = pattern
    taken: set[tuple[int, int]] = set()
    places = []
    for (node, shift), sign in row.items():
        here, there = (node, shift), (second, shift + up)
        if (
            node == first
            and row.get(there) == sign * relative
            and here not in taken
            and there not in taken
        ):
            taken |= {here, there}
            places.append((shift, sign))
    return places
