# SPDX-License-Identifier: Apache-2.0
"""Records from JSON: a dataclass is the schema, and its type hints are what is checked."""

from __future__ import annotations

import dataclasses
import math
import reprlib
from itertools import repeat
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

__all__ = ["record"]

T = TypeVar("T")

_RULES = {bool: "true or false", int: "an integer", float: "a finite number", str: "a string"}


def record(kind: type[T], entry: object, what: str = "", *, part: bool = False) -> T:
    """Return a dataclass from a JSON object, every field checked against its type hint.

    Hints may be bool, int, float, str, other such dataclasses, tuples, lists and dictionaries of
    strings to them, and ``| None``. A field with a default may be left out.

    Parameters
    ----------
    kind : dataclass
    entry : object
        Parsed JSON.
    what : str
        Where it stands in its file, for messages; empty: it is the whole file.
    part : bool
        The object, and those in it, may have more keys.

    Raises
    ------
    ValueError
        Names the field, the rule and the value.
    """
    if not isinstance(entry, dict):
        raise _must(what or "it", "a JSON object", entry)
    fields: dict[str, Any] = {field.name: field for field in dataclasses.fields(kind)}  # pyright: ignore
    unknown = [] if part else sorted(entry.keys() - fields.keys())
    if unknown:
        raise ValueError(f"{_within(what, unknown[0])} is a key that nobody knows")
    hints, values = get_type_hints(kind), {}
    for name, field in fields.items():
        if name in entry:
            values[name] = _value(hints[name], entry[name], _within(what, name), part)
        elif field.default is dataclasses.MISSING:
            raise ValueError(f"{_within(what, name)} is missing")
    return kind(**values)


def _value(hint: Any, value: Any, what: str, part: bool) -> Any:
    """Return a JSON value as its hint says."""
    origin, arguments = get_origin(hint) or hint, get_args(hint)
    if hint is Any:
        return value
    if origin is UnionType:
        (inner,) = (argument for argument in arguments if argument is not NoneType)
        return None if value is None else _value(inner, value, what, part)
    if origin in (list, tuple):
        if not isinstance(value, list):
            raise _must(what, "a list", value)
        each = arguments if origin is tuple and arguments[-1] is not Ellipsis else None
        if each is not None and len(value) != len(each):
            raise _must(what, f"a list of {len(each)}", value)
        pairs = enumerate(zip(each or repeat(arguments[0]), value, strict=False))
        return origin(_value(one, item, f"{what}[{index}]", part) for index, (one, item) in pairs)
    if origin is dict:
        if not isinstance(value, dict):
            raise _must(what, "a JSON object", value)
        return {k: _value(arguments[1], v, _within(what, k), part) for k, v in value.items()}
    if isinstance(origin, type) and dataclasses.is_dataclass(origin):
        return record(origin, value, what, part=part)
    return _scalar(origin, value, what)


def _scalar(kind: type, value: Any, what: str) -> Any:
    if kind is float and type(value) in (int, float) and abs(value) < math.inf:
        try:
            return float(value)
        except OverflowError:
            raise _must(what, "a number that float64 holds", value) from None
    if type(value) is not kind or kind is float:  # a bool is an int to Python, but not here
        raise _must(what, _RULES[kind], value)
    return value


def _within(what: str, name: str) -> str:
    return f"{what}.{name}" if what else name


def _must(what: str, rule: str, value: object) -> ValueError:
    return ValueError(f"{what} must be {rule}, not {reprlib.repr(value)}")
