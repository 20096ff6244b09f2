# SPDX-License-Identifier: Apache-2.0
"""Data of others: arrays, tables and sound, as the arrays that a network is run on.

=========  =======================================================================================
``.npy``   the array
``.npz``   its array; of several, the one that ``FILE.npz:NAME`` names
``.csv``   a row is a step, a column a feature; names in the first row, if there are any, pick
           columns: ``FILE.csv:ax,ay``. A column `sequence` says which sequence a row is of
``.wav``   a frame is a step, a channel a feature; samples of n bits are k / 2^(n-1), in -1 to 1
=========  =======================================================================================

What a file is, its content says; a table is known by its name.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from lmu_hw.arrays import load_array
from lmu_hw.errors import LoadError

__all__ = ["Data", "read_data", "sample_scale"]

Array = NDArray[np.generic]

_TABLES = (".csv", ".tsv")
_SEQUENCE = "sequence"
_ZIP, _WAV = b"PK\x03\x04", b"RIFF"


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """What a file holds.

    Parameters
    ----------
    values : array
        Of data (sequences, steps, features), unless an array in the file has another shape.
    scale : Fraction or None
        Values are integers times this, by the width of samples; None: nothing says so.
    """

    values: Array
    scale: Fraction | None = None


def read_data(path: str | Path, *, labels: bool = False) -> Data:
    """Return the data, or the labels, in a file.

    Parameters
    ----------
    path : str or Path
        Behind a colon may follow the name of an array, or of columns.
    labels : bool
        A table has labels: a row is a sequence, or a step of one if there is a column `sequence`.

    Raises
    ------
    LoadError
        If the file is missing, damaged, or holds no real numbers.
    """
    path, name = _split(str(path))
    try:
        with io.BufferedReader(io.FileIO(path)) as file:
            start = file.peek(4)[:4]
            if start.startswith(_ZIP):
                return Data(values=_of_archive(file, name))
            if start == _WAV and not labels:
                return _sound(file)
            if Path(path).suffix.lower() in _TABLES:
                return Data(values=_table(file, name, labels=labels))
            return Data(values=load_array(file))
    except FileNotFoundError:
        raise LoadError(f"{path or repr(path)}: there is no such file") from None
    except OSError as error:
        raise LoadError(f"{path}: must be a .npy array of numbers: {error.strerror}") from None
    except ValueError as error:
        raise LoadError(f"{path}: {error}") from None


def sample_scale(path: str | Path) -> Fraction | None:
    """Return what the integers of a sound file are multiplied by; None: there are none."""
    try:
        with Path(path).open("rb") as file:
            is_sound = file.read(4) == _WAV
    except OSError:
        return None
    return read_data(path).scale if is_sound else None


def _split(path: str) -> tuple[str, str]:
    """Return a path and the name behind its colon; a file of the whole name comes first."""
    before, colon, name = path.rpartition(":")
    is_named = colon and Path(before).suffix.lower() in (".npz", *_TABLES)
    return (before, name) if is_named and not Path(path).exists() else (path, "")


def _of_archive(file: BinaryIO, name: str) -> Array:
    try:
        with np.load(file, allow_pickle=False) as archive:
            names = archive.files
            if not name and len(names) != 1:
                rule = "one of them must be named, as FILE.npz:NAME"
                raise ValueError(f"holds {len(names)} arrays, {', '.join(names[:8])}: {rule}")
            name = name or names[0]
            if name not in names:
                raise ValueError(f"has no array {name!r}, but {', '.join(names[:8])}")
            array = io.BytesIO()
            np.save(array, archive[name], allow_pickle=False)
    except (BadZipFile, EOFError, KeyError, MemoryError) as error:
        raise ValueError(f"must be a whole .npz archive: {error}") from None
    array.seek(0)
    return load_array(array)


def _sound(file: BinaryIO) -> Data:
    from scipy.io import wavfile

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", wavfile.WavFileWarning)  # chunks of other programs
            _, frames = wavfile.read(file)
    # SciPy takes the chunks that it needs for granted.
    except (EOFError, TypeError, IndexError, MemoryError, UnboundLocalError) as error:
        raise ValueError(f"must be a whole .wav file: {error}") from None
    frames = frames.reshape(1, len(frames), -1)
    match frames.dtype.kind, frames.dtype.itemsize:
        case "f", _:
            return Data(values=frames)
        case "u", 1:
            codes, bits = frames.astype(np.int64) - 128, 8
        case "i", 4 if not np.any(frames & 255):  # 24 bits stand in the upper ones
            codes, bits = frames.astype(np.int64) >> 8, 24
        case "i", size:
            codes, bits = frames.astype(np.int64), 8 * size
        case _:
            raise ValueError(f"must hold samples of integers or floats, not {frames.dtype}")
    scale = Fraction(1, 1 << (bits - 1))
    return Data(values=codes * float(scale), scale=scale)


def _table(file: BinaryIO, name: str, *, labels: bool) -> Array:
    """Return a table as sequences, or as labels."""
    try:
        lines = [line for line in file.read().decode("utf-8-sig").splitlines() if line.strip()]
    except UnicodeDecodeError:
        raise ValueError("must be a text file in UTF-8") from None
    if not lines:
        raise ValueError("must be a table, not an empty file")
    delimiter = max(",;\t", key=lines[0].count)
    fields = [field.strip().strip('"') for field in lines[0].split(delimiter)]
    header = None if all(map(_is_number, fields)) else fields
    rows = lines[0 if header is None else 1 :]
    values = np.array([_row(row, delimiter, len(fields), n) for n, row in enumerate(rows, 1)])
    if not len(values):
        raise ValueError("must be a table of numbers, not of names alone")
    names = [field.lower() for field in header or ()]
    keys = values[:, names.index(_SEQUENCE)] if _SEQUENCE in names else None
    columns = _columns(header, name, len(fields))
    values = values[:, columns]
    if np.all(values == np.rint(values)) and np.all(np.abs(values) < 2.0**53):
        values = values.astype(np.int64)
    if keys is not None:
        values = _sequences(keys, values)
    elif not labels:
        values = values[None]
    return values[..., 0] if labels and values.shape[-1] == 1 else values


def _columns(header: list[str] | None, name: str, width: int) -> list[int]:
    """Return the columns that are features: those that are named, or all but `sequence`."""
    if header is None:
        if name:
            raise ValueError(f"has no names of columns in its first row, and so none of {name}")
        return list(range(width))
    if not name:
        return [n for n, field in enumerate(header) if field.lower() != _SEQUENCE]
    chosen = [field.strip() for field in name.split(",")]
    for field in chosen:
        if header.count(field) != 1:
            raise ValueError(f"must have one column {field!r}; there are {', '.join(header[:12])}")
    return [header.index(field) for field in chosen]


def _row(text: str, delimiter: str, width: int, number: int) -> list[float]:
    fields = text.split(delimiter)
    if len(fields) != width:
        raise ValueError(f"row {number} must have {width} fields, not {len(fields)}")
    for field in fields:
        if not _is_number(field):
            raise ValueError(f"row {number} must hold numbers, not {field.strip()[:40]!r}")
    return [float(field.strip().strip('"')) for field in fields]


def _is_number(text: str) -> bool:
    try:
        float(text.strip().strip('"'))
    except ValueError:
        return False
    return True


def _sequences(keys: Array, values: Array) -> Array:
    """Return rows as (sequences, steps, features): a sequence ends where its key changes."""
    starts = [0, *(np.flatnonzero(keys[1:] != keys[:-1]) + 1), len(keys)]
    lengths = np.diff(starts)
    if len(set(lengths.tolist())) > 1:
        short, long = int(lengths.min()), int(lengths.max())
        rule = "equally long (pad them, or give them one at a time)"
        raise ValueError(f"all sequences must be {rule}, not of {short} to {long} steps")
    return values.reshape(len(lengths), int(lengths[0]), -1)
