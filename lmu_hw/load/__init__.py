# SPDX-License-Identifier: Apache-2.0
"""Front ends: a trained file of any supported kind becomes a float `Network`.

One module for each ecosystem: `keras` (keras-lmu in `.keras`), `torch` (pytorch-lmu state dicts
in `.safetensors`) and `native` (the own form, `.npz` and `.safetensors`). What a file says is
loaded exactly or refused by name; nothing is guessed, and nothing in a file is executed.
"""

from __future__ import annotations

import os
from pathlib import Path

from lmu_hw.errors import LoadError
from lmu_hw.lmu import Network
from lmu_hw.load._form import network_digest

__all__ = ["load", "network_digest", "save"]

_KINDS = "a .keras, .npz or .safetensors file"
_HDF5 = b"\x89HDF\r\n\x1a\n"


def load(path: str | os.PathLike[str]) -> Network:
    """Return the network of a trained file; its content says which kind it is.

    Raises
    ------
    LoadError
        If it cannot be read, or holds what is not supported.
    """
    path = Path(path)
    start = _start(path)
    if start.startswith(b"PK"):
        return _load_zip(path)
    if start.startswith(_HDF5):
        raise LoadError(
            f"{path}: a Keras model must be in a .keras file, not in HDF5; load it in Keras and "
            "write it again with model.save('model.keras')"
        )
    if path.suffix == ".safetensors" or start[8:9] == b"{":
        return _load_safetensors(path)
    raise LoadError(f"{path}: the file must be {_KINDS}, not one that starts with {start[:8]!r}")


def save(network: Network, path: str | os.PathLike[str]) -> None:
    """Write a network in the own form, exactly; see `lmu_hw.load.native.save`."""
    from lmu_hw.load import native

    native.save(network, Path(path))


def _start(path: Path) -> bytes:
    """Return the first bytes of a file that exists, is a file, and is not empty."""
    if path.is_dir():
        raise LoadError(f"{path}: the file must be {_KINDS}, not a directory")
    if path.exists() and not path.is_file():
        raise LoadError(f"{path}: the file must be {_KINDS}, not a device or a pipe")
    try:
        with path.open("rb") as file:
            start = file.read(16)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise LoadError(f"{path}: the file must be readable, but: {reason}") from error
    if not start:
        raise LoadError(f"{path}: the file must be {_KINDS}, not an empty one")
    return start


def _load_zip(path: Path) -> Network:
    from lmu_hw.load._archive import Archive
    from lmu_hw.load.native import HEADER, load_npz

    with Archive(path) as archive:
        names = archive.names
    if f"{HEADER}.npy" in names:
        return load_npz(path)
    if "config.json" in names:
        from lmu_hw.load.keras import load_keras

        return load_keras(path)
    if any(name.endswith("data.pkl") for name in names):
        raise LoadError(
            f"{path}: a PyTorch model must be a .safetensors file, not a pickle, which could run "
            "code; write its state dict with safetensors.torch.save_file"
        )
    listed = ", ".join(names[:6]) or "nothing"
    raise LoadError(
        f"{path}: the archive must hold config.json (.keras) or {HEADER}.npy (own .npz), "
        f"not {listed}"
    )


def _load_safetensors(path: Path) -> Network:
    from lmu_hw.load._tensors import safetensors_summary
    from lmu_hw.load.native import HEADER, load_safetensors

    metadata, _ = safetensors_summary(path)
    if HEADER in metadata:
        return load_safetensors(path, metadata[HEADER])
    from lmu_hw.load.torch import load_torch

    return load_torch(path)
