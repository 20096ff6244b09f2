# SPDX-License-Identifier: Apache-2.0
"""NIR files, read with the package `nir` once it is known what they would take."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from lmu_hw.errors import LoadError
from lmu_hw.load.check import must, reason, show
from lmu_hw.load.containers.archive import MAX_WEIGHTS
from lmu_hw.load.keras.weights import opened, subgroup
from lmu_hw.load.nir.graph import read_graph
from lmu_hw.load.state import Described
from lmu_hw.load.tensors import package

__all__ = ["is_nir", "load_nir"]

_RATIO, _FREE = 20, 8 << 20
_MAX_NODES = 10_000


def is_nir(path: Path) -> bool:
    """Say whether an HDF5 file holds a graph of NIR."""
    h5py = package(path, "h5py")
    if path.stat().st_size > MAX_WEIGHTS:
        return False
    with opened(str(path), path.read_bytes(), h5py) as file:
        node = subgroup(str(path), file, "node", h5py)
        return node is not None and subgroup(str(path), node, "nodes", h5py) is not None


def load_nir(path: Path) -> Described:
    """Return what a NIR file says of its layers.

    The window that is stated is the time constant of its leaky integrators, in steps.

    Raises
    ------
    LoadError
        If the package `nir` is not there, or the file is damaged.
    """
    h5py, nir = package(path, "h5py"), package(path, "nir", extra="nir")
    where = str(path)
    with opened(where, path.read_bytes(), h5py) as file:
        _require_small(path, file, h5py)
    try:
        graph = nir.read(path)
    except Exception as error:  # whatever it makes of a file that is none of its own
        raise LoadError(f"{path}: must be a NIR graph, but {reason(error)}") from error
    if not isinstance(graph, nir.NIRGraph):
        raise must(where, "the file", "a NIR graph", type(graph).__name__)
    return Described(network=partial(read_graph, where, path.stem, graph))


def _require_small(path: Path, file: Any, h5py: Any) -> None:
    """Refuse what would take more room than the file should."""
    most = max(_FREE, _RATIO * path.stat().st_size)
    total = 0
    for count, dataset in enumerate(_datasets(path, file, h5py)):
        total += dataset.nbytes
        if total > most or count > 10 * _MAX_NODES or dataset.external or dataset.is_virtual:
            rule = f"in the file, and at most {most} bytes"
            raise must(str(path), "its arrays", rule, f"{total} bytes in {show(dataset.name)}")


def _datasets(path: Path, group: Any, h5py: Any) -> Iterator[Any]:
    pending = [group]
    while pending:
        group = pending.pop()
        for name in group:
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise LoadError(f"{path}: {show(name)} must be in the file, not a link elsewhere")
            member = group[name]
            if isinstance(member, h5py.Dataset):
                yield member
            else:
                pending.append(member)
