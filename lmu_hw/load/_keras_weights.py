# SPDX-License-Identifier: Apache-2.0
"""The HDF5 weights inside a `.keras` file: every dataset read is accounted for."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import LoadError
from lmu_hw.load._archive import MAX_WEIGHTS
from lmu_hw.load._check import must, show
from lmu_hw.load._hdf5 import require_no_loops

__all__ = ["Weights", "weights"]

Array = NDArray[np.float64]

_MAX_DEPTH = 16
_MAX_OBJECTS = 100_000
_IGNORED_ROOTS = ("optimizer", "metrics")
_IGNORED_PARTS = ("delay_layer", "seed_generator")


class Weights:
    """The datasets of a weights file by path, taken one at a time.

    Parameters
    ----------
    where : str
        File; every message starts with it.
    datasets : dict
        HDF5 datasets by path, without those that mean nothing for a trained network.
    """

    def __init__(self, where: str, datasets: dict[str, Any]) -> None:
        self._where = where
        self._datasets = datasets
        self._room = MAX_WEIGHTS

    def group(self, where: str, candidates: Sequence[str]) -> str:
        """Return the one of the `candidates` that holds variables, or the first if none does."""
        found = [
            name for name in candidates if any(p.startswith(f"{name}/") for p in self._datasets)
        ]
        if len(found) > 1:
            raise must(where, "its variables", "in one group of the weights", found)
        return found[0] if found else candidates[0]

    def take(self, where: str, what: str, path: str, shape: tuple[int | None, ...]) -> Array:
        """Return a variable in float64 and count it as read.

        Parameters
        ----------
        where, what : str
            Layer and variable, for messages.
        path : str
            Its place in the weights.
        shape : tuple of int or None
            What the options ask for; None fits any length of 1 or more.
        """
        dataset = self._datasets.pop(path, None)
        if dataset is None:
            here = sorted(self._datasets)[:8]
            raise LoadError(
                f"{where}: {what} must be in the weights as {path!r}; left there: {show(here)}"
            )
        held = dataset.shape
        fits = len(held) == len(shape) and all(
            have == want or (want is None and have > 0)
            for have, want in zip(held, shape, strict=True)
        )
        if not fits:
            wanted = "(" + ", ".join("n" if n is None else str(n) for n in shape) + ")"
            raise must(where, f"the shape of {what} ({path})", wanted, held)
        return self._read(f"{where}: {what} ({path})", dataset)

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
        if dataset.external or dataset.is_virtual or dataset.id.get_storage_size() < dataset.nbytes:
            raise LoadError(f"{where} must be stored whole in the file, without compression")
        self._room -= dataset.nbytes
        if self._room < 0:
            raise LoadError(f"{self._where}: all weights must take at most {MAX_WEIGHTS} bytes")
        return np.asarray(dataset[()], dtype=np.float64)


@contextmanager
def weights(where: str, raw: bytes, h5py: Any) -> Iterator[Weights]:
    """Open the HDF5 file `raw` with the module `h5py`; its errors become `LoadError`."""
    try:
        require_no_loops(f"{where}: weights", raw)
        with h5py.File(io.BytesIO(raw), "r") as file, np.errstate(invalid="ignore"):
            datasets = dict(_walk(f"{where}: weights", file, h5py))
            yield Weights(where, datasets)
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


def _walk(where: str, file: Any, h5py: Any) -> Iterator[tuple[str, Any]]:
    """Yield every dataset by path; links that lead elsewhere, and loops, are refused."""
    pending: list[tuple[str, Any]] = [("", file)]
    seen = 0
    while pending:
        prefix, group = pending.pop()
        for name in group:
            path = f"{prefix}{name}"
            parts = path.split("/")
            if parts[0] in _IGNORED_ROOTS or parts[-1] in _IGNORED_PARTS:
                continue
            seen += 1
            if seen > _MAX_OBJECTS or len(parts) > _MAX_DEPTH:
                raise LoadError(
                    f"{where} must hold at most {_MAX_OBJECTS} objects, {_MAX_DEPTH} deep, "
                    f"but go on at {show(path)}"
                )
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise LoadError(f"{where}: {show(path)} must be in the file, not a link elsewhere")
            held = group[name]
            if isinstance(held, h5py.Dataset):
                yield path, held
            elif isinstance(held, h5py.Group):
                pending.append((f"{path}/", held))
            else:
                raise LoadError(f"{where}: {show(path)} must be a group or a dataset")
