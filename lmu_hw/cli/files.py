# SPDX-License-Identifier: Apache-2.0
"""Arrays and texts that the user names: read with clear errors, written in one move."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import LoadError, RangeError, SpecError

__all__ = ["about", "check_target", "read_array", "read_text", "write_array", "write_text"]


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
        raise LoadError(f"{path or repr(path)}: there is no such file") from None
    except OSError as error:
        raise LoadError(f"{path}: must be a .npy array of numbers: {error.strerror}") from None
    except MemoryError as error:
        raise LoadError(f"{path}: must be an array that fits in memory: {error}") from None
    except (ValueError, EOFError) as error:
        # What is no array at all is taken for a pickle, which is refused with advice to allow it.
        reason = "it is none, or holds Python objects" if "pickle" in str(error) else error
        raise LoadError(f"{path}: must be a .npy array of numbers: {reason}") from None
    if not isinstance(array, np.ndarray):
        array.close()
        raise LoadError(f"{path}: must be a single .npy array, not an archive")
    if array.dtype.kind not in "biuf":
        raise LoadError(f"{path}: must hold real numbers, not {array.dtype}")
    return array


def read_text(path: str) -> str:
    """Return a text file, or raise `LoadError`."""
    try:
        return Path(path).read_bytes().decode()
    except OSError as error:
        raise LoadError(f"{path or repr(path)}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise LoadError(f"{path}: must be a text file") from None


@contextmanager
def about(path: str | None) -> Iterator[None]:
    """Put the name of a file in front of what is wrong with its content."""
    try:
        yield
    except (RangeError, SpecError) as error:
        raise error if path is None else type(error)(f"{path}: {error}") from None


def check_target(path: str) -> None:
    """Raise `LoadError` if a file cannot be written there: before hours of computing."""
    folder = Path(path).parent
    if not path or Path(path).is_dir():
        raise LoadError(f"{path or repr(path)}: must be a file to write, not a folder")
    if not folder.is_dir():
        raise LoadError(f"{path}: cannot be written: there is no folder {folder}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise LoadError(f"{path}: cannot be written: the folder {folder} is read-only")


def write_array(path: str, array: NDArray[np.generic]) -> None:
    """Write a .npy file in one move, or raise `LoadError`."""
    _write(path, lambda file: np.save(file, array))


def write_text(path: str, text: str) -> None:
    """Write a text file in one move, or raise `LoadError`."""
    _write(path, lambda file: file.write(text.encode()))


def _write(path: str, write: Callable[[IO[bytes]], object]) -> None:
    """Write a file under a temporary name, then move it into place."""
    target = Path(path)
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as folder:
            temporary = Path(folder) / "new"
            with temporary.open("wb") as file:
                write(file)
            temporary.replace(target)
    except OSError as error:
        raise LoadError(f"{path}: cannot be written: {error.strerror or error}") from None
