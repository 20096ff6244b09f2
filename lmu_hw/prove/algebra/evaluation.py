# SPDX-License-Identifier: Apache-2.0
"""Forms of few symbols, decided by all of their values: where they are not written the same."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from lmu_hw.prove.algebra.directions import direction_terms
from lmu_hw.prove.algebra.floors import floor_of
from lmu_hw.prove.algebra.forms import Terms, Value, atoms, interval
from lmu_hw.prove.algebra.functions import array_of

__all__ = ["vanishes_everywhere"]

_POINTS = 1 << 18
"""Values of all symbols together up to which they are tried."""
_LARGEST = 1 << 61


def vanishes_everywhere(value: Value, width: int) -> bool:
    """Say whether a value is 0 modulo ``2**width`` for all values of its symbols.

    False, too, if there are too many, or if numbers do not fit 62 bits.
    """
    if isinstance(value, int):
        return value & (1 << width) - 1 == 0
    if width > 61:
        return False
    points = _Points()
    try:
        result = points.sum(value.terms, value.constant)
    except OverflowError:
        return False
    return not (result & (1 << width) - 1).any()


class _Points:
    """All values of some symbols, each along an axis of its own."""

    def __init__(self) -> None:
        self._arrays: dict[int, Any] = {}
        self._counts: list[int] = []

    def sum(self, terms: Terms, constant: int) -> Any:
        """Return a sum at every point."""
        reach = abs(constant)
        for number, factor in terms.items():
            reach += abs(factor) * max(abs(atoms.low[number]), abs(atoms.high[number]))
        if reach > _LARGEST:
            raise OverflowError
        total = np.full((), constant, np.int64)
        for number, factor in terms.items():
            total = total + factor * self._atom(number)
        return total

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
        low, high = atoms.low[number], atoms.high[number]
        self._counts.append(high - low + 1)
        if prod(self._counts) > _POINTS:
            raise OverflowError
        axis = len(self._counts) - 1
        return np.arange(low, high + 1).reshape(-1, *(1,) * axis)
