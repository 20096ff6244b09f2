# SPDX-License-Identifier: Apache-2.0
"""What takes long to make, kept between runs: under the digest of all that it is made from.

An entry is one file, written in one move, that begins with the digest of its content. So processes
share a folder without waiting for each other, and what is damaged or cut short is as if it were not
there. A user works on a copy: an entry may go at any time.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lmu_hw.errors import ConfigError
from lmu_hw.files import write_file

__all__ = ["LIMIT", "VARIABLE", "Cache", "digest_of", "opened", "standard_folder"]

VARIABLE = "LMU_HW_CACHE"
"""Environment variable that names the folder."""

LIMIT = 1 << 30
"""Bytes in all."""

_NAME = re.compile(r"[0-9a-f]{64}\.kept", re.ASCII)
_MAGIC = b"lmu_hw keeps this for a while\n"
_HEAD = len(_MAGIC) + hashlib.sha256().digest_size


def digest_of(made_from: Any) -> str:
    """Return the digest of what JSON can say."""
    return hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()


def standard_folder() -> Path:
    """Return where entries are kept unless another folder is named, as XDG says for caches."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if Path(base).is_absolute() else Path("~/.cache").expanduser()) / "lmu_hw"


def opened(folder: str | Path | None) -> Cache:
    """Return the cache in a folder that was named; None: in the standard one.

    Raises
    ------
    ConfigError
        If the folder cannot be written to, unless it is one that nobody named.
    """
    what = f"${VARIABLE}" if folder is None else "`cache`"
    named = folder is not None or os.environ.get(VARIABLE)
    path = standard_folder() if folder is None else Path(folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
        usable = os.access(path, os.W_OK | os.X_OK)
    except OSError:
        usable = False
    if not usable and named:
        raise ConfigError(
            f"{what} must be a folder that can be written to, not {os.fspath(path)!r}"
        )
    return Cache(path if usable else None)


@dataclass(frozen=True, slots=True)
class Cache:
    """A folder of entries.

    Parameters
    ----------
    folder : Path or None
        None: nothing is kept.
    limit : int
        Bytes that the entries may take; those that were not used for longest go first. Only files
        that this class wrote are counted and removed.
    """

    folder: Path | None
    limit: int = LIMIT

    def get(self, digest: str) -> bytes | None:
        """Return the content of an entry; None if there is none that is whole."""
        if self.folder is None:
            return None
        path = self._path(self.folder, digest)
        try:
            data = path.read_bytes()
            os.utime(path)  # used now
        except OSError:
            return None
        content = data[_HEAD:]
        return content if data[:_HEAD] == _head(content) else None

    def put(self, digest: str, content: bytes) -> None:
        """Keep a content, unless there is no room: what cannot be kept is made again."""
        if self.folder is None or len(content) + _HEAD > self.limit:
            return
        with suppress(OSError):
            write_file(self._path(self.folder, digest), _head(content) + content)
        self._evict(self.folder)

    def _evict(self, folder: Path) -> None:
        """Remove entries until the others are within the limit."""
        entries = sorted(_entries(folder))
        total = sum(size for _, _, size in entries)
        for _, path, size in entries:
            if total <= self.limit:
                break
            with suppress(OSError):
                path.unlink()
            total -= size

    @staticmethod
    def _path(folder: Path, digest: str) -> Path:
        return folder / f"{digest}.kept"


def _head(content: bytes) -> bytes:
    return _MAGIC + hashlib.sha256(content).digest()


def _entries(folder: Path) -> Iterator[tuple[int, Path, int]]:
    """Yield when each entry was used last, where it is, and its size in bytes."""
    for path in folder.iterdir():
        if not _NAME.fullmatch(path.name) or path.is_symlink():
            continue
        with suppress(OSError), path.open("rb") as file:
            if file.read(len(_MAGIC)) == _MAGIC:
                status = os.fstat(file.fileno())
                yield status.st_mtime_ns, path, status.st_size
