# SPDX-License-Identifier: Apache-2.0
"""Reading members of a zip archive that nobody vouches for."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from itertools import pairwise
from pathlib import Path

from lmu_hw.errors import LoadError
from lmu_hw.load.check import reason, show

__all__ = ["MAX_CONFIG", "MAX_WEIGHTS", "Archive"]

MAX_CONFIG = 16 << 20
"""Most bytes of a JSON member."""
MAX_WEIGHTS = 2 << 30
"""Most bytes of all weights together."""
_MAX_DIRECTORY = 1 << 20  # bytes that list the members: some ten thousand
_MAX_RATIO = 20
_RATIO_FREE = 8 << 20  # a small archive may be as compressible as it likes
_LOCAL_HEADER = 30  # bytes before each member, at least
_TRICKS = re.compile(r"[\0\\]|^/|^[A-Za-z]:|(^|/)\.\.(/|$)")


class Archive:
    """An open zip archive whose members are read whole, within limits.

    Parameters
    ----------
    path : Path
        The archive; every message starts with it.
    packed : bool
        Whether members may be deflated. Other methods unpack without a limit, and are refused.

    Raises
    ------
    LoadError
        If the file is not a zip archive; if its members have the same name, a name that leads out
        of a folder, or bytes in common; if there are too many; or if it is a zip bomb.
    """

    def __init__(self, path: Path, *, packed: bool = True) -> None:
        self._path = path
        self._methods = {zipfile.ZIP_STORED: "stored"}
        if packed:
            self._methods[zipfile.ZIP_DEFLATED] = "deflated"
        try:
            self._file = _Guarded(path)
        except OSError as error:
            raise LoadError(f"{path}: must be readable, but {error.strerror}") from error
        try:
            self._zip = zipfile.ZipFile(self._file)
            self._file.directory = False
            self.names = self._zip.namelist()
            self._check()
        except LoadError:
            self._file.close()
            raise
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            self._file.close()
            raise LoadError(f"{path}: must be a whole zip archive, but {reason(error)}") from error

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()
        self._file.close()

    def _check(self) -> None:
        """Check what the directory of the archive says, before anything is unpacked."""
        if len(set(self.names)) != len(self.names):
            raise LoadError(f"{self._path}: members of the archive must have different names")
        infos = sorted(self._zip.infolist(), key=lambda info: info.header_offset)
        for info in infos:
            where = f"{self._path}: {show(info.orig_filename)}"
            if _TRICKS.search(info.orig_filename):
                raise LoadError(f"{where} must be a plain relative name, without .., \\ and NUL")
            if info.compress_type not in self._methods:
                allowed = " or ".join(self._methods.values())
                raise LoadError(f"{where} must be {allowed}, not of method {info.compress_type}")
        places = [info.header_offset for info in infos] + [self._zip.start_dir]
        for info, (start, end) in zip(infos, pairwise(places), strict=True):
            if start < 0 or start + _LOCAL_HEADER + info.compress_size > end:
                raise LoadError(
                    f"{self._path}: {show(info.filename)} must lie in {end - start} bytes of its "
                    f"own at byte {start}, but has {info.compress_size} and its header"
                )
        unpacked, packed = sum(info.file_size for info in infos), self._path.stat().st_size
        if unpacked > max(_RATIO_FREE, _MAX_RATIO * packed):
            raise LoadError(
                f"{self._path}: the archive must not grow more than {_MAX_RATIO} times when "
                f"unpacked, but {packed} bytes become {unpacked}"
            )

    def read(self, name: str, *, most: int) -> bytes:
        """Return the bytes of a member that is not larger than `most`.

        Raises
        ------
        LoadError
            If it is missing, damaged, encrypted, or too large.
        """
        where = f"{self._path}: {show(name)}"
        try:
            info = self._zip.getinfo(name)
        except KeyError as error:
            members = show(self.names)
            raise LoadError(f"{where} must be in the archive, which holds {members}") from error
        if info.file_size > most:
            raise LoadError(f"{where} must be at most {most} bytes, not {info.file_size}")
        try:
            with self._zip.open(info) as member:
                raw = member.read(info.file_size + 1)
        except (
            zipfile.BadZipFile,
            zlib.error,
            struct.error,  # a header cut short
            EOFError,
            OSError,
            RuntimeError,  # encrypted
            NotImplementedError,  # a version to come
            ValueError,
        ) as error:
            raise LoadError(f"{where} must be readable, but {reason(error)}") from error
        if len(raw) != info.file_size:
            raise LoadError(f"{where} must have {info.file_size} bytes, not {len(raw)}")
        return raw


class _Guarded(io.BufferedReader):
    """A file of whose zip directory no more is read than a machine can stand."""

    def __init__(self, path: Path) -> None:
        super().__init__(io.FileIO(path))
        self.path = path
        self.directory = True

    def read(self, size: int | None = -1, /) -> bytes:
        """Read; while the directory is read, at most `_MAX_DIRECTORY` bytes at once."""
        if self.directory and size is not None and size > _MAX_DIRECTORY:
            raise LoadError(
                f"{self.path}: the directory of the archive must be at most {_MAX_DIRECTORY} "
                f"bytes, not {size}"
            )
        return super().read(size)
