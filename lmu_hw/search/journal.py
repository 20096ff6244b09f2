# SPDX-License-Identifier: Apache-2.0
"""The points of a sweep that are done, on disk: what an interrupted sweep goes on from.

A text file with one JSON value a line. The first names what was measured by its digest, each other
one is a point. A line is written in one piece when its point is done; a last line that was cut off
is forgotten.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from lmu_hw.errors import ConfigError
from lmu_hw.files import read_json
from lmu_hw.records import decode, encode
from lmu_hw.search.lengths import WordLengths
from lmu_hw.search.points import SweepPoint

__all__ = ["Journal", "Points", "journal_key"]

_KEY = "lmu_hw_sweep"


def journal_key(**parts: Any) -> str:
    """Return the SHA-256 of what decides the points of a sweep."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


class Points:
    """The points of one sweep that are done."""

    def __init__(self) -> None:
        self.points: dict[WordLengths, SweepPoint] = {}

    def add(self, point: SweepPoint) -> None:
        """Keep a point."""
        self.points[point.lengths] = point


class Journal(Points):
    """The same on disk.

    Parameters
    ----------
    path : Path
        Created with the first point, folder included.
    key : str
        Of `journal_key`.
    restart : bool
        Forget what is there.

    Raises
    ------
    ConfigError
        If the file belongs to another sweep, or is no journal.
    """

    def __init__(self, path: Path, key: str, *, restart: bool = False) -> None:
        super().__init__()
        self.path, self._key = path, key
        if path.exists():
            self._read(restart=restart)

    def add(self, point: SweepPoint) -> None:
        """Keep a point, and append it to the file."""
        super().add(point)
        new = not self.path.exists()
        if new:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            if new:
                file.write(_line({_KEY: self._key}))
            file.write(_line(encode(point)))

    def _read(self, *, restart: bool) -> None:
        data = self.path.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        if not whole and _line({_KEY: self._key}).startswith(data):  # its first line was cut off
            self.path.unlink()
            return
        first, *lines = whole.splitlines() or [b""]
        advice = "move it away"  # a file of somebody else's
        try:
            key = read_json(first)[_KEY]
            if restart:
                self.path.unlink()
                return
            advice = "move it away, or give `restart`"
            points = [decode(SweepPoint, read_json(line)) for line in lines]
        except (ValueError, TypeError, LookupError):
            raise ConfigError(f"{self.path}: must be the journal of a sweep; {advice}") from None
        if key != self._key:
            raise ConfigError(
                f"{self.path}: belongs to a sweep of another model, other data, other labels or "
                "other options; finish that one with its own command, or give `restart`"
            )
        self.points = {point.lengths: point for point in points}
        if len(whole) < len(data):
            with self.path.open("r+b") as file:
                file.truncate(len(whole))


def _line(entry: dict[str, Any]) -> bytes:
    return json.dumps(entry, sort_keys=True, allow_nan=False).encode() + b"\n"
