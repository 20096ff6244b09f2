# SPDX-License-Identifier: Apache-2.0
"""Forms of few symbols, decided by all of their values: where they are not written the same.

A symbol may be taken for free, and so may a sum of symbols that occurs as a whole: what holds for
all of its values holds for those that it has. What a result stands for is looked at only where it
has to be, the latest result first: those before it are what it is made of.
"""

from __future__ import annotations

from collections.abc import Set
from math import gcd, prod
from typing import Any

import numpy as np

from lmu_hw.prove.algebra.atoms import Terms, atoms, interval
from lmu_hw.prove.algebra.directions import direction_terms
from lmu_hw.prove.algebra.floors import floor_of
from lmu_hw.prove.algebra.forms import Value
from lmu_hw.prove.algebra.functions import array_of
from lmu_hw.prove.algebra.names import bounds_of, definition_of

__all__ = ["vanishes_everywhere"]

_POINTS = 1 << 18
"""Values of all symbols together up to which they are tried."""
_LARGEST = 1 << 61
_EXPANDED = 6
"""Results in the place of which it is tried what they stand for."""
_SYMBOLS = ("input", "name", "unknown")


class _TooMany(Exception):
    """Symbols have more values together than are tried."""


def vanishes_everywhere(value: Value, width: int) -> bool:
    """Say whether a value is 0 modulo ``2**width`` for all values of its symbols.

    False, too, if there are too many, or if numbers do not fit 62 bits.
    """
    if isinstance(value, int):
        return value & (1 << width) - 1 == 0
    if width > 61:
        return False
    return any(_vanishes(value.terms, value.constant, width, bundled) for bundled in (False, True))


def _vanishes(terms: Terms, constant: int, width: int, bundled: bool) -> bool:
    expanded = set[int]()
    while True:
        points = _Points(expanded, bundled)
        try:
            if not (points.sum(terms, constant) & (1 << width) - 1).any():
                return True
        except _TooMany:
            pass  # they may all be of fewer symbols
        except OverflowError:
            return False
        latest = max(points.defined, default=None)
        if latest is None or len(expanded) == _EXPANDED:
            return False
        expanded.add(latest)


class _Points:
    """All values of some symbols, each along an axis of its own.

    Parameters
    ----------
    expanded : set of int
        Results that are what they stand for, and not free.
    bundled : bool
        A sum of several symbols, without its factor, has one axis.

    Attributes
    ----------
    defined : set of int
        Results that were taken for free.
    """

    def __init__(self, expanded: Set[int], bundled: bool) -> None:
        self._arrays: dict[object, Any] = {}
        self._counts: list[int] = []
        self._expanded, self._bundled = expanded, bundled
        self.defined = set[int]()

    def sum(self, terms: Terms, constant: int) -> Any:
        """Return a sum at every point."""
        reach = abs(constant)
        for number, factor in terms.items():
            reach += abs(factor) * max(abs(atoms.low[number]), abs(atoms.high[number]))
        if reach > _LARGEST:
            raise OverflowError
        total = np.full((), constant, np.int64)
        free = {number: factor for number, factor in terms.items() if self._is_free(number)}
        if self._bundled and len(free) > 1:
            total = total + self._bundle(free)
            terms = {number: factor for number, factor in terms.items() if number not in free}
        for number, factor in terms.items():
            total = total + factor * self._atom(number)
        return total

    def _is_free(self, number: int) -> bool:
        return atoms.kind[number].kind in _SYMBOLS and number not in self._expanded

    def _bundle(self, terms: Terms) -> Any:
        """Return a sum of symbols, which may have any value of its range."""
        shared = gcd(*terms.values())
        shared = -shared if terms[min(terms)] < 0 else shared
        primitive = {number: factor // shared for number, factor in terms.items()}
        key = tuple(sorted(primitive.items()))
        if key not in self._arrays:
            self.defined |= {n for n in primitive if definition_of(n) is not None}
            ends = [bounds_of(number) for number in primitive]
            pairs = [
                sorted((factor * low, factor * high))
                for factor, (low, high) in zip(primitive.values(), ends, strict=True)
            ]
            self._arrays[key] = self._axis(*map(sum, zip(*pairs, strict=True)))
        return shared * self._arrays[key]

    def _atom(self, number: int) -> Any:
        if number not in self._arrays:
            self._arrays[number] = self._made(number)
        return self._arrays[number]

    def _made(self, number: int) -> Any:
        kind, parts = atoms.kind[number]
        match kind:
            case "floor":
                argument, bits = floor_of(number)
                if isinstance(argument, int):
                    return np.full((), argument >> bits, np.int64)
                return self.sum(argument.terms, argument.constant) >> min(bits, 62)
            case "product":
                low, high = atoms.low[number], atoms.high[number]
                if max(-low, high) > _LARGEST:
                    raise OverflowError
                factors = [self._atom(factor) for factor in parts]
                result = factors[0]
                for factor in factors[1:]:
                    result = result * factor
                return result
            case "gate":
                direction, threshold, inner = parts
                terms = direction_terms(direction)
                least, most = interval(terms, 0)
                if threshold > most or threshold <= least:
                    open_ = np.full((), int(threshold <= least), np.int64)
                else:
                    open_ = (self.sum(terms, 0) >= threshold).astype(np.int64)
                return open_ if inner is None else open_ * self._atom(inner)
            case "function":
                leaf, _ = parts
                return array_of(number)[self._atom(leaf) - atoms.low[leaf]]
            case _:
                return self._symbol(number)

    def _symbol(self, number: int) -> Any:
        definition = definition_of(number)
        if definition is not None:
            if number in self._expanded:
                return self.sum(definition.terms, definition.constant)
            self.defined.add(number)
        return self._axis(*bounds_of(number))

    def _axis(self, low: int, high: int) -> Any:
        self._counts.append(high - low + 1)
        if prod(self._counts) > _POINTS:
            raise _TooMany
        axis = len(self._counts) - 1
        return np.arange(low, high + 1).reshape(-1, *(1,) * axis)
