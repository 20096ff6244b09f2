# SPDX-License-Identifier: Apache-2.0
"""Which kind of file a trained network lies in, by its content."""

from __future__ import annotations

import re
from enum import Enum, auto
from pathlib import Path

from lmu_hw.errors import LoadError
from lmu_hw.load.check import show
from lmu_hw.load.containers.archive import Archive
from lmu_hw.load.containers.torch_zip import PICKLE
from lmu_hw.load.native.files import HEADER
from lmu_hw.load.strangers import MODELS, stranger, stranger_folder

__all__ = ["Kind", "kind_of"]

_KINDS = "a .keras, .h5, .npz, .safetensors, .pt or .onnx file"
_TORCHSCRIPT = "constants.pkl"
_READ = 512  # as far as the mark of a tar archive
_ONNX = re.compile(rb"\x08[\x03-\x20][\x12\x3a]")
"""A version of ONNX, then who wrote it, or the graph."""
_HDF5 = b"\x89HDF\r\n\x1a\n"


class Kind(Enum):
    """A kind of file, by what reads it."""

    KERAS = auto()
    HDF5 = auto()
    OWN_NPZ = auto()
    NPZ = auto()
    """Arrays that are not of the own form: a state dict."""
    SAFETENSORS = auto()
    """A state dict, or the own form: its metadata say so."""
    TORCH = auto()
    ONNX = auto()


def kind_of(path: Path) -> Kind:
    """Return the kind of a file that exists, is a file, and is not empty.

    Raises
    ------
    LoadError
        If it is of none of the kinds that are read, or cannot be.
    """
    start = _start(path)
    if start[8:9] == b"{":  # no other kind has it there; a length may look like their marks
        return Kind.SAFETENSORS
    if start.startswith(b"PK"):
        return _kind_of_zip(path)
    if start.startswith(_HDF5):
        return Kind.HDF5
    what = stranger(path, start)  # a pointer of Git LFS may have any name
    if not what and path.suffix == ".safetensors":
        return Kind.SAFETENSORS
    if not what and (path.suffix == ".onnx" or _ONNX.match(start)):
        return Kind.ONNX
    what = what or f"one that starts with {start[:8]!r}"
    raise LoadError(f"{path}: the file must be {_KINDS}, not {what}")


def _start(path: Path) -> bytes:
    """Return the first bytes of a file that exists, is a file, and is not empty."""
    if path.is_dir():
        what = stranger_folder(path) or "a directory"
        raise LoadError(f"{path}: the file must be {_KINDS}, not {what}")
    if path.exists() and not path.is_file():
        raise LoadError(f"{path}: the file must be {_KINDS}, not a device or a pipe")
    try:
        with path.open("rb") as file:
            start = file.read(_READ)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise LoadError(f"{path}: the file must be readable, but: {reason}") from error
    if not start:
        raise LoadError(f"{path}: the file must be {_KINDS}, not an empty one")
    return start


def _kind_of_zip(path: Path) -> Kind:
    with Archive(path) as archive:
        names = archive.names
    if f"{HEADER}.npy" in names:
        return Kind.OWN_NPZ
    if "config.json" in names:
        return Kind.KERAS
    if any(name.split("/")[-1] == PICKLE for name in names):
        if any(name.split("/")[-1] == _TORCHSCRIPT for name in names):
            raise LoadError(
                f"{path}: the model must be a state dict, not a TorchScript program; where PyTorch "
                "is, write torch.jit.load(...).state_dict() with safetensors.torch.save_file"
            )
        return Kind.TORCH
    if names and all(name.endswith(".npy") for name in names):
        return Kind.NPZ
    if any("models/" in name and name.endswith(".json") for name in names):
        raise LoadError(
            f"{path}: the archive must be a state dict, not a program of torch.export; write "
            "torch.export.load(...).state_dict with safetensors.torch.save_file"
        )
    saved = next((name for name in names if name.endswith("saved_model.pb")), None)
    if saved is not None:
        raise LoadError(
            f"{path}: the archive must be a trained file, not one around a TensorFlow SavedModel, "
            f"{show(saved)}; unpack it, and name the folder: what to do is said of that"
        )
    inside = next((name for name in names if name.endswith(MODELS)), None)
    if inside is not None and path.suffix not in MODELS:
        raise LoadError(
            f"{path}: the archive must be a trained file, not one around {show(inside)}; unpack "
            "it, and name what is in it"
        )
    listed = show(names[:6]) if names else "nothing"
    raise LoadError(
        f"{path}: the archive must hold config.json (.keras), {HEADER}.npy (own .npz) or "
        f"{PICKLE} (.pt), not {listed}"
    )
