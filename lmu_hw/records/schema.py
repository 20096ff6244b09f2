# SPDX-License-Identifier: Apache-2.0
"""What a dataclass says of its fields in files."""

from __future__ import annotations

import dataclasses
import json
import re
from functools import cache
from typing import Any, TypeGuard, get_type_hints

from lmu_hw.fixed import FixedFormat

__all__ = ["Field", "fields_of", "head_of", "is_record", "keys_of", "quoted", "stored", "tag_of"]

_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_STORED = "stored"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Stored:
    key: str = ""
    flat: bool = False
    sparse: bool = False
    aside: bool = False
    head: bool = False
    note: str = ""


def stored(
    key: str = "",
    *,
    flat: bool = False,
    sparse: bool = False,
    aside: bool = False,
    head: bool = False,
    note: str = "",
) -> dict[str, Any]:
    """Return the metadata of a field, for `dataclasses.field`.

    Parameters
    ----------
    key : str
        Its name in files, if that is another one.
    flat : bool
        It is a record whose fields stand among those of the record around it.
    sparse : bool
        It is left out where it has its default.
    aside : bool
        It is in no file.
    head : bool
        It is in no file, but its lines are comments at the beginning of the record's table.
    note : str
        A comment behind it in TOML.
    """
    how = _Stored(key=key, flat=flat, sparse=sparse, aside=aside or head, head=head, note=note)
    return {_STORED: how}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of a record in files; `default` is `dataclasses.MISSING` where there must be one.

    What is `derived` from the others (``init=False``) is written, and may be left out.
    """

    name: str
    key: str
    hint: Any
    default: Any
    flat: bool
    sparse: bool
    derived: bool
    note: str

    def omitted(self, value: Any) -> bool:
        """Tell whether a value is left out of the file."""
        if not self.sparse or self.default is None:
            return self.sparse and value is None  # an array is no truth value
        return value == self.default


@cache
def fields_of(kind: Any) -> tuple[Field, ...]:
    """Return the fields of a dataclass that are in files, in order."""
    hints, fields = get_type_hints(kind), []
    for field in dataclasses.fields(kind):
        how = field.metadata.get(_STORED, _Stored())
        made = field.default_factory
        if not how.aside:
            fields.append(
                Field(
                    name=field.name,
                    key=how.key or field.name,
                    hint=hints[field.name],
                    default=field.default if made is dataclasses.MISSING else made(),
                    flat=how.flat,
                    sparse=how.sparse,
                    derived=not field.init,
                    note=how.note,
                )
            )
    return tuple(fields)


@cache
def keys_of(kind: Any) -> frozenset[str]:
    """Return the keys that a record may have in files."""
    own = {field.key for field in fields_of(kind) if not field.flat}
    return frozenset(own.union(*(keys_of(f.hint) for f in fields_of(kind) if f.flat)))


def head_of(record: Any) -> list[str]:
    """Return the comments at the beginning of a record's table."""
    fields = dataclasses.fields(record)
    names = [f.name for f in fields if f.metadata.get(_STORED, _Stored()).head]
    return [line for name in names for line in getattr(record, name)]


def is_record(kind: object) -> TypeGuard[type]:
    """Tell whether a type is a dataclass that is written as its fields."""
    return isinstance(kind, type) and dataclasses.is_dataclass(kind) and kind is not FixedFormat


def tag_of(kind: Any) -> str | None:
    """Return what a union knows a record by: its class variable `kind`."""
    tag = getattr(kind, "kind", None)
    return tag if isinstance(tag, str) and all(f.name != "kind" for f in fields_of(kind)) else None


def quoted(key: str) -> str:
    """Return a key as TOML, and messages, write it."""
    return key if _BARE.fullmatch(key) else json.dumps(key, ensure_ascii=False)
