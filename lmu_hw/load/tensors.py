# SPDX-License-Identifier: Apache-2.0
"""Tensors of a file: known by shape and kind, and read as float64 when they are needed."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import LoadError
from lmu_hw.load.check import must

__all__ = ["KINDS", "Array", "Tensor", "package", "widen"]

Array = NDArray[np.float64]
Shape = tuple[int, ...]

_CODES = {"float16": "f2", "float32": "f4", "float64": "f8", "bfloat16": "u2"}
KINDS = frozenset(_CODES)
"""Types of elements that are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """A tensor that a file describes; its data stays there until `read`.

    Parameters
    ----------
    where : str
        File and name; every message starts with it.
    kind : str
        Type of its elements, as messages print it.
    shape : tuple of int
    data : callable
        Reads the tensor in float64; only called where `kind` is a float.
    made : str
        How it was made of others, as a note says it; empty: it is in the file.
    """

    where: str
    kind: str
    shape: Shape
    data: Callable[[], Array]
    made: str = ""

    def read(self) -> Array:
        """Return the tensor in float64, or raise `LoadError` if it holds no real floats."""
        if self.kind not in _CODES:
            advice = "convert the model to float32 before saving it"
            raise must(self.where, "the elements", " or ".join(_CODES), self.kind, advice=advice)
        return self.data()


def widen(raw: bytes, kind: str, *, order: str = "<") -> Array:
    """Return the floats in `raw` as float64, exactly; `order` is ``<`` or ``>``."""
    data = np.frombuffer(raw, dtype=order + _CODES[kind])
    if kind == "bfloat16":  # the upper half of a float32
        data = (data.astype(np.uint32) << 16).view(np.float32)
    with np.errstate(invalid="ignore"):  # NaN is refused by name, later
        return data.astype(np.float64)


def package(path: Path, name: str, *, extra: str = "") -> Any:
    """Import a package on first use, or raise `LoadError`; `extra` of this project brings it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        top = name.partition(".")[0]
        advice = f": pip install 'lmu_hw[{extra}]'" if extra else ""
        raise LoadError(
            f"{path}: the Python package {top!r} must be installed for this kind of file{advice}"
        ) from error
