# SPDX-License-Identifier: Apache-2.0
"""The folder of a design: its files, their digests, and what may be replaced in it.

``manifest.json`` lists every file that was generated with its SHA-256, and ends with its own;
``results.json`` does the same for what simulations, implementations and reports left since. Files
are read only as they were written. Only files that are as they were written are ever replaced or
removed: whatever else lies in the folder is the user's.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lmu_hw.errors import ConfigError, LmuHwError, LoadError
from lmu_hw.files import (
    SEAL,
    Ledger,
    exchange,
    is_digest_table,
    is_unchanged,
    read_json,
    resolved,
    sealed,
    sha256,
)

__all__ = ["DesignFolder"]

_AGAIN = "generate the design again, in another folder"


class DesignFolder:
    """The files of one design.

    Parameters
    ----------
    directory : str or Path
        Need not exist.
    """

    MANIFEST = "manifest.json"
    RESULTS = "results.json"
    RTL = "rtl"
    NETWORK = "design.safetensors"
    REFERENCE = "reference.safetensors"
    CONFIG = "config.toml"
    CALIBRATION = "calibration.npy"
    REFIT = "refit.json"
    CERTIFICATE = "certificate.npz"
    """Claims and witnesses, for the checker."""
    SUMMARY = "certificate.json"
    """The same for reading."""
    SIMULATION = "simulation.json"
    IMPLEMENTATION = "implement.json"
    PROOF = "proof.json"
    REPORT = "report.json"
    PAGE = "report.html"

    GENERATED = (NETWORK, REFERENCE, CONFIG, CALIBRATION, REFIT, CERTIFICATE, SUMMARY)
    """What is generated beside the manifest and the Verilog."""

    def __init__(self, directory: str | Path) -> None:
        if not os.fspath(directory):
            raise ConfigError("a design must be in a folder, which must have a name, not ''")
        self.path = Path(directory)

    @property
    def manifest(self) -> dict[str, Any]:
        """What was generated, without the digest of the manifest itself.

        Raises
        ------
        LoadError
            If there is no design, or its manifest is damaged, edited, or of an earlier version.
        """
        path = self.path / self.MANIFEST
        if not path.is_file():
            raise LoadError(
                f"{self.path}: must be a folder written by 'lmu-hw generate', but there is no "
                f"{self.MANIFEST} in it"
            )
        try:
            data = path.read_bytes()
            manifest = read_json(data)
        except OSError as error:
            raise LoadError(f"{path}: cannot be read: {error.strerror}") from None
        except ValueError as error:
            raise LoadError(f"{path}: is damaged ({error}); {_AGAIN}") from None
        if not isinstance(manifest, dict) or "lmu_hw" not in manifest:
            raise LoadError(f"{path}: must be written by 'lmu-hw generate'; {_AGAIN}")
        if SEAL not in manifest or not is_digest_table(manifest.get("files")):
            raise LoadError(
                f"{path}: must list every file with its SHA-256; it is damaged, or an earlier "
                f"version wrote it; {_AGAIN}"
            )
        del manifest[SEAL]
        if sealed(manifest) != data:
            raise LoadError(f"{path}: is damaged, or was changed since it was generated; {_AGAIN}")
        return manifest

    @property
    def digests(self) -> dict[str, str]:
        """SHA-256 of every file that was generated beside the manifest, by name."""
        return self.manifest["files"]

    @property
    def results(self) -> Ledger:
        """What simulations and reports left here."""
        return Ledger(self.path / self.RESULTS, sha256(sealed(self.manifest)))

    def read(self, name: str) -> bytes:
        """Return the content of a file as it was generated.

        Raises
        ------
        LoadError
            If it is missing, or is not what was generated.
        """
        return self._read(name, self.digests)

    def check(self) -> None:
        """Raise `LoadError` unless every file that a design is made of is as it was generated.

        Verilog, ROMs, and the files that are made for those who build them into something may be
        edited: they are not read again.
        """
        digests = self.digests
        for name in self.GENERATED:
            self._read(name, digests)

    @property
    def emitted(self) -> tuple[str, ...]:
        """Names of what is made of the design: Verilog, ROMs, and all that belongs to them."""
        return tuple(name for name in self.digests if name not in self.GENERATED)

    @property
    def rtl(self) -> tuple[str, ...]:
        """Names of the Verilog and ROM files."""
        return tuple(filter(self._is_rtl, self.digests))

    def changed_rtl(self) -> tuple[str, ...]:
        """Return the names of Verilog and ROM files that were changed since they were generated.

        Raises
        ------
        LoadError
            If one is missing.
        """
        return tuple(
            name
            for name, digest in self.digests.items()
            if self._is_rtl(name) and sha256(self._content(name)) != digest
        )

    def _is_rtl(self, name: str) -> bool:
        return name.startswith(f"{self.RTL}/") and name.endswith((".v", ".hex"))

    def _read(self, name: str, digests: Mapping[str, str]) -> bytes:
        data = self._content(name)
        if sha256(data) != digests.get(name):
            advice = f"restore it, or {_AGAIN}"
            if name == self.CONFIG:
                advice = "'lmu-hw generate --config' makes a design of it"
            raise LoadError(
                f"{self.path / name}: is damaged, or was changed since it was generated; {advice}"
            )
        return data

    def _content(self, name: str) -> bytes:
        path = self.path / name
        if not path.is_file():
            raise LoadError(f"{self.path}: must hold {name}, which is missing; {_AGAIN}")
        try:
            return path.read_bytes()
        except OSError as error:
            raise LoadError(f"{path}: cannot be read: {error.strerror}") from None

    def holds(self, path: Path) -> bool:
        """Tell whether a path is that of a file of this design, or of a result of it."""
        try:
            owned = {*self._owned(), self.RESULTS}
        except LmuHwError:  # it is no design that can be read
            return False
        return resolved(path) in {self._target / name for name in owned}

    def check_target(
        self,
        *,
        name: str | None = None,
        config: str | None = None,
        others: Sequence[str] = (),
    ) -> None:
        """Raise unless a design may be written here: before any work.

        Parameters
        ----------
        name : str, optional
            Of the design, with which the names of its Verilog and ROM files begin.
        config : str, optional
            The configuration file that will be written.
        others : sequence of str
            Patterns of the names of other files that may be written.

        Raises
        ------
        ConfigError, LoadError
            If this is neither new, nor empty, nor an earlier design; if it cannot be written to; or
            if a file that is in the way was changed since it was generated, or is not the tool's.
        """
        existing = next(path for path in (self._target, *self._target.parents) if path.exists())
        if existing == self._target and not existing.is_dir():
            raise ConfigError(
                f"{self.path}: the output must be a new folder, an empty one, or an earlier "
                "design, not a file"
            )
        if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
            raise ConfigError(f"{self.path}: the output must be in a folder that can be written to")
        owned = self._owned()
        contents: dict[str, bytes | None] = dict.fromkeys(self.GENERATED)
        if name is not None:
            top = f"{self.RTL}/{name}.v"
            roms = [file for file in owned if file.startswith(f"{self.RTL}/{name}_")]
            contents |= dict.fromkeys((top, *roms))
            others = (*others, f"{self.RTL}/{name}__*.hex")
        for pattern in others:
            there = self._target.glob(pattern)
            contents |= dict.fromkeys(path.relative_to(self._target).as_posix() for path in there)
        if config is not None:
            contents[self.CONFIG] = config.encode()
        self._require_free(contents, owned)

    def replace(self, files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> None:
        """Write a design, in place of an earlier one if there is one; all of it or nothing.

        Files of the earlier design and its results go, if they are as the tool wrote them; files
        that would be written as they are stay untouched.

        Parameters
        ----------
        files : mapping of name to content
            All but the manifest.
        manifest : mapping
            Gets a table of the files; see `digests`.

        Raises
        ------
        ConfigError, LoadError
            As `check_target` does, or if the disk is full.
        """
        table = {name: sha256(files[name]) for name in sorted(files)}
        contents = {**files, self.MANIFEST: sealed({**manifest, "files": table})}
        owned, target = self._owned(), self._target
        self._require_free(contents, owned)
        stale = [
            name
            for name in owned
            if name not in contents and is_unchanged(target / name, owned[name])
        ]
        new = [name for name in contents if not is_unchanged(target / name, sha256(contents[name]))]
        try:
            exchange(target, {name: contents[name] for name in new}, stale)
        except OSError as error:
            raise ConfigError(
                f"{self.path}: cannot be written: {error.strerror or error}"
            ) from None

    @property
    def _target(self) -> Path:
        try:
            return resolved(self.path)
        except OSError as error:
            raise ConfigError(f"{self.path}: cannot be the output: {error.strerror}") from None

    def _owned(self) -> dict[str, str]:
        """Return the SHA-256 that every file of an earlier design had when the tool wrote it."""
        target = self._target
        if not target.exists() or not any(target.iterdir()):
            return {}
        try:
            manifest = self.manifest
        except LoadError as error:
            raise ConfigError(
                f"{self.path}: the output must be a new folder, an empty one, or an earlier "
                f"design; it holds other files ({error})"
            ) from None
        results = self.results.digests()
        if results:
            results[self.RESULTS] = sha256((target / self.RESULTS).read_bytes())
        return {**manifest["files"], **results, self.MANIFEST: sha256(sealed(manifest))}

    def _require_free(self, contents: Mapping[str, bytes | None], owned: dict[str, str]) -> None:
        """Raise `ConfigError` unless files may be written: new, or as the tool wrote them.

        A file that has the content already may be anybody's: it stays. None: not known yet.
        """
        target = self._target
        for folder in {(target / name).parent for name in (*contents, *owned)} - {target}:
            if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
                raise ConfigError(f"{folder}: must be a folder, and no link to one")
            if folder.exists() and not os.access(folder, os.W_OK | os.X_OK):
                raise ConfigError(f"{folder}: must be a folder that can be written to")
        for name, content in contents.items():
            path = target / name
            written = [owned.get(name), None if content is None else sha256(content)]
            if os.path.lexists(path) and not any(is_unchanged(path, sha or "") for sha in written):
                raise ConfigError(
                    f"{self.path / name}: would be overwritten, but it was changed since it was "
                    f"generated, or is not of this tool; {self._advice(name)}"
                )

    def _advice(self, name: str) -> str:
        advice = "move it away, or name another output folder"
        if name == self.CONFIG:
            advice = f"to generate from it, give `config` {self.path / name}; or {advice}"
        return advice
