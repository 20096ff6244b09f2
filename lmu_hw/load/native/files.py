# SPDX-License-Identifier: Apache-2.0
"""The own form in `.npz` and `.safetensors` files: exact float64, deterministic bytes."""

from __future__ import annotations

import io
import json
import math
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import LoadError
from lmu_hw.files import write_file
from lmu_hw.lmu import Network
from lmu_hw.load.check import json_object, must, show
from lmu_hw.load.containers.archive import MAX_CONFIG, MAX_WEIGHTS, Archive
from lmu_hw.load.native.form import build
from lmu_hw.load.native.form_write import Form, take_apart
from lmu_hw.load.tensors import Array, Tensor, package, widen

__all__ = ["HEADER", "load_npz", "load_safetensors", "network_bytes", "read_npz", "save"]

HEADER = "lmu_hw"
"""Name of the header: a key of the safetensors metadata, or an array of the npz."""

_EPOCH = (1980, 1, 1, 0, 0, 0)
_MAGIC = b"\x93NUMPY"
_LENGTH_BYTES = {b"\x01\x00": 2, b"\x02\x00": 4}  # of the header, by version
_MAX_HEADER = 10_000
_DESCRIPTION = re.compile(
    rb"\{'descr': (?P<descr>.{1,80}), 'fortran_order': (?P<fortran>True|False), "
    rb"'shape': \((?P<shape>[0-9, ]{0,60})\),? *\}\s*"
)
_FLOATS = {b"f2": "float16", b"f4": "float32", b"f8": "float64"}


def save(network: Network, path: Path) -> None:
    """Write a network in one move; the suffix, `.npz` or `.safetensors`, chooses the file.

    Raises
    ------
    LoadError
        If the suffix is another one, or the file cannot be written.
    NetworkError
        If a name is not an identifier, or a memory is not what its discretizer gives.
    """
    raw = network_bytes(network, path)
    try:
        write_file(path, raw)
    except OSError as error:
        raise LoadError(f"{path}: must be writable, but {error.strerror}") from error


def network_bytes(network: Network, path: Path) -> bytes:
    """Return what `save` writes."""
    writers = {".npz": _npz_bytes, ".safetensors": _safetensors_bytes}
    if path.suffix not in writers:
        raise must(str(path), "the suffix", " or ".join(writers), path.suffix)
    header, tensors = take_apart(network)
    header["notes"] = list(network.notes)
    return writers[path.suffix](path, (header, tensors))


def load_npz(path: Path) -> Network:
    """Return the network of an own-form `.npz` file."""
    with Archive(path) as archive:
        where = f"{path}: array {HEADER!r}"
        header = _text(where, archive.read(f"{HEADER}.npy", most=MAX_CONFIG))
        tensors, room = {}, MAX_WEIGHTS
        for name in archive.names:
            if name == f"{HEADER}.npy":
                continue
            if not name.endswith(".npy"):
                raise must(str(path), "every member of the archive", "a .npy array", name)
            raw = archive.read(name, most=room)
            room -= len(raw)
            key = name.removesuffix(".npy")
            tensors[key] = _floats(f"{path}: array {show(key)}", raw)
    return build(str(path), _header(path, header), tensors)


def read_npz(path: Path) -> dict[str, Tensor]:
    """Return the arrays of an `.npz` file that is not of the own form."""
    tensors, room = {}, MAX_WEIGHTS
    with Archive(path) as archive:
        for name in archive.names:
            raw = archive.read(name, most=room)
            room -= len(raw)
            key = name.removesuffix(".npy")
            tensors[key] = _array(f"{path}: array {show(key)}", raw)
    return tensors


def load_safetensors(path: Path, header: str, tensors: Mapping[str, Tensor]) -> Network:
    """Return the network of an own-form `.safetensors` file with that header text."""
    description = _header(path, header)
    return build(str(path), description, {name: tensor.read() for name, tensor in tensors.items()})


def _header(path: Path, text: str) -> dict[str, Any]:
    return json_object(text, f"{path}: header {HEADER!r}")


def _text(where: str, raw: bytes) -> str:
    """Return the text of a `.npy` member: one string of UTF-32."""
    descr, _, shape, data = _npy(where, raw)
    width = re.fullmatch(rb"'([<>])U(\d+)'", descr)
    if width is None:
        raise must(where, "the data", "text", descr.decode("latin-1").strip("'"))
    if shape:
        raise must(where, "the shape", "that of a single string, ()", shape)
    if int(width[2]) * 4 != len(data):
        raise must(where, "the data", f"{width[2].decode()} characters", f"{len(data)} bytes")
    try:
        return data.decode("utf-32-le" if width[1] == b"<" else "utf-32-be").rstrip("\0")
    except UnicodeDecodeError as error:
        raise LoadError(f"{where} must be text, but {error}") from error


def _floats(where: str, raw: bytes) -> Array:
    """Return the floats of a `.npy` member in float64."""
    array = _array(where, raw)
    if array.kind not in _FLOATS.values():
        raise must(where, "the data", "float16, float32 or float64", array.kind)
    if len(array.shape) > 2 or not all(array.shape):
        raise must(where, "the shape", "non-empty, of 2 axes at most", array.shape)
    return array.read()


def _array(where: str, raw: bytes) -> Tensor:
    """Return a `.npy` member, of whose data only floats are ever read."""
    descr, fortran, shape, data = _npy(where, raw)
    kind = re.fullmatch(rb"'([<>])(f[248])'", descr)
    if kind is None:
        name = descr.decode("latin-1").strip("'")
        return Tensor(where=where, kind=name, shape=shape, data=lambda: np.zeros(0))
    if math.prod(shape) * int(kind[2][1:]) != len(data):
        raise must(where, "the shape", f"of its {len(data)} bytes", shape)

    def values() -> Array:
        floats = widen(data, _FLOATS[kind[2]], order=kind[1].decode())
        return floats.reshape(shape, order="F" if fortran else "C")

    return Tensor(where=where, kind=_FLOATS[kind[2]], shape=shape, data=values)


def _npy(where: str, raw: bytes) -> tuple[bytes, bool, tuple[int, ...], bytes]:
    """Take a `.npy` member apart: type, Fortran order, shape, and data.

    The header is matched and not evaluated; NumPy writes it in no other way.
    """
    if raw[:6] != _MAGIC:
        raise LoadError(f"{where} must be a .npy array, but starts with {raw[:6]!r}")
    if raw[6:8] not in _LENGTH_BYTES:
        raise must(where, "the npy version", "1.0 or 2.0", tuple(raw[6:8]))
    start = 8 + _LENGTH_BYTES[raw[6:8]]
    length = int.from_bytes(raw[8:start], "little")
    if length > min(_MAX_HEADER, len(raw) - start):
        room = min(_MAX_HEADER, len(raw) - start)
        raise must(where, "the npy header", f"at most {room} bytes", length)
    header = raw[start : start + length]
    match = _DESCRIPTION.fullmatch(header)
    if match is None:
        raise LoadError(f"{where} must be a .npy array, but its header is {show(header)}")
    axes = [axis for axis in match["shape"].replace(b" ", b"").split(b",") if axis]
    shape = tuple(map(int, axes))
    return match["descr"], match["fortran"] == b"True", shape, raw[start + length :]


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
    numpy = package(path, "safetensors.numpy")
    arrays = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    return numpy.save(arrays, metadata={HEADER: _json(header)})


def _json(header: dict[str, Any]) -> str:
    return json.dumps(header, sort_keys=True)
