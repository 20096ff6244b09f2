# SPDX-License-Identifier: Apache-2.0
"""Records from JSON and TOML values, every one of them checked."""

from __future__ import annotations

import dataclasses
import math
import reprlib
from collections.abc import Callable, Mapping
from enum import Enum
from fractions import Fraction
from itertools import repeat
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

import numpy as np

from lmu_hw.checked import fraction
from lmu_hw.fixed import FixedFormat
from lmu_hw.records.schema import fields_of, is_record, keys_of, quoted, tag_of

__all__ = ["Get", "decode", "without_version"]

T = TypeVar("T")

Get = Callable[[Any], Any]
"""Returns the array that a JSON value stands for, or raises `ValueError`."""

_RULES = {bool: "true or false", int: "an integer", float: "a finite number", str: "a string"}


def decode(
    kind: type[T],
    entry: object,
    what: str = "",
    *,
    part: bool = False,
    get: Get | None = None,
    lists: tuple[type, ...] = (),
) -> T:
    """Return what JSON values say, every one checked against its type hint.

    A field with a default may be left out.

    Parameters
    ----------
    kind : type
        A dataclass, or another hint that `lmu_hw.records` names.
    entry : object
        Parsed JSON or TOML.
    what : str
        Where it stands in its file, for messages; empty: it is the whole file.
    part : bool
        Objects may have keys that the hints do not know.
    get : callable, optional
        Returns arrays; without it there must be none.
    lists : tuple of type
        Records that are written as lists of their fields.

    Raises
    ------
    ValueError
        Names the field, the rule and the value.
    """
    return _Decoder(part=part, get=get, lists=lists).value(kind, entry, what)


class OtherVersion(ValueError):
    """A file is of another version of its form."""


def without_version(document: object, version: int) -> dict[str, Any]:
    """Return what a file says beside its ``version``, or raise `OtherVersion` if that is another.

    What has no version at all, as no file of ours, is a `ValueError`.
    """
    entry = dict(document) if isinstance(document, dict) else {}
    found = entry.pop("version", None)
    if type(found) is not int or found != version:
        known = isinstance(found, int) and not isinstance(found, bool)
        error = OtherVersion if known else ValueError
        raise error(f"its version must be {version}, not {reprlib.repr(found)}")
    return entry


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Decoder:
    part: bool
    get: Get | None
    lists: tuple[type, ...]

    def value(self, hint: Any, value: Any, what: str) -> Any:
        origin, arguments = get_origin(hint) or hint, get_args(hint)
        if hint is Any:
            return value
        if origin in (UnionType, Union):
            return self.one_of(arguments, value, what)
        if origin in (list, tuple):
            return origin(self.items(origin, arguments, value, what))
        if isinstance(origin, type) and issubclass(origin, Mapping):
            entries = _expect(dict, value, what).items()
            return {k: self.value(arguments[1], v, _within(what, k)) for k, v in entries}
        if origin is np.ndarray and self.get is not None:
            try:
                return self.get(value)
            except ValueError as error:
                raise ValueError(f"{what}: {error}") from None
        if is_record(origin):
            return self.record(origin, value, what)
        return _scalar(origin, value, what)

    def items(self, origin: type, hints: tuple[Any, ...], value: Any, what: str) -> list[Any]:
        items = _expect(list, value, what)
        if origin is list or hints[-1] is Ellipsis:
            hints = tuple(repeat(hints[0], len(items)))
        if len(items) != len(hints):
            raise _must(what, f"a list of {len(hints)}", items)
        pairs = enumerate(zip(hints, items, strict=True))
        return [self.value(hint, item, f"{what}[{index}]") for index, (hint, item) in pairs]

    def one_of(self, hints: tuple[Any, ...], value: Any, what: str) -> Any:
        """Return a value that may be None, or one of several records."""
        kinds = [hint for hint in hints if hint is not NoneType]
        if value is None and NoneType in hints:
            return None
        if len(kinds) == 1:
            return self.value(kinds[0], value, what)
        entry, tags = _expect(dict, value, what), [tag_of(kind) for kind in kinds]
        if None not in tags:
            if entry.get("kind") not in tags:
                rule = f"one of {', '.join(map(str, tags))}"
                raise _must(_within(what, "kind"), rule, entry.get("kind"))
            return self.record(kinds[tags.index(entry["kind"])], entry, what)
        keys = [keys_of(kind) for kind in kinds]
        own = [k.difference(*(other for other in keys if other is not k)) for k in keys]
        fitting = [kind for kind, k in zip(kinds, own, strict=True) if k & entry.keys()]
        if len(fitting) != 1:
            rule = " or ".join(f"an object with {'/'.join(sorted(k))}" for k in own)
            raise _must(what, rule, entry)
        return self.record(fitting[0], entry, what)

    def record(self, kind: Any, value: Any, what: str) -> Any:
        if kind in self.lists:
            keys = [field.key for field in fields_of(kind)]
            if not isinstance(value, list) or len(value) != len(keys):
                raise _must(what, f"a list [{', '.join(keys)}]", value)
            value = dict(zip(keys, value, strict=True))
        entry = _expect(dict, value, what)
        known = keys_of(kind) | ({"kind"} if tag_of(kind) is not None else set())
        unknown = set() if self.part else entry.keys() - known
        if unknown:
            raise ValueError(f"{_within(what, min(unknown))} is a key that nobody knows")
        return self.built(kind, entry, what)

    def built(self, kind: Any, entry: dict[str, Any], what: str) -> Any:
        """Return a record whose fields stand among those of an object."""
        values, derived = {}, {}
        for field in fields_of(kind):
            if field.derived:
                if field.key in entry:
                    derived[field] = entry[field.key]
            elif field.flat:
                values[field.name] = self.built(field.hint, entry, what)
            elif field.key in entry:
                place = _within(what, field.key)
                values[field.name] = self.value(field.hint, entry[field.key], place)
            elif field.default is dataclasses.MISSING:
                raise ValueError(f"{_within(what, field.key)} is missing")
        try:
            record = kind(**values)
        except (ValueError, ArithmeticError, LookupError) as error:  # what the record demands
            text = str(error).replace("`", "")  # of a parameter, which this is not
            raise ValueError(f"{what}: {text}" if what else text) from None
        for field, value in derived.items():
            if value is not (follows := getattr(record, field.name)):
                raise _must(_within(what, field.key), f"{follows}, which follows", value)
        return record


def _scalar(kind: Any, value: Any, what: str) -> Any:
    if kind is FixedFormat:
        text = _scalar(str, value, what)
        try:
            return FixedFormat.parse(text)
        except ValueError as error:
            raise ValueError(f"{what}: {error}") from None
    if kind is Fraction:
        return fraction(_scalar(str, value, what), what)
    if issubclass(kind, Enum):
        for member in kind:
            if type(value) is type(member.value) and value == member.value:
                return member
        raise _must(what, f"one of {', '.join(str(m.value) for m in kind)}", value)
    if kind is float and type(value) in (int, float) and abs(value) < math.inf:
        try:
            return float(value)
        except OverflowError:
            raise _must(what, "a number that float64 holds", value) from None
    if type(value) is not kind or kind is float:  # a bool is an int to Python, but not here
        raise _must(what, _RULES[kind], value)
    return value


def _expect(kind: type[T], value: Any, what: str) -> T:
    if not isinstance(value, kind):
        raise _must(what, "a list" if kind is list else "an object", value)
    return value


def _within(what: str, name: str) -> str:
    return f"{what}.{quoted(name)}" if what else quoted(name)


def _must(what: str, rule: str, value: object) -> ValueError:
    return ValueError(f"{what or 'it'} must be {rule}, not {reprlib.repr(value)}")
