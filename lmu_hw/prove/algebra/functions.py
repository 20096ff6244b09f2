# SPDX-License-Identifier: Apache-2.0
"""Functions of one symbol, by their values: whatever is computed of one small symbol is decided.

The values are kept once, from 0 on and without a common factor, so that a function is the same
atom however it was computed.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from typing import NamedTuple

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
_most: list[int] = []
_answers: dict[Hashable, _Contents] = {}
"""What operations gave, by these and what they were applied to, but for the symbol."""


def forget_functions() -> None:
    """Forget every function's values."""
    for part in (_contents, _arrays, _most, _answers):
        part.clear()


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


def applied(
    operation: Callable[..., Array], values: Sequence[Value], leaf: int, what: Hashable
) -> Value:
    """Return an operation on arrays, applied for every value of the symbol.

    The same of another symbol of the same range, as rows of a layer have them, is the same
    function: it is computed once.

    Parameters
    ----------
    operation : callable
    values : sequence of Value
    leaf : int
    what : hashable
        Equal for equal operations only.

    Raises
    ------
    OverflowError
        If a value does not fit 62 bits.
    """
    likes = tuple(_like(value, leaf) for value in values)
    key = (what, atoms.low[leaf], atoms.high[leaf], likes)
    answer = _answers.get(key)
    if answer is None:
        answer = _contents_of(operation(*(values_of(value, leaf) for value in values)))
        if None not in likes:
            _answers[key] = answer
    return _function(answer, leaf)


def _like(value: Value, leaf: int) -> Hashable:
    """Return what is equal for the same function of another symbol; None: that is not known."""
    if isinstance(value, int):
        return value
    terms = [(_like_atom(number, leaf), factor) for number, factor in value.terms.items()]
    if any(like is None for like, _ in terms):
        return None
    return value.constant, frozenset(terms)


def _like_atom(number: int, leaf: int) -> Hashable:
    if number == leaf:
        return "symbol"
    kind, parts = atoms.kind[number]
    match kind:
        case "function":
            return kind, parts[1]
        case "floor":
            argument, bits = floor_of(number)
            like = _like(argument, leaf)
            return None if like is None else (kind, like, bits)
        case _:
            return None


def as_function(value: Value) -> Value:
    """Return a sum of functions of one symbol as one function; anything else as it is."""
    if isinstance(value, int) or not value.mark & FUNCTION or len(value.terms) == 1:
        return value
    leaf = leaf_of([value])
    return value if leaf is None else applied(lambda array: array, [value], leaf, "sum")


def function(array: Array, leaf: int) -> Value:
    """Return the function of a symbol that has these values."""
    return _function(_contents_of(array), leaf)


class _Contents(NamedTuple):
    """Values of a function: a constant, and a factor times an array, the symbol, or its opposite.

    These two count from 0 at the least, and at the greatest, value of the symbol.
    """

    least: int
    factor: int
    array: int | str


def _contents_of(array: Array) -> _Contents:
    least = int(array.min())
    array = array - least
    most = int(array.max())
    if most == 0:
        return _Contents(least, 0, "symbol")
    factor = int(np.gcd.reduce(array))
    if factor > 1:
        array = array // factor
    count = len(array)
    if array[0] == 0 and array[-1] == count - 1 and (np.diff(array) == 1).all():
        return _Contents(least, factor, "symbol")
    if array[0] == count - 1 and array[-1] == 0 and (np.diff(array) == -1).all():
        return _Contents(least, factor, "opposite")
    key = array.tobytes()
    content = _contents.get(key)
    if content is None:
        content = _contents[key] = len(_arrays)
        _arrays.append(array)
        _most.append(most // factor)
    return _Contents(least, factor, content)


def _function(contents: _Contents, leaf: int) -> Value:
    least, factor, array = contents
    if not factor:
        return least
    match array:
        case "symbol":
            value = add(single(leaf), -atoms.low[leaf])
        case "opposite":
            value = add(scale(single(leaf), -1), atoms.high[leaf])
        case _:
            parts = (leaf, array)
            value = single(atom("function", parts, 0, _most[int(array)], leaf, FUNCTION))
    return fold(add(scale(value, factor), least))


def array_of(number: int) -> Array:
    """Return the values of a function, from that at the least value of its symbol on."""
    return _arrays[atoms.kind[number].parts[1]]


def value_at(number: int, code: int) -> int:
    """Return a function at a value of its symbol."""
    leaf, content = atoms.kind[number].parts
    return int(_arrays[content][code - atoms.low[leaf]])
