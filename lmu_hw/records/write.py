# SPDX-License-Identifier: Apache-2.0
"""Records as JSON values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Any

import numpy as np

from lmu_hw.fixed import FixedFormat
from lmu_hw.records.schema import fields_of, is_record, tag_of

__all__ = ["OMIT", "Put", "Trail", "encode"]

Trail = tuple[tuple[Any, str], ...]
"""Where a value stands: records and the names of their fields, from the outermost on."""

Put = Callable[[Any, Trail], Any]
"""Takes an array, and returns the JSON value that stands for it; `OMIT`: none does."""

OMIT = object()


def encode(
    value: Any,
    *,
    put: Put | None = None,
    digits: int | None = None,
    lists: tuple[type, ...] = (),
) -> Any:
    """Return a record, or records in lists and dictionaries, as JSON values.

    Parameters
    ----------
    value : dataclass, list, tuple or mapping
    put : callable, optional
        Where arrays go; without it there must be none.
    digits : int, optional
        Significant digits of floats; all of them if not given.
    lists : tuple of type
        Records that are written as lists of their fields.
    """
    return _Encoder(put=put, digits=digits, lists=lists).value(value, ())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Encoder:
    put: Put | None
    digits: int | None
    lists: tuple[type, ...]

    def value(self, value: Any, trail: Trail) -> Any:
        match value:
            case FixedFormat():
                return value.notation()
            case Fraction():
                return str(value)
            case Enum():
                return value.value
            case None | bool() | str():
                return value
            case int() | np.integer():
                return int(value)
            case float() | np.floating():
                return float(value if self.digits is None else f"{value:.{self.digits}g}")
            case list() | tuple():
                return [self.value(item, trail) for item in value]
            case Mapping():
                return {str(key): self.value(item, trail) for key, item in value.items()}
            case np.ndarray() if self.put is not None:
                return self.put(value, trail)
            case _ if is_record(type(value)):
                entry = self.record(value, trail)
                return list(entry.values()) if isinstance(value, self.lists) else entry
            case _:
                raise TypeError(f"a record must not hold {value!r}")

    def record(self, record: Any, trail: Trail) -> dict[str, Any]:
        tag = tag_of(type(record))
        entry: dict[str, Any] = {} if tag is None else {"kind": tag}
        for field in fields_of(type(record)):
            value, place = getattr(record, field.name), (*trail, (record, field.name))
            if field.flat:
                entry |= self.record(value, place)
            elif not field.omitted(value):
                encoded = self.value(value, place)
                if encoded is not OMIT:
                    entry[field.key] = encoded
        return entry
