# SPDX-License-Identifier: Apache-2.0
"""Functions of one symbol, by their values: whatever is computed of one small symbol is decided.

The values are kept once, from 0 on and without a common factor, so that a function is the same
atom however it was computed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from lmu_hw.prove.algebra.atoms import FUNCTION, atom, atoms
from lmu_hw.prove.algebra.floors import floor_of
from lmu_hw.prove.algebra.forms import Value, add, scale, single
from lmu_hw.prove.algebra.names import also, definition_of, fold, link, name

__all__ = [
    "Array",
    "applied",
    "array_of",
    "as_function",
    "forget_functions",
    "function",
    "leaf_of",
    "name_function",
    "values_of",
]

Array = NDArray[np.int64]

_LARGEST = 1 << 61

_contents: dict[bytes, int] = {}
_arrays: list[Array] = []


def forget_functions() -> None:
    """Forget every function's values."""
    _contents.clear()
    _arrays.clear()


def leaf_of(values: Sequence[Value]) -> int | None:
    """Return the only symbol that all values depend on; None: there are several, or a large one."""
    leaf, leaves = None, atoms.leaf
    for value in values:
        if isinstance(value, int):
            continue
        for number in value.terms:
            other = leaves[number]
            if other < 0 or (leaf is not None and other != leaf):
                return None
            leaf = other
    return leaf


def values_of(value: Value, leaf: int) -> Array:
    """Return what a value is for every value of its symbol, from the least one on.

    Raises
    ------
    OverflowError
        If it does not fit 62 bits.
    """
    count = atoms.high[leaf] - atoms.low[leaf] + 1
    if isinstance(value, int):
        return np.full(count, value, np.int64)
    total = np.full(count, _checked(value.constant), np.int64)
    reach = abs(value.constant)
    for number, factor in value.terms.items():
        most = max(abs(atoms.low[number]), abs(atoms.high[number]))
        reach += abs(_checked(factor)) * most
        _checked(reach)
        total += factor * _values_of_atom(number, leaf)
    return total


def name_function(
    what: object, value: Value, low: int, high: int, *, tabulated: bool = False
) -> Value:
    """Return a symbol for a result as `floors.name` does, that stays a function of its symbol.

    So it is found where hardware computes it from that symbol, in other ways, too.
    """
    result = name(what, value, low, high, tabulated=tabulated)
    leaf = leaf_of([value])
    if leaf is None or isinstance(result, int) or isinstance(value, int):
        return result
    (number,) = result.terms
    if definition_of(number) is value:  # it is new
        link(number, leaf)
        with suppress(OverflowError):
            also(number, function(values_of(value, leaf), leaf))
    return result


def _checked(number: int) -> int:
    if abs(number) > _LARGEST:
        raise OverflowError
    return number


def _values_of_atom(number: int, leaf: int) -> Array:
    kind, parts = atoms.kind[number]
    if number == leaf:
        return np.arange(atoms.low[leaf], atoms.high[leaf] + 1)
    if kind == "floor":
        argument, bits = floor_of(number)
        return values_of(argument, leaf) >> min(bits, 62)
    if kind == "function":
        return _arrays[parts[1]]
    definition = definition_of(number) if kind == "name" else None
    if definition is not None:  # what it stands for may be forgotten: then it is free
        return values_of(definition, leaf)
    if kind == "product":
        result = values_of(single(parts[0]), leaf).copy()
        for factor in parts[1:]:
            result *= _values_of_atom(factor, leaf)
        return result
    raise OverflowError  # no other atom has a leaf


def applied(operation: Callable[..., Array], values: Sequence[Value], leaf: int) -> Value:
    """Return an operation on arrays, applied for every value of the symbol.

    Raises
    ------
    OverflowError
        If a value does not fit 62 bits.
    """
    return function(operation(*(values_of(value, leaf) for value in values)), leaf)


def as_function(value: Value) -> Value:
    """Return a sum of functions of one symbol as one function; anything else as it is."""
    if isinstance(value, int) or not value.mark & FUNCTION or len(value.terms) == 1:
        return value
    leaf = leaf_of([value])
    return value if leaf is None else applied(lambda array: array, [value], leaf)


def function(array: Array, leaf: int) -> Value:
    """Return the function of a symbol that has these values."""
    least = int(array.min())
    array = array - least
    most = int(array.max())
    if most == 0:
        return least
    factor = int(np.gcd.reduce(array))
    array = array // factor
    number = _number(array, leaf)
    return fold(add(scale(number, factor), least))


def _number(array: Array, leaf: int) -> Value:
    count = len(array)
    if array[0] == 0 and array[-1] == count - 1 and (np.diff(array) == 1).all():
        return add(single(leaf), -atoms.low[leaf])
    if array[0] == count - 1 and array[-1] == 0 and (np.diff(array) == -1).all():
        return add(scale(single(leaf), -1), atoms.high[leaf])
    key = array.tobytes()
    content = _contents.get(key)
    if content is None:
        content = _contents[key] = len(_arrays)
        _arrays.append(array)
    parts = (leaf, content)
    return single(atom("function", parts, 0, int(array.max()), leaf, FUNCTION))


def array_of(number: int) -> Array:
    """Return the values of a function, from that at the least value of its symbol on."""
    return _arrays[atoms.kind[number].parts[1]]


def value_at(number: int, code: int) -> int:
    """Return a function at a value of its symbol."""
    leaf, content = atoms.kind[number].parts
    return int(_arrays[content][code - atoms.low[leaf]])
