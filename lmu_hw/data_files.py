# SPDX-License-Identifier: Apache-2.0
"""Data of others: arrays, tables and sound, as the arrays that a network is run on.

=========  =======================================================================================
``.npy``   the array
``.npz``   its array; of several, the one that ``FILE.npz:NAME`` names, or `values` (`labels`).
           Beside data, `lengths` or `mask` say how long each sequence is; arrays `arr_0`, `arr_1`,
           ... are sequences, each of its own length
``.csv``   a row is a step, a column a feature; names in the first row, if there are any, pick
           columns: ``FILE.csv:ax,ay``. A column `sequence` says which sequence a row is of;
           they may be of different lengths
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
from typing import Any, BinaryIO
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from lmu_hw.arrays import load_array
from lmu_hw.errors import LoadError, NetworkError
from lmu_hw.sequences import Sequences, array_or_sequences

__all__ = ["Data", "read_data", "sample_scale"]

Array = NDArray[Any]

_TABLES = (".csv", ".tsv")
_SEQUENCE = "sequence"
_LENGTHS, _MASK = "lengths", "mask"
_ZIP, _WAV = b"PK\x03\x04", b"RIFF"


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """What a file holds.

    Parameters
    ----------
    values : array or Sequences
        Of data (sequences, steps, features), unless an array in the file has another shape.
        Sequences, if their lengths differ, or those of labels of their steps.
    scale : Fraction or None
        Values are integers times this, by the width of samples; None: nothing says so.
    """

    values: Array | Sequences
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
                return Data(values=_of_archive(file, name, labels=labels))
            if start == _WAV and not labels:
                return _sound(file)
            if Path(path).suffix.lower() in _TABLES:
                return Data(values=_table(file, name, labels=labels))
            return Data(values=load_array(file))
    except FileNotFoundError:
        raise LoadError(f"{path or repr(path)}: there is no such file") from None
    except OSError as error:
        raise LoadError(f"{path}: must be a .npy array of numbers: {error.strerror}") from None
    except (ValueError, NetworkError) as error:
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


def _of_archive(file: BinaryIO, name: str, *, labels: bool) -> Array | Sequences:
    """Return the array of an archive that is meant, of its lengths if it has some."""
    try:
        with np.load(file, allow_pickle=False) as archive:
            names = archive.files
            if name and name not in names:
                raise ValueError(f"has no array {name!r}, but {', '.join(names[:8])}")
            sequences = [] if name or labels else _one_by_one(archive)
            if sequences:
                return Sequences.of(sequences, what="its arrays")
            name = name or _meant(names, "labels" if labels else "values")
            array = _member(archive, name)
            says = [key for key in (_LENGTHS, _MASK) if key in names and key != name]
            if labels or not says or array.ndim not in (2, 3):
                return array
            if len(says) > 1:
                raise ValueError(f"must hold {_LENGTHS} or {_MASK}, not both")
            if says == [_MASK]:
                return array_or_sequences(_masked(array, _member(archive, _MASK)))
            return array_or_sequences(_cut(array, _member(archive, _LENGTHS)))
    except (BadZipFile, EOFError, KeyError, MemoryError) as error:
        raise ValueError(f"must be a whole .npz archive: {error}") from None


def _member(archive: Any, name: str) -> Array:
    array = io.BytesIO()
    np.save(array, archive[name], allow_pickle=False)
    array.seek(0)
    return load_array(array)


def _meant(names: list[str], usual: str) -> str:
    """Return the name of the only array, or of the one with the usual name."""
    others = [name for name in names if name not in (_LENGTHS, _MASK)]
    if len(others) == 1 or usual in others:
        return usual if usual in others else others[0]
    rule = f"one of them must be {usual}, or named, as FILE.npz:NAME"
    raise ValueError(f"holds {len(names)} arrays, {', '.join(names[:8])}: {rule}")


def _one_by_one(archive: Any) -> list[Array]:
    """Return the sequences of ``np.savez(file, *sequences)``; none if it is another archive."""
    names = [f"arr_{number}" for number in range(len(archive.files))]
    if len(names) < 2 or sorted(archive.files) != sorted(names):
        return []
    arrays = [_member(archive, name) for name in names]
    widths = {array.shape[1:] for array in arrays}
    return arrays if len(widths) == 1 and arrays[0].ndim == 2 else []


def _cut(array: Array, lengths: Array) -> Sequences:
    """Return padded sequences, or steps behind each other, by their lengths."""
    if array.ndim == 3:
        return Sequences(padded=array, lengths=lengths)
    if lengths.ndim != 1 or lengths.dtype.kind not in "iu" or lengths.min(initial=1) < 1:
        raise ValueError(f"{_LENGTHS} must be positive integers, one for each sequence")
    if lengths.sum() != len(array):
        beside = "; `labels=True` reads what stands beside steps" * (len(lengths) == len(array))
        raise ValueError(
            f"{_LENGTHS} must sum to the {len(array)} steps that there are, not to {lengths.sum()}"
            f"{beside}"
        )
    return Sequences.of(np.split(array, np.cumsum(lengths)[:-1].astype(np.int64)))


def _masked(array: Array, mask: Array) -> Sequences:
    """Return padded sequences whose steps a mask marks as true, behind each other."""
    if array.ndim != 3 or mask.shape != array.shape[:2] or not np.isin(mask, (0, 1)).all():
        rule = f"true or false for each step, of the shape {array.shape[:2]}"
        raise ValueError(f"{_MASK} must be {rule}, not {mask.dtype} of shape {mask.shape}")
    mask = mask.astype(bool)
    first, lengths = mask.argmax(axis=1), mask.sum(axis=1)
    places = np.arange(mask.shape[1]) - first[:, None]
    gaps = np.flatnonzero((mask != ((places >= 0) & (places < lengths[:, None]))).any(axis=1))
    if len(gaps):
        raise ValueError(
            f"{_MASK} must mark steps behind each other in every sequence, but those of sequence "
            f"{gaps[0]} have gaps"
        )
    order = (np.arange(mask.shape[1]) + first[:, None]) % mask.shape[1]
    return Sequences(padded=np.take_along_axis(array, order[:, :, None], axis=1), lengths=lengths)


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


def _table(file: BinaryIO, name: str, *, labels: bool) -> Array | Sequences:
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
        ends = np.flatnonzero(keys[1:] != keys[:-1]) + 1
        if len(np.unique(keys)) <= len(ends):
            raise ValueError(f"rows of one {_SEQUENCE} must follow each other: sort them by it")
        sequences = Sequences.of(np.split(values, ends))
        if labels and not sequences.even:
            return sequences
        values = array_or_sequences(sequences)
    elif not labels:
        values = values[None]
    if labels and isinstance(values, np.ndarray) and values.shape[-1] == 1:
        return values[..., 0]
    return values


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
