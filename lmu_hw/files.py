# SPDX-License-Identifier: Apache-2.0
"""Files that this tool writes: in one move, and replaced only where nobody changed them since."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from lmu_hw.errors import ConfigError, LoadError

__all__ = [
    "SEAL",
    "Ledger",
    "exchange",
    "is_digest_table",
    "is_unchanged",
    "read_json",
    "resolved",
    "sealed",
    "sha256",
    "write_file",
]

SEAL = "sha256"
"""Key of a JSON object under which the digest of everything before it stands."""


_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)?", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


def sha256(data: bytes) -> str:
    """Return the SHA-256 of `data` in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def write_file(path: Path, data: bytes) -> None:
    """Write a file in one move: nobody ever sees half of it.

    A link is followed; a device or a pipe is written to and stays what it is.

    Raises
    ------
    OSError
        If it cannot be written; what was there is still there.
    """
    target = resolved(path)
    if target.exists() and not target.is_file():
        target.write_bytes(data)
        return
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as folder:
        temporary = Path(folder) / "new"
        temporary.write_bytes(data)
        os.replace(temporary, target)


def resolved(path: Path) -> Path:
    """Return the absolute path behind all links, or raise `OSError` if they lead in a circle."""
    try:
        return path.resolve()
    except RuntimeError:
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from None


def exchange(folder: Path, contents: Mapping[str, bytes], stale: Collection[str]) -> None:
    """Write files into a folder and remove others: all of it or nothing.

    The new files are written beside the old ones; then names are exchanged, which takes about a
    millisecond. If that fails, everything is moved back, and what cannot be stays in a hidden
    folder beside it: nothing that was there is lost.

    Parameters
    ----------
    folder : Path
        Created if need be, with its parents.
    contents : mapping of name to content
    stale : collection of str
        Names of files to remove.

    Raises
    ------
    OSError
        If anything fails; folders that were made are gone again.
    """
    made = [parent for parent in folder.parents if not parent.exists()]
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        place = folder if folder.exists() else folder.parent
        staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=place))
        try:
            for name, content in contents.items():
                path = staging / "new" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            if folder.exists():
                _move(folder, staging, list(contents), stale)
            else:
                (staging / "new").rename(folder)
        finally:
            if not any(path.is_file() for path in (staging / "earlier").rglob("*")):
                shutil.rmtree(staging)
    finally:
        for parent in made:
            with suppress(OSError):  # it holds the folder
                parent.rmdir()


def _move(folder: Path, staging: Path, new: Collection[str], stale: Collection[str]) -> None:
    """Move files out of a folder and others in, or nothing."""
    earlier = staging / "earlier"
    moves = [(folder / name, earlier / name) for name in (*stale, *new)]
    moves = [(source, place) for source, place in moves if os.path.lexists(source)]
    moves += [(staging / "new" / name, folder / name) for name in new]
    made = {path.parent for _, path in moves if not path.parent.exists()}
    done = []
    try:
        for parent in made:
            parent.mkdir(parents=True, exist_ok=True)
        for source, place in moves:
            done.append((source, place))
            source.rename(place)
    except BaseException:
        for source, place in reversed(done):
            with suppress(OSError):  # it was not moved yet; or it stays where it can be found
                place.rename(source)
        for parent in made - {earlier}:
            with suppress(OSError):
                parent.rmdir()
        raise
    shutil.rmtree(earlier, ignore_errors=True)
    for parent in {(folder / name).parent for name in stale} - {folder}:
        with suppress(OSError):  # something is left in it
            parent.rmdir()


def is_unchanged(path: Path, digest: str) -> bool:
    """Tell whether a file is still what the tool wrote: a plain one, of that SHA-256.

    A link, or a file that somebody protected from writing, belongs to whoever made it so.
    """
    try:
        mode = path.lstat().st_mode
        if not stat.S_ISREG(mode) or not mode & stat.S_IWUSR:
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == digest
    except OSError:
        return False


def read_json(data: bytes) -> Any:
    """Parse JSON without NaN, infinities and repeated keys, or raise `ValueError`."""
    try:
        return json.loads(data, parse_constant=_refuse, object_pairs_hook=_different)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def sealed(document: Mapping[str, Any]) -> bytes:
    """Return a JSON object as text that ends with the SHA-256 of what it says."""
    digest = sha256(json.dumps(document, indent=2, allow_nan=False).encode())
    return (json.dumps({**document, SEAL: digest}, indent=2) + "\n").encode()


def is_digest_table(value: object) -> bool:
    """Tell whether `value` maps names of files, in a folder or one below it, to SHA-256."""
    return isinstance(value, dict) and all(
        _NAME.fullmatch(name) and isinstance(digest, str) and _SHA256.fullmatch(digest)
        for name, digest in value.items()
    )


class Ledger:
    """The results that the tool left in a folder: which, and their SHA-256 when it wrote them.

    Parameters
    ----------
    path : Path
        Of the ledger, a JSON file beside the results.
    subject : str
        What they are results of.
    """

    def __init__(self, path: Path, subject: str) -> None:
        self.path, self._subject = path, subject

    def digests(self) -> dict[str, str]:
        """Return the SHA-256 of every result by name; none without a ledger.

        Raises
        ------
        LoadError
            If the ledger is damaged, or of another subject.
        """
        if not os.path.lexists(self.path):
            return {}
        try:
            data = self.path.read_bytes()
            digests = read_json(data)["files"]
            whole = is_digest_table(digests) and self._text(digests) == data
        except (OSError, ValueError, LookupError, TypeError):
            whole, digests = False, {}
        if not whole:
            raise LoadError(
                f"{self.path}: is damaged, or lists results of something else; move it away with "
                "the results beside it, and run what wrote them again"
            )
        return digests

    def check(self, *names: str) -> None:
        """Raise unless results of these names may be written: before they are computed.

        Raises
        ------
        ConfigError
            If a file that the tool did not write, or that was changed since, is in the way, or the
            folder cannot be written to.
        LoadError
            If the ledger is damaged.
        """
        digests, folder = self.digests(), self.path.parent
        for name in names:
            path = folder / name
            if os.path.lexists(path) and not is_unchanged(path, digests.get(name, "")):
                raise ConfigError(
                    f"{path}: would be overwritten, but this tool did not write it, or it was "
                    "changed since; move it away"
                )
        if folder.exists() and not os.access(folder, os.W_OK | os.X_OK):
            raise ConfigError(f"{folder}: must be a folder that can be written to")

    def read(self, name: str) -> bytes | None:
        """Return a result as it was written; None if there is none.

        Raises
        ------
        LoadError
            If it was changed since, or is none of these results.
        """
        path = self.path.parent / name
        if not os.path.lexists(path):
            return None
        try:
            data = path.read_bytes() if path.is_file() else b""
        except OSError as error:
            raise LoadError(f"{path}: cannot be read: {error.strerror}") from None
        if self.digests().get(name) != sha256(data):
            raise LoadError(
                f"{path}: is damaged, was changed since it was written, or belongs to something "
                "else; move it away, and run what wrote it again"
            )
        return data

    def write(self, name: str, result: bytes | Path) -> None:
        """Write a result, or move a file to where it belongs, and note its SHA-256.

        Raises
        ------
        ConfigError, LoadError
            As `check` does.
        """
        self.check(name)
        target = self.path.parent / name
        if isinstance(result, bytes):
            digest = sha256(result)
            write_file(target, result)
        else:
            with result.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            shutil.move(result, target)
        write_file(self.path, self._text({**self.digests(), name: digest}))

    def _text(self, digests: dict[str, str]) -> bytes:
        return sealed({"of": self._subject, "files": dict(sorted(digests.items()))})


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"it holds {name}")


def _different(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a key is there twice")
    return values
