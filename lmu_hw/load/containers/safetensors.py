# SPDX-License-Identifier: Apache-2.0
"""Reading `.safetensors` files: a length of 8 bytes, a JSON header, and the data.

Written here rather than left to the package safetensors, whose NumPy part has no bfloat16, and
whose older versions refuse a whole file for one complex tensor that nobody needs.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from lmu_hw.errors import LoadError
from lmu_hw.load.check import json_object, must, show
from lmu_hw.load.containers.archive import MAX_WEIGHTS
from lmu_hw.load.tensors import Array, Tensor, widen

__all__ = ["read_safetensors"]

_MAX_HEADER = 2 << 20  # some 30,000 tensors
_METADATA = "__metadata__"
_SIZES = {
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "C64": 8, "I64": 8, "I32": 4, "I16": 2, "I8": 1,
    "U64": 8, "U32": 4, "U16": 2, "U8": 1, "BOOL": 1,
}  # fmt: skip
_FLOATS = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}


def read_safetensors(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Return the metadata and the tensors by name.

    Raises
    ------
    LoadError
        If the file is damaged: its header must describe every byte of its data exactly once.
    """
    size = path.stat().st_size
    if size > MAX_WEIGHTS:
        raise must(str(path), "the file", f"at most {MAX_WEIGHTS} bytes", size)
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= min(size - 8, _MAX_HEADER):
                room = max(0, min(size - 8, _MAX_HEADER))
                raise _damaged(path, f"its header has {length} bytes where {room} can be")
            raw = file.read(length)
    except OSError as error:
        raise LoadError(f"{path}: must be readable, but {error.strerror}") from error
    header = json_object(raw, f"{path}: must be a whole safetensors file, but the header")
    metadata = header.pop(_METADATA, {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise _damaged(path, f"{_METADATA} is {show(metadata)}, not an object of strings")
    tensors, end = {}, 0
    nodes = {name: _node(path, name, node) for name, node in header.items()}
    for name, (dtype, shape, start, stop) in sorted(nodes.items(), key=lambda item: item[1][2:]):
        if start != end:
            raise _damaged(path, f"tensor {show(name)} starts at {start} and not at {end}")
        end = stop
        tensors[name] = _tensor(path, name, dtype, shape, 8 + length + start)
    if 8 + length + end != size:
        raise _damaged(path, f"its tensors have {end} bytes where there are {size - 8 - length}")
    return metadata, tensors


def _node(path: Path, name: str, node: Any) -> tuple[str, tuple[int, ...], int, int]:
    """Return the type, the shape, and the first and last byte of a tensor."""
    if not isinstance(node, dict) or node.keys() != {"dtype", "shape", "data_offsets"}:
        raise _damaged(path, f"tensor {show(name)} is {show(node)}")
    dtype, shape, offsets = node["dtype"], node["shape"], node["data_offsets"]
    if not _naturals(shape) or not _naturals(offsets) or len(offsets) != 2:
        raise _damaged(path, f"tensor {show(name)} is {show(node)}")
    if not isinstance(dtype, str) or dtype not in _SIZES:
        raise _damaged(
            path, f"tensor {show(name)} must be one of {', '.join(_SIZES)}, not {dtype!r:.80}"
        )
    start, stop = offsets
    if math.prod(shape) * _SIZES[dtype] != stop - start:
        raise _damaged(
            path, f"tensor {show(name)} of shape {show(shape)} has {show(stop - start)} bytes"
        )
    return dtype, tuple(shape), start, stop


def _naturals(values: object) -> bool:
    """Tell whether `values` is a short list of integers from 0 to 2^62."""
    return (
        isinstance(values, list)
        and len(values) <= 8
        and all(type(value) is int and 0 <= value < 1 << 62 for value in values)
    )


def _tensor(path: Path, name: str, dtype: str, shape: tuple[int, ...], place: int) -> Tensor:
    kind = _FLOATS.get(dtype, dtype)

    def data() -> Array:
        with path.open("rb") as file:
            file.seek(place)
            raw = file.read(math.prod(shape) * _SIZES[dtype])
        return widen(raw, kind).reshape(shape)

    return Tensor(where=f"{path}: tensor {show(name)}", kind=kind, shape=shape, data=data)


def _damaged(path: Path, what: str) -> LoadError:
    return LoadError(f"{path}: must be a whole safetensors file, but {what}")
