# SPDX-License-Identifier: Apache-2.0
"""Reading members of a zip archive that nobody vouches for."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

from lmu_hw.errors import LoadError
from lmu_hw.load._check import show

__all__ = ["MAX_CONFIG", "MAX_WEIGHTS", "Archive"]

MAX_CONFIG = 16 << 20
"""Most bytes of a JSON member."""
MAX_WEIGHTS = 2 << 30
"""Most bytes of all weights together."""
_MAX_RATIO = 1000
_RATIO_FREE = 1 << 20  # a small member may be as compressible as it likes


class Archive:
    """An open zip archive whose members are read whole, within limits.

    Parameters
    ----------
    path : Path
        The archive; every message starts with it.

    Raises
    ------
    LoadError
        If the file is not a zip archive, or two members have the same name.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise LoadError(f"{path}: must be a whole zip archive, but {error}") from error
        self.names = self._zip.namelist()
        if len(set(self.names)) != len(self.names):
            self._zip.close()
            raise LoadError(f"{path}: members of the archive must have different names")

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def read(self, name: str, *, most: int) -> bytes:
        """Return the bytes of a member that is not larger than `most`.

        Raises
        ------
        LoadError
            If it is missing, damaged, encrypted, too large, or a zip bomb.
        """
        where = f"{self._path}: {show(name)}"
        if name not in self.names:
            raise LoadError(f"{where} must be in the archive, which holds {show(self.names)}")
        info = self._zip.getinfo(name)
        if info.file_size > most:
            raise LoadError(f"{where} must be at most {most} bytes, not {info.file_size}")
        allowed = max(_RATIO_FREE, _MAX_RATIO * info.compress_size)
        if info.file_size > allowed:
            raise LoadError(
                f"{where} must not grow more than {_MAX_RATIO} times when unpacked, "
                f"but {info.compress_size} bytes become {info.file_size}"
            )
        try:
            with self._zip.open(info) as member:
                raw = member.read(info.file_size + 1)
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            OSError,
            RuntimeError,  # encrypted
            NotImplementedError,  # unknown compression
            ValueError,
        ) as error:
            raise LoadError(f"{where} must be readable, but {error}") from error
        if len(raw) != info.file_size:
            raise LoadError(f"{where} must have {info.file_size} bytes, not {len(raw)}")
        return raw
