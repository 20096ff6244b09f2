# SPDX-License-Identifier: Apache-2.0
"""Records as TOML with comments, for people to edit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lmu_hw.fixed import FixedFormat
from lmu_hw.records.schema import fields_of, head_of, is_record, tag_of
from lmu_hw.records.write import encode

__all__ = ["toml_lines"]

Path = tuple[str, ...]
Entry = tuple[str, Any, str]
"""Key, value and comment."""


def toml_lines(record: Any, *, shown: Callable[[Path, str], bool]) -> list[str]:
    """Return a record as lines of TOML; `decode` reads what they say.

    Records and dictionaries in it become tables behind the rest; None is left out.

    Parameters
    ----------
    record : dataclass
    shown : callable
        Told the path of a table and a key, says whether to write a sparse field that has its
        default.
    """
    return _Writer(shown).table(record, (), "", "")


@dataclass(frozen=True, slots=True)
class _Writer:
    shown: Callable[[Path, str], bool]

    def table(self, record: Any, path: Path, heading: str, note: str) -> list[str]:
        """Return what stands in a table, and the tables below it, whose names begin so."""
        if isinstance(record, Mapping):
            lines, entries = [], iter((key, value, note) for key, value in record.items())
        else:
            lines, entries = [f"# {line}" for line in head_of(record)], self.entries(record, path)
        tables: list[str] = []
        for key, value, text in entries:
            name = json.dumps(key, ensure_ascii=False) if isinstance(record, Mapping) else key
            if isinstance(value, FixedFormat):
                text = f"{value.width} bits, {text}" if text else f"{value.width} bits"
            comment = text and f"  # {text}"
            if not isinstance(value, Mapping) and not is_record(type(value)):
                lines.append(f"{name} = {json.dumps(encode(value))}{comment}")
                continue
            if not _holds_records(value):
                tables += [""] * (len(path) < 2)  # what belongs to a part stays close to it
                tables.append(f"[{heading}{name}]{comment}")
            tables += self.table(value, (*path, key), f"{heading}{name}.", text)
        return lines + tables

    def entries(self, record: Any, path: Path) -> Iterator[Entry]:
        if (tag := tag_of(type(record))) is not None:
            yield "kind", tag, ""
        for field in fields_of(type(record)):
            value = getattr(record, field.name)
            if field.flat:
                yield from self.entries(value, path)
            elif value is not None and (self.shown(path, field.key) or not field.omitted(value)):
                yield field.key, value, field.note


def _holds_records(value: Any) -> bool:
    return isinstance(value, Mapping) and any(is_record(type(item)) for item in value.values())
