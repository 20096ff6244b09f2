# SPDX-License-Identifier: Apache-2.0
"""State dicts in the zip archives that `torch.save` writes: `data.pkl`, and a file a storage."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from lmu_hw.load.check import must, show
from lmu_hw.load.containers.archive import MAX_WEIGHTS, Archive
from lmu_hw.load.containers.pickle import Strided, read_pickle
from lmu_hw.load.containers.symbols import STORAGES
from lmu_hw.load.state import StateFile, state_file
from lmu_hw.load.tensors import Array, Tensor, widen

__all__ = ["PICKLE", "read_state"]

PICKLE = "data.pkl"
_MAX_PICKLE = 1 << 19  # some 3,500 tensors
_ORDERS = {b"little": "<", b"big": ">"}


def read_state(path: Path, archive: Archive) -> StateFile:
    """Return the tensors of a state dict; their data is read while `archive` is open.

    Raises
    ------
    LoadError
        If the archive holds a pickle that needs more than
        `read_pickle` knows, no state dict, or a tensor outside its storage.
    """
    pickles = [name for name in archive.names if name.split("/")[-1] == PICKLE]
    if len(pickles) != 1:
        raise must(str(path), "the pickle", f"one {PICKLE}", pickles)
    stem = pickles[0].removesuffix(PICKLE)
    order = "<"
    if f"{stem}byteorder" in archive.names:
        text = archive.read(f"{stem}byteorder", most=16)
        if text not in _ORDERS:
            raise must(f"{path}: {stem}byteorder", "the byte order", "little or big", text)
        order = _ORDERS[text]
    where = f"{path}: {pickles[0]}"
    return state_file(
        where,
        read_pickle(where, archive.read(pickles[0], most=_MAX_PICKLE)),
        is_tensor=lambda value: isinstance(value, Strided),
        tensor=lambda name, view: _tensor(path, archive, stem, name, view, order),
        advice="arrays of NumPy in a pickle are not read: numpy.savez writes them by name",
    )


def _tensor(
    path: Path, archive: Archive, stem: str, name: str, view: Strided, order: str
) -> Tensor:
    where = f"{path}: tensor {show(name)}"
    kind, size = STORAGES[view.storage.kind]
    member = f"{stem}data/{view.storage.key}"

    def data() -> Array:
        if math.prod(view.shape) > view.storage.elements:
            rule = f"no larger than its storage of {view.storage.elements} elements"
            advice = "save its .contiguous() copy"
            raise must(where, "the tensor", rule, view.shape, advice=advice)
        raw = archive.read(member, most=MAX_WEIGHTS)
        if len(raw) != size * view.storage.elements:
            rule = f"{view.storage.elements} elements of {kind} long"
            raise must(where, f"the storage {member!r}", rule, f"{len(raw)} bytes")
        values = widen(raw, kind, order=order)[view.offset :]
        strides = [8 * stride for stride in view.strides]
        return np.lib.stride_tricks.as_strided(values, view.shape, strides).copy()

    return Tensor(where=where, kind=kind, shape=view.shape, data=data)
