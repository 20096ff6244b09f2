# SPDX-License-Identifier: Apache-2.0
"""Files as bytes, and the arrays of `.npz` and `.safetensors` files, read strictly."""

from __future__ import annotations

import hashlib
import io
import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lmu_verify.errors import BadFile
from lmu_verify.fields import Fields, parse_json

__all__ = ["MAX_ORDER", "Arrays", "Tensors", "read_bytes", "read_npz", "read_safetensors", "sha256"]

MAX_ORDER = 4096
_MAX_FILE = 1 << 31
_MAX_HEADER = 1 << 26
_KINDS = {"I8": "<i1", "I16": "<i2", "I32": "<i4", "I64": "<i8", "F64": "<f8"}
_MAGIC = b"\x93NUMPY\x01\x00"


class Arrays:
    """The arrays of one file by name; each is asked for with its kind and shape."""

    def __init__(self, where: str, arrays: Mapping[str, np.ndarray]) -> None:
        self.where, self.arrays = where, arrays

    def get(self, name: str, shape: tuple[int, ...] | None, kind: str) -> np.ndarray:
        """Return an array of a kind ("int" or "float64") and, if given, a shape.

        Integers are above ``-2**63``, so that their magnitudes fit as well; floats are finite.
        """
        if name not in self.arrays:
            raise BadFile(f"{self.where}: the array {name} is missing")
        array = self.arrays[name]
        if kind != {"i": "int", "f": "float64"}.get(array.dtype.kind):
            raise BadFile(f"{self.where}: {name} must hold {kind}, not {array.dtype}")
        if shape is not None and array.shape != shape:
            raise BadFile(f"{self.where}: {name} must have the shape {shape}, not {array.shape}")
        if kind == "int":
            array = array.astype(np.int64)
            if array.size and int(array.min()) < -(2**63 - 1):
                raise BadFile(f"{self.where}: {name} must hold integers above -2**63")
        elif not np.isfinite(array).all():
            raise BadFile(f"{self.where}: {name} must be finite")
        return array

    def integers(self, name: str, shape: tuple[int, ...] | None) -> np.ndarray:
        """Return an array of integers as Python integers, of any length."""
        return self.get(name, shape, "int").astype(object)


class Tensors(Arrays):
    """The tensors of a safetensors file, and its metadata."""

    def __init__(self, where: str, arrays: Mapping[str, np.ndarray], texts: Fields) -> None:
        super().__init__(where, arrays)
        self.texts = texts


def read_bytes(path: Path) -> bytes:
    """Return a file's bytes, or raise `BadFile`."""
    try:
        if path.stat().st_size > _MAX_FILE:
            raise BadFile(f"{path} must have at most {_MAX_FILE} bytes")
        return path.read_bytes()
    except OSError as error:
        raise BadFile(f"{path} must be readable, but {error.strerror}") from None


def sha256(data: bytes) -> str:
    """Return the SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def read_safetensors(path: Path) -> Tensors:
    """Return the tensors of a file whose header describes each of its bytes once."""
    data = read_bytes(path)
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or not 2 <= length <= min(len(data) - 8, _MAX_HEADER):
        raise BadFile(f"{path} must be a whole safetensors file")
    header = Fields(str(path), parse_json(str(path), _text(path, data[8 : 8 + length])))
    body = data[8 + length :]
    entries = {name: header.object(name) for name in header.values if name != "__metadata__"}
    arrays, end = {}, 0
    for name, entry in sorted(entries.items(), key=lambda item: _offsets(item[1])):
        start, stop = _offsets(entry)
        kind = np.dtype(_KINDS[entry.choice("dtype", _KINDS)])
        shape = tuple(entry.list("shape"))
        if not all(type(axis) is int and 0 <= axis < 1 << 40 for axis in shape) or len(shape) > 8:
            entry.refuse("shape", "a short list of sizes")
        if start != end or stop - start != math.prod(shape) * kind.itemsize or stop > len(body):
            entry.refuse("data_offsets", "the bytes that follow the tensor before, of its shape")
        arrays[name] = np.frombuffer(body[start:stop], kind).reshape(shape)
        end = stop
    if end != len(body):
        raise BadFile(f"{path}: its tensors must have {len(body)} bytes, not {end}")
    return Tensors(str(path), arrays, header.object("__metadata__"))


def _offsets(entry: Fields) -> tuple[int, int]:
    offsets = entry.list("data_offsets")
    if len(offsets) != 2 or not all(type(place) is int and place >= 0 for place in offsets):
        entry.refuse("data_offsets", "two places")
    return offsets[0], offsets[1]


def read_npz(path: Path) -> tuple[Any, Arrays]:
    """Return the JSON header of a certificate and its arrays; nothing is unpickled."""
    data = read_bytes(path)
    limit, arrays = 8 * MAX_ORDER**2 + 1024, {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            names = [member.filename for member in members]
            if len(set(names)) < len(names):
                raise BadFile(f"{path} must not have a member twice")
            if any(member.file_size > limit for member in members):
                raise BadFile(f"{path}: no array may have more than {limit} bytes")
            for name in names:
                arrays[name.removesuffix(".npy")] = _npy(path, name, archive.read(name))
    except BadFile:
        raise
    except Exception as error:  # whatever zipfile and zlib meet
        raise BadFile(f"{path} must be a whole archive of numpy.savez, but {error}") from None
    header = arrays.pop("header", None)
    if header is None or header.dtype != np.uint8:
        raise BadFile(f"{path}: header must hold the bytes of a text")
    return parse_json(f"{path}: header", _text(path, header.tobytes())), Arrays(str(path), arrays)


def _npy(path: Path, name: str, data: bytes) -> np.ndarray:
    """Return an array of int64, float64 or bytes."""
    if not name.endswith(".npy") or not data.startswith(_MAGIC):
        raise BadFile(f"{path}: {name} must be an array of NumPy, version 1.0")
    try:
        array = np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
    except Exception as error:  # whatever numpy and its tokenizer meet
        raise BadFile(f"{path}: {name} cannot be read: {error}") from None
    if array.dtype not in (np.int64, np.float64, np.uint8) or not array.dtype.isnative:
        raise BadFile(f"{path}: {name} must hold int64, float64 or bytes, not {array.dtype}")
    return array


def _text(path: Path, data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise BadFile(f"{path} must hold UTF-8, but {error}") from None
