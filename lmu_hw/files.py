# SPDX-License-Identifier: Apache-2.0
"""Files that this tool writes: in one move, and replaced only where nobody changed them since."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from lmu_hw.errors import ConfigError, LoadError

__all__ = [
    "SEAL",
    "Ledger",
    "is_digest_table",
    "is_unchanged",
    "read_json",
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
    target = path.resolve()
    if target.exists() and not target.is_file():
        target.write_bytes(data)
        return
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as folder:
        temporary = Path(folder) / "new"
        temporary.write_bytes(data)
        os.replace(temporary, target)


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
