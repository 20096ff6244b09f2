# SPDX-License-Identifier: Apache-2.0
"""Records as TOML with comments, for people to edit."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from lmu_hw.fixed import FixedFormat
from lmu_hw.records.schema import fields_of, head_of, is_record, quoted
from lmu_hw.records.write import encode

__all__ = ["toml_lines"]

Path = tuple[str, ...]


def toml_lines(record: Any, path: Path = (), *, full: Callable[[Path], bool]) -> list[str]:
    """Return a record as lines of TOML; `decode` reads what they say.

    Records and dictionaries in it become tables behind the rest; None is left out.

    Parameters
    ----------
    record : dataclass or mapping of str
    path : tuple of str
        Of its table.
    full : callable
        Told the path of a table, says whether it has sparse fields with their default, too.
    """
    lines: list[str] = []
    tables: list[str] = []
    for key, value, note in _entries(record, full=full(path)):
        if isinstance(value, FixedFormat):
            note = f"{value.width} bits, {note}" if note else f"{value.width} bits"
        comment = note and f"  # {note}"
        if isinstance(value, Mapping) or is_record(type(value)):
            place = (*path, key)
            if not isinstance(value, Mapping) or not any(
                is_record(type(v)) for v in value.values()
            ):
                tables += [""] * (len(place) < 3)  # what belongs to a part stays close to it
                tables.append(f"[{'.'.join(map(quoted, place))}]{comment}")
            tables += toml_lines(value, place, full=full)
        else:
            lines.append(f"{quoted(key)} = {json.dumps(encode(value))}{comment}")
    return [f"# {line}" for line in _head(record)] + lines + tables


def _head(record: Any) -> list[str]:
    return [] if isinstance(record, Mapping) else head_of(record)


def _entries(record: Any, *, full: bool) -> list[tuple[str, Any, str]]:
    """Return keys, values and comments."""
    if isinstance(record, Mapping):
        return [(key, value, "") for key, value in record.items()]
    entries = []
    for field in fields_of(type(record)):
        value = getattr(record, field.name)
        if field.flat:
            entries += _entries(value, full=full)
        elif value is not None and (full or not field.omitted(value)):
            entries.append((field.key, value, field.note))
    return entries
