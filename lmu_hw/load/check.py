# SPDX-License-Identifier: Apache-2.0
"""What every front end checks the same way: messages, JSON, options, names."""

from __future__ import annotations

import json
import math
import re
import reprlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import PurePath
from typing import Any

import numpy as np

from lmu_hw.errors import LoadError, NetworkError

__all__ = [
    "MAX_ORDER",
    "Options",
    "identifier",
    "json_object",
    "located",
    "must",
    "positive",
    "reason",
    "show",
    "unique_identifier",
]

MAX_ORDER = 4096
"""Largest order that is discretized: beyond it the matrix alone takes gigabytes."""

_MAX_COUNT = 1 << 24


class _Short(reprlib.Repr):
    """Prints plain values as they are, and other objects by what they are."""

    def repr_instance(self, x: Any, level: int) -> str:
        """Return the repr of a plain value, or the name of a class."""
        plain = isinstance(x, bool | float | None | complex | bytes | np.generic | PurePath)
        return super().repr_instance(x, level) if plain else f"a {type(x).__name__}"


_SHORT = _Short()
_SHORT.maxlevel = 3
_SHORT.maxstring = _SHORT.maxother = 80


def show(value: object) -> str:
    """Return `value` as a message prints it, cut to a readable length."""
    return _SHORT.repr(value)


def reason(error: BaseException) -> str:
    """Return what a library says of a failure; it may quote the file at any length."""
    text = str(error)
    return text if text.isprintable() and len(text) <= 200 else show(text)


def must(where: str, what: str, rule: str, value: object, *, advice: str = "") -> LoadError:
    """Return the error ``where: what must be rule, not value; advice``."""
    tail = f"; {advice}" if advice else ""
    return LoadError(f"{where}: {what} must be {rule}, not {show(value)}{tail}")


@contextmanager
def located(where: str) -> Iterator[None]:
    """Turn a `NetworkError` raised inside into a `LoadError` that starts with `where`."""
    try:
        yield
    except NetworkError as error:
        raise LoadError(f"{where}: {error}") from error


def json_object(raw: str | bytes, where: str) -> dict[str, Any]:
    """Parse a JSON object whose keys differ, or raise `LoadError`."""
    try:
        value = json.loads(raw, object_pairs_hook=_different)
    except (ValueError, RecursionError) as error:
        raise LoadError(f"{where} must be JSON: {error}") from error
    if not isinstance(value, dict):
        raise LoadError(f"{where} must be a JSON object, not {show(value)}")
    return value


def _different(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return pairs as a dictionary, or raise `ValueError` if a key is there twice."""
    values = dict(pairs)
    if len(values) != len(pairs):
        (twice, _), *_ = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"{show(twice)} is there twice")
    return values


def identifier(text: str) -> str:
    """Return `text` as an identifier that can name a Verilog module."""
    name = re.sub(r"[^A-Za-z0-9_]", "_", text) or "_"
    return f"_{name}" if name[0].isdigit() else name


def unique_identifier(text: str, taken: Collection[str]) -> str:
    """Return `text` as an identifier that is not in `taken`."""
    name = base = identifier(text)
    counter = 0
    while name in taken:
        counter += 1
        name = f"{base}_{counter}"
    return name


class Options:
    """The options of one node of a file, checked as they are read.

    Parameters
    ----------
    where : str
        File and node; every message starts with it.
    values : Mapping
        The options by name.
    """

    def __init__(self, where: str, values: Mapping[str, Any]) -> None:
        self.where = where
        self._values = values
        self._read: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def get(self, name: str, default: object = None) -> Any:
        """Return an option unchecked."""
        self._read.add(name)
        return self._values.get(name, default)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return an option that is true or false."""
        value = self.get(name, default)
        if not isinstance(value, bool):
            raise must(self.where, name, "true or false", value)
        return value

    def count(self, name: str, *, most: int = _MAX_COUNT) -> int:
        """Return an option that is an integer of 1 .. `most`."""
        value = self.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
            raise must(self.where, name, f"an integer from 1 to {most}", value)
        return value

    def positive(self, name: str) -> float:
        """Return an option that is a positive finite number."""
        return positive(self.where, name, self.get(name))

    def text(self, name: str) -> str:
        """Return an option that is a string."""
        value = self.get(name)
        if not isinstance(value, str):
            raise must(self.where, name, "a string", value)
        return value

    def choice(self, name: str, known: Collection[str], *, default: str | None = None) -> str:
        """Return an option that is one of the strings `known`."""
        value = self.get(name, default)
        if not isinstance(value, str) or value not in known:
            raise must(self.where, name, f"one of {', '.join(known)}", value)
        return value

    def off(self, name: str, why: str) -> None:
        """Require that an option is absent or switched off."""
        value = self.get(name)
        if value is not None and value is not False:
            raise must(self.where, name, "off", value, advice=why)

    def finish(self, *, ignored: Collection[str] = (), off_is_fine: bool = False) -> None:
        """Refuse options that nobody read, by name.

        Parameters
        ----------
        ignored : collection of str
            Options without a meaning for a trained network.
        off_is_fine : bool
            Accept an unknown option whose value is null or false.
        """
        for name in sorted(set(self._values) - self._read - set(ignored)):
            value = self._values[name]
            if off_is_fine and (value is None or value is False):
                continue
            raise LoadError(
                f"{self.where}: {show(name)} must be a known option, but it is not "
                f"(its value is {show(value)})"
            )


def positive(where: str, what: str, value: object) -> float:
    """Return `value` as a positive finite float, or raise `LoadError`."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isfinite(number) and number > 0:
            return number
    raise must(where, what, "a positive finite number", value)
