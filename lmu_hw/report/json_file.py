# SPDX-License-Identifier: Apache-2.0
"""The JSON file of a report: sorted, without NaN, and read back to an equal report."""

from __future__ import annotations

import json
from typing import Any

from lmu_hw.errors import LoadError
from lmu_hw.files import read_json
from lmu_hw.folder import DesignFolder
from lmu_hw.measure.results import Report
from lmu_hw.records import OtherVersion, decode, encode, without_version

__all__ = ["read_report", "to_json"]

VERSION = 10


def to_json(value: Any, **more: Any) -> str:
    """Return sorted, indented JSON of a dataclass, with arrays of numbers on one line each."""
    document = {"version": VERSION, **encode(value), **more}
    return _layout(document, "") + "\n"


def _layout(value: Any, indent: str) -> str:
    deeper = indent + "  "
    if isinstance(value, dict) and value:
        items = [
            f"{deeper}{json.dumps(key)}: {_layout(value[key], deeper)}" for key in sorted(value)
        ]
        return "{\n" + ",\n".join(items) + f"\n{indent}}}"
    if isinstance(value, list | tuple) and any(isinstance(v, dict | list | tuple) for v in value):
        return "[\n" + ",\n".join(deeper + _layout(v, deeper) for v in value) + f"\n{indent}]"
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def read_report(folder: DesignFolder) -> Report:
    """Read the report that `write_report` left in a design's folder.

    Raises
    ------
    LoadError
        If there is none, or if it is damaged, changed, of another version or another design.
    """
    path = folder.path / folder.REPORT
    again = f"run 'lmu-hw report {folder.path}'"
    data = folder.results.read(folder.REPORT)
    if data is None:
        raise LoadError(f"{folder.path}: holds no {folder.REPORT}; {again} first")
    try:
        entry = without_version(read_json(data), VERSION)
        entry.pop("verdict", None)  # what follows from the rest, in words
        return decode(Report, entry)
    except OtherVersion as error:
        raise LoadError(
            f"{path}: is of another version of lmu-hw ({error}); {again} again"
        ) from None
    except ValueError as error:
        raise LoadError(f"{path}: is damaged ({error}); {again} again") from None
