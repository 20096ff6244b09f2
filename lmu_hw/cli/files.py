# SPDX-License-Identifier: Apache-2.0
"""Arrays and texts that the user names: read with clear errors, written in one move."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import LoadError

__all__ = ["read_array", "read_text", "write_array"]


def read_array(path: str) -> NDArray[np.generic]:
    """Return the array in a .npy file.

    Raises
    ------
    LoadError
        If the file is missing, damaged, pickled, or holds no numbers.
    """
    try:
        array = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise LoadError(f"{path}: there is no such file") from None
    except (OSError, ValueError, EOFError) as error:
        raise LoadError(f"{path}: must be a .npy array of numbers: {error}") from None
    if not isinstance(array, np.ndarray):
        array.close()
        raise LoadError(f"{path}: must be a single .npy array, not an archive")
    if array.dtype.kind not in "biuf":
        raise LoadError(f"{path}: must hold real numbers, not {array.dtype}")
    return array


def read_text(path: str) -> str:
    """Return a text file, or raise `LoadError`."""
    try:
        return Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise LoadError(f"{path}: cannot be read: {error}") from None


def write_array(path: str, array: NDArray[np.generic]) -> None:
    """Write a .npy file under a temporary name, then move it into place.

    Raises
    ------
    LoadError
        If the folder cannot be written to.
    """
    target = Path(path)
    try:
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    except OSError as error:
        raise LoadError(f"{path}: cannot be written: {error.strerror}") from None
    try:
        with os.fdopen(handle, "wb") as file:
            np.save(file, array)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(target)
    finally:
        Path(temporary).unlink(missing_ok=True)
