# SPDX-License-Identifier: Apache-2.0
"""Inputs for which two values differ, found by trying."""

from __future__ import annotations

import random
from collections.abc import Iterator

from lmu_hw.prove.algebra.atoms import Terms, atoms
from lmu_hw.prove.algebra.directions import direction_terms
from lmu_hw.prove.algebra.floors import floor_of
from lmu_hw.prove.algebra.forms import Value
from lmu_hw.prove.algebra.functions import value_at
from lmu_hw.prove.algebra.names import definition_of

__all__ = ["Differs", "Point", "differing"]

_TRIES = 200


class Differs:
    """Where two values differ.

    Attributes
    ----------
    inputs : dict of (step, element) to code
        Of those that matter.
    hardware, specification : int
    guessed : bool
        What was given up had to be guessed: it may be no real difference.
    """

    def __init__(
        self, inputs: dict[tuple[int, int], int], hardware: int, specification: int, guessed: bool
    ) -> None:
        self.inputs, self.guessed = inputs, guessed
        self.hardware, self.specification = hardware, specification


def differing(
    hardware: Value, specification: Value, width: int, *, seed: int = 0
) -> Differs | None:
    """Return inputs for which two words of `width` bits differ; None: none were found."""
    for trial in range(_TRIES):
        point = Point(random.Random(f"{seed} {trial}"), trial)
        a, b = point.value(hardware), point.value(specification)
        if (a - b) & (1 << width) - 1:
            sign = 1 << width - 1
            word = ((a + sign) & (1 << width) - 1) - sign
            return Differs(point.inputs, word, b, point.guessed)
    return None


class Point:
    """Values of symbols, drawn when they are first met: ends of their ranges, and small ones."""

    def __init__(self, draw: random.Random, trial: int) -> None:
        self.inputs: dict[tuple[int, int], int] = {}
        self.guessed = False
        self._draw, self._trial = draw, trial
        self._known: dict[int, int] = {}

    def value(self, value: Value) -> int:
        """Return what a value is here."""
        if isinstance(value, int):
            return value
        return value.constant + self._sum(value.terms)

    def _sum(self, terms: Terms) -> int:
        return sum(factor * self._atom(number) for number, factor in terms.items())

    def _atom(self, number: int) -> int:
        if number not in self._known:
            for below in self._below(number):  # the deepest first: histories are long
                if below not in self._known:
                    self._known[below] = self._computed(below)
        return self._known[number]

    def _below(self, number: int) -> Iterator[int]:
        """Give an atom after all that it depends on."""
        stack, order, seen = [number], [], set()
        while stack:
            top = stack.pop()
            if top in seen or top in self._known:
                continue
            seen.add(top)
            order.append(top)
            stack += _parts(top)
        # An atom is numbered after its parts, names after their definitions.
        return iter(sorted(order))

    def _computed(self, number: int) -> int:
        kind, parts = atoms.kind[number]
        match kind:
            case "name":
                definition = definition_of(number)
                return self._free(number) if definition is None else self.value(definition)
            case "floor":
                argument, bits = floor_of(number)
                return self.value(argument) >> bits
            case "product":
                result = 1
                for factor in parts:
                    result *= self._atom(factor)
                return result
            case "gate":
                direction, threshold, inner = parts
                if self._sum(direction_terms(direction)) < threshold:
                    return 0
                return 1 if inner is None else self._atom(inner)
            case "function":
                return value_at(number, self._atom(parts[0]))
            case "input":
                code = self._free(number)
                self.inputs[parts] = code
                return code
            case _:
                self.guessed = True
                return self._free(number)

    def _free(self, number: int) -> int:
        low, high = atoms.low[number], atoms.high[number]
        if self._trial % 3 == 0:
            return self._draw.choice((low, high))
        shrink = 1 << self._trial % 5 * 2
        middle = min(max(0, low), high)
        return middle + self._draw.randint((low - middle) // shrink, (high - middle) // shrink)


def _parts(number: int) -> list[int]:
    """Return the atoms that an atom is made of."""
    kind, parts = atoms.kind[number]
    match kind:
        case "name":
            definition = definition_of(number)
            return [] if definition is None else list(definition.terms)
        case "floor":
            return [part for part, _ in parts[0][0]]
        case "product":
            return list(parts)
        case "gate":
            direction, _, inner = parts
            return [*direction_terms(direction), *([] if inner is None else [inner])]
        case "function":
            return [parts[0]]
        case _:
            return []
