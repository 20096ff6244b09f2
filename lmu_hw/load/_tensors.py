# SPDX-License-Identifier: Apache-2.0
"""Reading `.safetensors` files: names, shapes and floats; nothing is executed."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import LoadError
from lmu_hw.load._archive import MAX_WEIGHTS
from lmu_hw.load._check import must, show

__all__ = ["package", "read_safetensors", "safetensors_package", "safetensors_summary"]

Array = NDArray[np.float64]

_DTYPES = ("F16", "F32", "F64")


def package(path: Path, name: str) -> Any:
    """Import an optional package on first use, or raise `LoadError`."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        top = name.partition(".")[0]
        raise LoadError(
            f"{path}: the Python package {top!r} must be installed for this kind of file"
        ) from error


def safetensors_package(path: Path) -> Any:
    """Return the package safetensors with its NumPy part."""
    package(path, "safetensors.numpy")
    return package(path, "safetensors")


def safetensors_summary(path: Path) -> tuple[dict[str, str], dict[str, tuple[int, ...]]]:
    """Return the metadata, and the shape of every tensor by name, without reading data."""
    with _opened(path) as file:
        shapes = {name: tuple(file.get_slice(name).get_shape()) for name in sorted(file.keys())}
        return file.metadata() or {}, shapes


def read_safetensors(path: Path) -> dict[str, Array]:
    """Return every tensor in float64.

    Raises
    ------
    LoadError
        If the file is damaged, or holds something else than float16, float32 or float64.
    """
    if path.stat().st_size > MAX_WEIGHTS:
        raise must(str(path), "the file", f"at most {MAX_WEIGHTS} bytes", path.stat().st_size)
    with _opened(path) as file:
        names = sorted(file.keys())
        for name in names:
            dtype = file.get_slice(name).get_dtype()
            if dtype not in _DTYPES:
                advice = "convert the model to float32 before saving it"
                raise must(
                    str(path), f"tensor {show(name)}", " or ".join(_DTYPES), dtype, advice=advice
                )
        return {name: file.get_tensor(name).astype(np.float64) for name in names}


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    safetensors = safetensors_package(path)
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            yield file
    except (safetensors.SafetensorError, OSError) as error:
        raise LoadError(f"{path}: must be a whole safetensors file, but {error}") from error
