# SPDX-License-Identifier: Apache-2.0
"""States in `.npz` files: an array of codes for each vector, by its name."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import numpy as np

from lmu_hw.arrays import load_array
from lmu_hw.errors import LoadError
from lmu_hw.files import write_file
from lmu_hw.network import State

__all__ = ["read_state", "write_state"]


def read_state(path: str) -> dict[str, Any]:
    """Return the arrays in an archive, by name.

    Raises
    ------
    LoadError
        If the file is missing or damaged, or one of them is no array of numbers.
    """
    try:
        with ZipFile(path) as archive:
            return {
                name.removesuffix(".npy"): load_array(io.BytesIO(archive.read(name)))
                for name in archive.namelist()
            }
    except FileNotFoundError:
        raise LoadError(f"{path or repr(path)}: there is no such file") from None
    except (OSError, ValueError, BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise LoadError(f"{path}: must be a .npz archive of codes: {error}") from None


def write_state(path: str, state: State) -> None:
    """Write an archive in one move, or raise `LoadError`."""
    stream = io.BytesIO()
    arrays: dict[str, Any] = {**state}
    np.savez(stream, **arrays)
    try:
        write_file(Path(path), stream.getvalue())
    except OSError as error:
        raise LoadError(f"{path}: cannot be written: {error.strerror or error}") from None
