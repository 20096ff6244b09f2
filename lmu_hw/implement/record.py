# SPDX-License-Identifier: Apache-2.0
"""``implement.json``: what implementing a design came to, by target."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from lmu_hw.errors import LoadError
from lmu_hw.files import read_json, sha256
from lmu_hw.folder import DesignFolder
from lmu_hw.measure.implementation import Implementation
from lmu_hw.records import decode, encode

__all__ = ["read_implementations", "rtl_digest", "rtl_files", "write_implementations"]


def rtl_files(folder: DesignFolder) -> dict[str, bytes]:
    """Return the Verilog and ROM files of a design as they are, by their names without a folder.

    Raises
    ------
    LoadError
        If one is missing.
    """
    folder.changed_rtl()
    return {Path(name).name: (folder.path / name).read_bytes() for name in folder.rtl}


def rtl_digest(files: Mapping[str, bytes]) -> str:
    """Return the SHA-256 over names and digests of Verilog and ROM files."""
    return sha256("".join(f"{name} {sha256(files[name])}\n" for name in sorted(files)).encode())


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
        return decode(tuple[Implementation, ...], read_json(data), part=True)
    except ValueError as error:
        path = folder.path / folder.IMPLEMENTATION
        raise LoadError(f"{path}: is damaged ({error}); run 'lmu-hw implement' again") from None


def write_implementations(folder: DesignFolder, implementations: Sequence[Implementation]) -> None:
    """Replace ``implement.json`` in one move, in the order of the targets."""
    ordered = sorted(implementations, key=lambda implementation: implementation.target)
    entries = [{**encode(entry), **_follows(entry)} for entry in ordered]
    text = json.dumps(entries, indent=2, ensure_ascii=False) + "\n"
    folder.results.write(folder.IMPLEMENTATION, text.encode())


def _follows(entry: Implementation) -> dict[str, float | None]:
    """Return what follows from the rest, for those who read the file."""
    return {
        "mhz": entry.mhz,
        "samples_per_second": entry.samples_per_second,
        "latency_us": entry.latency_us,
    }
