# SPDX-License-Identifier: Apache-2.0
"""The HDF5 files of Keras, opened without trust: every dataset read is accounted for."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import LoadError
from lmu_hw.load.check import must, show
from lmu_hw.load.containers.archive import MAX_CONFIG, MAX_WEIGHTS
from lmu_hw.load.containers.hdf5 import require_no_loops

__all__ = ["Shape", "Store", "attribute", "opened", "subgroup"]

Array = NDArray[np.float64]
Shape = tuple[int | None, ...]
"""What the options of a layer ask for; None fits any length of 1 or more."""

_MAX_DEPTH = 16
_MAX_OBJECTS = 100_000
_IGNORED_PARTS = ("delay_layer", "seed_generator", "seed_generator_state")


@contextmanager
def opened(where: str, raw: bytes, h5py: Any) -> Iterator[Any]:
    """Open the HDF5 file `raw` with the module `h5py`; its errors become `LoadError`."""
    try:
        require_no_loops(f"{where}: weights", raw)
        with h5py.File(io.BytesIO(raw), "r") as file, np.errstate(invalid="ignore"):
            yield file
    except LoadError:
        raise
    except (
        OSError,
        RuntimeError,
        KeyError,
        ValueError,
        TypeError,
        OverflowError,  # a damaged address, refused by Python's own file object
        MemoryError,  # a damaged size, refused before anything is allocated
    ) as error:
        raise LoadError(f"{where}: the weights must be a whole HDF5 file, but {error}") from error


def attribute(where: str, file: Any, name: str, h5py: Any) -> str | None:
    """Return a text attribute of the file, or None if it is not there."""
    if name not in file.attrs:
        return None
    stored = file.attrs.get_id(name)
    value = None
    if h5py.check_string_dtype(stored.dtype) is not None and stored.shape == ():
        value = file.attrs[name]
    if not isinstance(value, str | bytes) or len(value) > MAX_CONFIG:
        raise LoadError(f"{where}: attribute {name} must be a text of at most {MAX_CONFIG} bytes")
    return value if isinstance(value, str) else value.decode()


def subgroup(where: str, file: Any, name: str, h5py: Any) -> Any | None:
    """Return a group of the file that is no link elsewhere, or None if it is not there."""
    if name not in list(file):  # a link that leads nowhere is there, too
        return None
    is_hard = isinstance(file.get(name, getlink=True), h5py.HardLink)
    if not is_hard or not isinstance(file[name], h5py.Group):
        raise LoadError(f"{where}: {show(name)} must be a group in the file, not a link elsewhere")
    return file[name]


class Store:
    """The datasets of a file by path, taken one at a time.

    Parameters
    ----------
    where : str
        File; every message starts with it.
    root : h5py.Group
        Where paths start.
    h5py : module
    ignored : collection of str
        Groups under the root that mean nothing for a trained network.
    """

    def __init__(self, where: str, root: Any, h5py: Any, *, ignored: Collection[str] = ()) -> None:
        self._where = where
        self._datasets = dict(_walk(f"{where}: weights", root, h5py, ignored))
        self._room = MAX_WEIGHTS

    @property
    def paths(self) -> tuple[str, ...]:
        """Paths of the datasets that nobody has taken."""
        return tuple(self._datasets)

    def take(self, where: str, what: str, path: str, shape: Shape) -> Array:
        """Return a variable in float64 and count it as read.

        Parameters
        ----------
        where, what : str
            Layer and variable, for messages.
        path : str
            Its place in the weights.
        shape : Shape
        """
        dataset = self._datasets.pop(path, None)
        if dataset is None:
            unread = show(sorted(self._datasets)[:8])
            raise LoadError(
                f"{where}: {what} must be in the weights as {show(path)}; left there: {unread}"
            )
        actual = dataset.shape
        if actual is None or len(actual) != len(shape) or not all(map(_fits, actual, shape)):
            rule = "(" + ", ".join("n" if n is None else str(n) for n in shape) + ")"
            raise must(where, f"the shape of {what} ({show(path)[1:-1]})", rule, actual)
        return self._read(f"{where}: {what} ({show(path)[1:-1]})", dataset)

    def arrays(self) -> dict[str, Array]:
        """Return all variables of floats by path, and count them as read."""
        floats = {path: held for path, held in self._datasets.items() if held.dtype.kind == "f"}
        self._datasets = {}
        return {
            path: self._read(f"{self._where}: {show(path)}", dataset)
            for path, dataset in floats.items()
        }

    def discard(self, paths: Iterable[str]) -> None:
        """Count variables as read that mean nothing for a trained network."""
        for path in paths:
            del self._datasets[path]

    def finish(self) -> None:
        """Refuse variables that no layer has read."""
        if self._datasets:
            raise LoadError(
                f"{self._where}: every variable must belong to a layer that is read, but nothing "
                f"reads {show(sorted(self._datasets))}"
            )

    def _read(self, where: str, dataset: Any) -> Array:
        if dataset.dtype.kind != "f" or dataset.dtype.itemsize not in (2, 4, 8):
            raise must(where, "the data", "float16, float32 or float64", str(dataset.dtype))
        # A plain dataset takes its full size in the file: no fill value or filter can inflate it.
        elsewhere = dataset.external or dataset.is_virtual or dataset.chunks is not None
        if elsewhere or dataset.id.get_storage_size() < dataset.nbytes:
            raise LoadError(f"{where} must be stored whole in the file, without compression")
        self._room -= dataset.nbytes
        if self._room < 0:
            raise LoadError(f"{self._where}: all weights must take at most {MAX_WEIGHTS} bytes")
        return np.asarray(dataset[()], dtype=np.float64)


def _fits(have: int, want: int | None) -> bool:
    return have == want or (want is None and have > 0)


def _walk(where: str, root: Any, h5py: Any, ignored: Collection[str]) -> Iterator[tuple[str, Any]]:
    """Yield every dataset by path; links that lead elsewhere, and loops, are refused."""
    pending: list[tuple[str, Any]] = [("", root)]
    count = 0
    while pending:
        prefix, group = pending.pop()
        for name in group:
            path = f"{prefix}{name}"
            parts = path.split("/")
            if parts[0] in ignored or parts[-1].partition(":")[0] in _IGNORED_PARTS:
                continue
            count += 1
            if count > _MAX_OBJECTS or len(parts) > _MAX_DEPTH:
                raise LoadError(
                    f"{where} must hold at most {_MAX_OBJECTS} objects, {_MAX_DEPTH} deep, "
                    f"but go on at {show(path)}"
                )
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise LoadError(f"{where}: {show(path)} must be in the file, not a link elsewhere")
            member = group[name]
            if isinstance(member, h5py.Dataset):
                yield path, member
            elif isinstance(member, h5py.Group):
                pending.append((f"{path}/", member))
            else:
                raise LoadError(f"{where}: {show(path)} must be a group or a dataset")
