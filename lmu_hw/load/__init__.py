# SPDX-License-Identifier: Apache-2.0
"""Layer 1: front ends: a trained file of any supported kind becomes a float `Network`.

One module for each ecosystem: `keras` (keras-lmu in `.keras` and HDF5), `torch` (state dicts of the
PyTorch ports, in `.safetensors` and `.pt`) and `native` (the own form, `.npz` and `.safetensors`).
What a file says is loaded exactly or refused by name; nothing is guessed, and nothing in a file is
executed.
"""

from __future__ import annotations

import os
from pathlib import Path

from lmu_hw.errors import LoadError
from lmu_hw.lmu import Network
from lmu_hw.load._check import show
from lmu_hw.load._form_write import network_digest

__all__ = ["load", "network_digest", "save"]

_KINDS = "a .keras, .h5, .npz, .safetensors or .pt file"
_HDF5 = b"\x89HDF\r\n\x1a\n"
_PICKLE = tuple(bytes((0x80, protocol)) for protocol in range(2, 6))


def load(path: str | os.PathLike[str], *, theta: float | None = None) -> Network:
    """Return the network of a trained file; its content says which kind it is.

    Parameters
    ----------
    path : path
    theta : float, optional
        The window, in steps, of memories of which the file does not say it. Without it, it is found
        from their A and B, as far as these are those of a Legendre memory.

    Raises
    ------
    LoadError
        If it cannot be read, or holds what is not supported, or the window is another one.
    """
    from lmu_hw.load._window import with_theta, with_warnings

    path = Path(path)
    network = with_warnings(_load(path))
    return network if theta is None else with_theta(network, theta, where=str(path))


def _load(path: Path) -> Network:
    start = _start(path)
    if start[8:9] == b"{":  # no other kind has it there; a length may look like their marks
        return _load_safetensors(path)
    if start.startswith(b"PK"):
        return _load_zip(path)
    if start.startswith(_HDF5):
        from lmu_hw.load.keras import load_hdf5

        return load_hdf5(path)
    if path.suffix == ".safetensors":
        return _load_safetensors(path)
    if start.startswith(_PICKLE):
        raise LoadError(
            f"{path}: a PyTorch model must be a zip archive, as torch.save has written since "
            "version 1.6, not a bare pickle, which could run code; write its state dict with "
            "safetensors.torch.save_file"
        )
    raise LoadError(f"{path}: the file must be {_KINDS}, not one that starts with {start[:8]!r}")


def save(network: Network, path: str | os.PathLike[str]) -> None:
    """Write a network as ``.npz`` or ``.safetensors`` in the own form, exactly.

    Raises
    ------
    LoadError
        If the name ends otherwise, or the file cannot be written.
    """
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
    from lmu_hw.load._torch_zip import PICKLE
    from lmu_hw.load.native import HEADER, load_npz

    with Archive(path) as archive:
        names = archive.names
    if f"{HEADER}.npy" in names:
        return load_npz(path)
    if "config.json" in names:
        from lmu_hw.load.keras import load_keras

        return load_keras(path)
    if any(name.split("/")[-1] == PICKLE for name in names):
        from lmu_hw.load.torch import load_torch_zip

        return load_torch_zip(path)
    listed = show(names[:6]) if names else "nothing"
    raise LoadError(
        f"{path}: the archive must hold config.json (.keras), {HEADER}.npy (own .npz) or "
        f"{PICKLE} (.pt), not {listed}"
    )


def _load_safetensors(path: Path) -> Network:
    from lmu_hw.load._safetensors import read_safetensors
    from lmu_hw.load.native import HEADER, load_safetensors
    from lmu_hw.load.torch import load_state

    metadata, tensors = read_safetensors(path)
    if HEADER in metadata:
        return load_safetensors(path, metadata[HEADER], tensors)
    return load_state(path, tensors)
