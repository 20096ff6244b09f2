# SPDX-License-Identifier: Apache-2.0
"""``implement.json``: what implementing a design came to, by target."""

from __future__ import annotations

import json
from collections.abc import Sequence

from lmu_hw.errors import LoadError
from lmu_hw.files import read_json
from lmu_hw.folder import DesignFolder
from lmu_hw.measure.implementation import Implementation
from lmu_hw.records import decode, encode

__all__ = ["read_implementations", "write_implementations"]


def read_implementations(folder: DesignFolder) -> tuple[Implementation, ...]:
    """Return what is in the folder's ``implement.json``; nothing if there is no such file.

    Raises
    ------
    LoadError
        If the file is damaged.
    """
    data = folder.results.read(folder.IMPLEMENTATION)
    if data is None:
        return ()
    try:
        return decode(tuple[Implementation, ...], read_json(data))
    except ValueError as error:
        path = folder.path / folder.IMPLEMENTATION
        raise LoadError(f"{path}: is damaged ({error}); run 'lmu-hw implement' again") from None


def write_implementations(folder: DesignFolder, implementations: Sequence[Implementation]) -> None:
    """Replace ``implement.json`` in one move, in the order of the targets."""
    ordered = sorted(implementations, key=lambda implementation: implementation.target)
    text = json.dumps(encode(ordered), indent=2, ensure_ascii=False) + "\n"
    folder.results.write(folder.IMPLEMENTATION, text.encode())
