# SPDX-License-Identifier: Apache-2.0
"""Layer 1: front ends: a trained file of any supported kind becomes a float `Network`.

One package for each ecosystem: `keras` (keras-lmu in `.keras` and HDF5), `torch` (state dicts in
`.safetensors`, `.pt` and `.npz`, of known PyTorch ports or by a `mapping`, which `draft` proposes),
`onnx` and `nir` (graphs of layers known here, and tensors for a mapping), and `native` (the own
form, `.npz` and `.safetensors`). All read `containers`, without trust. What a file says is loaded
exactly or refused by name; nothing is guessed without a warning, and nothing in a file is executed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lmu_hw.errors import LoadError
from lmu_hw.lmu import Network
from lmu_hw.load.mapping import StateMapping
from lmu_hw.load.native.form_write import network_digest
from lmu_hw.load.objects import from_keras, from_torch
from lmu_hw.load.state import Described, StateFile

__all__ = [
    "StateMapping",
    "draft_mapping",
    "from_keras",
    "from_torch",
    "load",
    "network_digest",
    "save",
]


def load(
    path: str | os.PathLike[str],
    *,
    theta: float | None = None,
    mapping: StateMapping | str | os.PathLike[str] | None = None,
) -> Network:
    """Return the network of a trained file; its content says which kind it is.

    Parameters
    ----------
    path : path
    theta : float, optional
        The window, in steps, of memories of which the file does not say it. Without it, it is found
        from their A and B, as far as these are those of a Legendre memory.
    mapping : StateMapping or path, optional
        Which tensor of a state dict is which part of which layer, or the TOML file that says it.

    Raises
    ------
    LoadError
        If it cannot be read, or holds what is not supported, or the window is another one.
    """
    path = Path(path)
    if mapping is not None and not isinstance(mapping, StateMapping):
        mapping = StateMapping.read(Path(mapping))
    return _load(path, mapping, theta)


def draft_mapping(source: Any) -> str:
    """Return a mapping for the state dict in a file, or of a PyTorch module, as TOML to edit.

    Names and shapes say which tensor is likely which part; what they do not decide is ``"?"``, with
    the choices beside it.

    Parameters
    ----------
    source : path, module or dict

    Raises
    ------
    LoadError
        If the file cannot be read, or says itself what its layers are.
    """
    from lmu_hw.load.draft import draft
    from lmu_hw.load.objects import state_of

    if not isinstance(source, str | os.PathLike):
        return draft(state_of(source))
    path = Path(source)
    with _opened(path) as content:
        if not isinstance(content, StateFile):
            raise LoadError(
                f"{path}: a mapping must be of a state dict, not of a file that says what "
                "its layers are"
            )
        return draft(content)


def save(network: Network, path: str | os.PathLike[str]) -> None:
    """Write a network as ``.npz`` or ``.safetensors`` in the own form, exactly.

    Raises
    ------
    LoadError
        If the name ends otherwise, or the file cannot be written.
    """
    from lmu_hw.load import native

    native.save(network, Path(path))


def _load(path: Path, mapping: StateMapping | None, theta: float | None) -> Network:
    from lmu_hw.load.torch.state_dict import load_state
    from lmu_hw.load.window import with_theta, with_warnings

    with _opened(path) as content:
        if not isinstance(content, Network) and content.network is not None and mapping is None:
            return with_warnings(content.network(theta))
        if isinstance(content, StateFile):
            network = load_state(str(path), path.stem, content, mapping)
        elif isinstance(content, Described) or mapping is not None:
            raise LoadError(
                f"{path}: `mapping` must be left out: the file says what its layers are"
            )
        else:
            network = content
    network = with_warnings(network)
    return network if theta is None else with_theta(network, theta, where=str(path))


@contextmanager
def _opened(path: Path) -> Iterator[StateFile | Described | Network]:
    """Open a trained file: a network, or a state dict that does not say what its layers are."""
    from lmu_hw.load import keras, native, nir
    from lmu_hw.load.containers.archive import Archive
    from lmu_hw.load.containers.safetensors import read_safetensors
    from lmu_hw.load.containers.torch_zip import read_state
    from lmu_hw.load.kind import Kind, kind_of
    from lmu_hw.load.onnx import load_onnx

    match kind_of(path):
        case Kind.KERAS:
            yield keras.load_keras(path)
        case Kind.HDF5:
            yield nir.load_nir(path) if nir.is_nir(path) else keras.load_hdf5(path)
        case Kind.OWN_NPZ:
            yield native.load_npz(path)
        case Kind.NPZ:
            yield StateFile(where=str(path), tensors=native.read_npz(path))
        case Kind.TORCH:
            with Archive(path, packed=False) as archive:  # PyTorch never deflates
                yield read_state(path, archive)
        case Kind.ONNX:
            yield load_onnx(path)
        case Kind.SAFETENSORS:
            metadata, tensors = read_safetensors(path)
            header = metadata.get(native.HEADER)
            if header is not None:
                yield native.load_safetensors(path, header, tensors)
            else:
                yield StateFile(where=str(path), tensors=tensors)
