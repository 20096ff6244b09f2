# SPDX-License-Identifier: Apache-2.0
"""Arrays and texts that the user names: read with clear errors, written in one move."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lmu_hw.data_files import read_data
from lmu_hw.errors import LoadError, NetworkError, RangeError
from lmu_hw.files import resolved, write_file
from lmu_hw.folder import DesignFolder
from lmu_hw.network import QuantizedNetwork
from lmu_hw.sequences import Sequences

__all__ = [
    "about",
    "check_answers",
    "check_target",
    "read_array",
    "read_text",
    "write_answers",
    "write_array",
    "write_text",
]


def read_array(path: str, *, labels: bool = False) -> NDArray[np.generic] | Sequences:
    """Return the data or the labels in a file, or raise `LoadError`; see `lmu_hw.data_files`."""
    return read_data(path, labels=labels).values


def check_answers(path: str, network: QuantizedNetwork, x: Sequences) -> None:
    """Raise `LoadError` if answers of unequal numbers of steps are to be written as one array."""
    if not (network.answers_once or x.even or Path(path).suffix == ".npz"):
        raise LoadError(
            f"{path}: must end in .npz, which holds values and lengths: the sequences answered are "
            f"of {int(x.lengths.min()):,} to {x.longest:,} steps"
        )


def write_answers(path: str, answers: NDArray[np.generic], x: Sequences) -> None:
    """Write answers to sequences: an array, or values and lengths where these differ."""
    if answers.ndim == 2 or x.even:
        write_array(path, answers)
        return
    stream = io.BytesIO()
    np.savez(stream, values=answers, lengths=x.lengths)
    _write(path, stream.getvalue())


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
    except (RangeError, NetworkError) as error:
        raise error if path is None else type(error)(f"{path}: {error}") from None


def check_target(path: str, *inputs: str) -> None:
    """Raise `LoadError` if a file cannot be written there: before hours of computing.

    Parameters
    ----------
    path : str
    *inputs : str
        Files and designs that are read: none of them, and no file of them, may be overwritten.
    """
    target, folder = Path(path), Path(path).parent
    if not path or target.is_dir():
        raise LoadError(f"{path or repr(path)}: must be a file to write, not a folder")
    if not folder.is_dir():
        raise LoadError(f"{path}: cannot be written: there is no folder {folder}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise LoadError(f"{path}: cannot be written: the folder {folder} is read-only")
    for name in inputs:
        if Path(name).is_file() and target.exists() and target.samefile(name):
            raise LoadError(f"{path}: must not be a file that is read, {name}")
    try:
        target = resolved(target)
    except OSError as error:
        raise LoadError(f"{path}: cannot be written: {error.strerror}") from None
    for place in target.parents[:2]:
        if (place / DesignFolder.MANIFEST).is_file() and DesignFolder(place).holds(target):
            raise LoadError(f"{path}: must not be a file of the design in {place}")


def write_array(path: str, array: NDArray[np.generic]) -> None:
    """Write a .npy file in one move, or raise `LoadError`."""
    stream = io.BytesIO()
    np.save(stream, array)
    _write(path, stream.getvalue())


def write_text(path: str, text: str) -> None:
    """Write a text file in one move, or raise `LoadError`."""
    _write(path, text.encode())


def _write(path: str, data: bytes) -> None:
    try:
        write_file(Path(path), data)
    except OSError as error:
        raise LoadError(f"{path}: cannot be written: {error.strerror or error}") from None
