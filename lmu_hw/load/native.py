# SPDX-License-Identifier: Apache-2.0
"""The own form in `.npz` and `.safetensors` files: exact float64, deterministic bytes."""

from __future__ import annotations

import io
import json
import math
import tokenize
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import LoadError
from lmu_hw.lmu import Network
from lmu_hw.load._archive import MAX_CONFIG, MAX_WEIGHTS, Archive
from lmu_hw.load._check import json_object, must, show
from lmu_hw.load._form import Form, build, take_apart
from lmu_hw.load._tensors import read_safetensors, safetensors_package

__all__ = ["HEADER", "load_npz", "load_safetensors", "save"]

Array = NDArray[np.float64]

HEADER = "lmu_hw"
"""Name of the header: a key of the safetensors metadata, or an array of the npz."""

_EPOCH = (1980, 1, 1, 0, 0, 0)


def save(network: Network, path: Path) -> None:
    """Write a network; the suffix, `.npz` or `.safetensors`, chooses the file.

    Raises
    ------
    LoadError
        If the suffix is another one, or the file cannot be written.
    SpecError
        If a name is not an identifier, or a memory is not what its discretizer gives.
    """
    writers = {".npz": _npz_bytes, ".safetensors": _safetensors_bytes}
    if path.suffix not in writers:
        raise must(str(path), "the suffix", " or ".join(writers), path.suffix)
    header, tensors = take_apart(network)
    header["notes"] = list(network.notes)
    raw = writers[path.suffix](path, (header, tensors))
    try:
        path.write_bytes(raw)
    except OSError as error:
        raise LoadError(f"{path}: must be writable, but {error.strerror}") from error


def load_npz(path: Path) -> Network:
    """Return the network of an own-form `.npz` file."""
    with Archive(path) as archive:
        raw = archive.read(f"{HEADER}.npy", most=4 * MAX_CONFIG)
        header = _npy(f"{path}: array {HEADER!r}", raw, kinds="U")
        if header.ndim:
            raise must(str(path), f"array {HEADER!r}", "a single string", header.shape)
        tensors = {}
        room = MAX_WEIGHTS
        for name in archive.names:
            if name == f"{HEADER}.npy":
                continue
            if not name.endswith(".npy"):
                raise must(str(path), "every member of the archive", "a .npy array", name)
            raw = archive.read(name, most=room)
            room -= len(raw)
            key = name.removesuffix(".npy")
            array = _npy(f"{path}: array {show(key)}", raw, kinds="f")
            tensors[key] = array.astype(np.float64)
    return build(str(path), _header(path, _text(path, header)), tensors)


def load_safetensors(path: Path, header: str) -> Network:
    """Return the network of an own-form `.safetensors` file with that header text."""
    description = _header(path, header)
    return build(str(path), description, read_safetensors(path))


def _header(path: Path, text: str) -> dict[str, Any]:
    return json_object(text, f"{path}: header {HEADER!r}")


def _text(path: Path, array: NDArray[np.generic]) -> str:
    # NumPy itself stumbles over code points that do not exist.
    codec = "utf-32-be" if array.dtype.str[0] == ">" else "utf-32-le"
    try:
        return array.tobytes().decode(codec).rstrip("\0")
    except UnicodeDecodeError as error:
        raise LoadError(f"{path}: array {HEADER!r} must be text, but {error}") from error


def _npy(where: str, raw: bytes, *, kinds: str) -> NDArray[np.generic]:
    """Return the array of a `.npy` member, believing its header only as far as its bytes go."""
    stream = io.BytesIO(raw)
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    try:
        version = np.lib.format.read_magic(stream)
        if version not in readers:
            raise must(where, "the npy version", "1.0 or 2.0", version)
        shape, fortran, dtype = readers[version](stream)
    except LoadError:
        raise
    except (ValueError, TypeError, SyntaxError, tokenize.TokenError, RecursionError) as error:
        raise LoadError(f"{where} must be a .npy array, but {show(str(error))}") from error
    if dtype.kind not in kinds or (dtype.kind == "f" and dtype.itemsize > 8) or not dtype.itemsize:
        kind = "text" if kinds == "U" else "float16, float32 or float64"
        raise must(where, "the data", kind, dtype.str)
    room = len(raw) - stream.tell()
    whole = len(shape) <= 2 and all(n > 0 for n in shape)
    if not whole or math.prod(shape) * dtype.itemsize != room:
        raise must(where, "the shape", f"non-empty, of its {room} bytes and 2 axes at most", shape)
    data = np.frombuffer(raw, dtype=dtype, offset=stream.tell())
    return data.reshape(shape, order="F" if fortran else "C")


def _npz_bytes(_path: Path, form: Form) -> bytes:
    header, tensors = form
    members: dict[str, NDArray[Any]] = {HEADER: np.array(_json(header)), **tensors}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(members):
            member = io.BytesIO()
            array = np.ascontiguousarray(members[name]) if members[name].ndim else members[name]
            np.lib.format.write_array(member, array, version=(1, 0), allow_pickle=False)
            # A fixed date: the same network gives the same bytes.
            info = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
            info.create_system = 3
            info.external_attr = 0o644 << 16
            archive.writestr(info, member.getvalue())
    return stream.getvalue()


def _safetensors_bytes(path: Path, form: Form) -> bytes:
    header, tensors = form
    package = safetensors_package(path)
    arrays = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    return package.numpy.save(arrays, metadata={HEADER: _json(header)})


def _json(header: dict[str, Any]) -> str:
    return json.dumps(header, sort_keys=True)
