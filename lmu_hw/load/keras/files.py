# SPDX-License-Identifier: Apache-2.0
"""Keras models with keras-lmu layers, of every version: `.keras`, and HDF5.

A config says what the layers are; variables lie in HDF5, by number or by name. Both are read as
data; Keras itself is not needed, and nothing in a file is executed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lmu_hw.errors import LoadError
from lmu_hw.lmu import Network
from lmu_hw.load.check import identifier, json_object, located, must, show
from lmu_hw.load.containers.archive import MAX_CONFIG, MAX_WEIGHTS, Archive
from lmu_hw.load.containers.hdf5 import require_honest_text
from lmu_hw.load.keras.graph import LayerNode, layers
from lmu_hw.load.keras.layouts import Layout, NamedLayout, NumberedLayout
from lmu_hw.load.keras.model import read_model
from lmu_hw.load.keras.weights import Store, attribute, opened, subgroup
from lmu_hw.load.state import StateFile
from lmu_hw.load.tensors import Tensor, package

__all__ = ["load_hdf5", "load_keras"]

_WEIGHTS = "model.weights.h5"
_NUMBERED_IGNORED = ("optimizer", "metrics")
_NUMBERED_ROOT = "layers"
_NAMED_ROOT = "model_weights"


def load_keras(path: Path) -> Network:
    """Return the network of a `.keras` file.

    Raises
    ------
    LoadError
        If the file is damaged, the model is not a chain of supported layers, an option changes
        what a layer means, or a variable is missing, left over, or of another shape.
    """
    where = str(path)
    with Archive(path) as archive:
        config = json_object(archive.read("config.json", most=MAX_CONFIG), f"{where}: config.json")
        metadata = json_object(
            archive.read("metadata.json", most=MAX_CONFIG), f"{where}: metadata.json"
        )
        if "model.weights.json" in archive.names:
            raise LoadError(f"{where}: the weights must be in one file ({_WEIGHTS}), not in shards")
        raw = archive.read(_WEIGHTS, most=MAX_WEIGHTS)
    h5py = package(path, "h5py")
    with opened(where, raw, h5py) as file:
        store = Store(where, file, h5py, ignored=_NUMBERED_IGNORED)
        return _network(
            path, config, metadata.get("keras_version"), store, lambda n: NumberedLayout(store, n)
        )


def load_hdf5(path: Path) -> Network | StateFile:
    """Return the network of an HDF5 file: a whole model, or weights with a config beside them.

    Weights alone are arrays, which a mapping may make a network of.

    The config of ``a.weights.h5`` and of ``a.h5`` without one is ``a.json``, as `to_json` of a
    Keras model gives it.

    Raises
    ------
    LoadError
        As `load_keras`.
    """
    where = str(path)
    raw, h5py = _bytes(path, MAX_WEIGHTS), package(path, "h5py")
    for name in ("model_config", "keras_version"):
        require_honest_text(where, raw, name)
    with opened(where, raw, h5py) as file:
        text = attribute(where, file, "model_config", h5py)
        version = attribute(where, file, "keras_version", h5py)
        if text is None:
            beside = path.with_name(f"{path.stem.removesuffix('.weights')}.json")
            if not beside.is_file():
                return _weights_alone(path, beside, Store(where, file, h5py))
            config = json_object(_bytes(beside, MAX_CONFIG), str(beside))
            # Keras 3 does not say its version there; Keras 2 does.
            version = version or config.pop("keras_version", "3")
        else:
            config = json_object(text, f"{where}: model_config")
        root = subgroup(where, file, _NAMED_ROOT, h5py)
        if root is None and subgroup(where, file, _NUMBERED_ROOT, h5py) is not None:
            store = Store(where, file, h5py, ignored=_NUMBERED_IGNORED)
            return _network(path, config, version, store, lambda n: NumberedLayout(store, n))
        store = Store(where, file if root is None else root, h5py)
        return _network(path, config, version, store, lambda _: NamedLayout(store))


def _network(
    path: Path,
    config: Mapping[str, Any],
    version: object,
    store: Store,
    lay_out: Callable[[list[LayerNode]], Layout],
) -> Network:
    where = str(path)
    keras2 = _major_version(where, version) == 2
    nodes = layers(where, config)
    float_layers, notes, mask_value = read_model(
        where, config, nodes, lay_out(nodes), keras2=keras2
    )
    store.finish()
    with located(where):
        return Network(
            name=identifier(path.stem), layers=float_layers, notes=notes, mask_value=mask_value
        )


def _major_version(where: str, version: object) -> int:
    major = version.split(".")[0] if isinstance(version, str) else None
    if major not in ("2", "3"):
        raise must(where, "keras_version", "2.x or 3.x", version)
    return int(major)


def _bytes(path: Path, most: int) -> bytes:
    with path.open("rb") as file:
        raw = file.read(most + 1)
    if len(raw) > most:
        raise LoadError(f"{path}: must be at most {most} bytes")
    return raw


def _weights_alone(path: Path, beside: Path, store: Store) -> StateFile:
    """Return arrays that no config says the layers of."""
    others = sorted(other.name for other in path.parent.glob("*.json"))
    hint = f" (rename the one of {show(others)} that is it)" if others else ""
    if len(others) == 1:
        hint = f" (if {show(others[0])} is it, rename it to that)"

    def network(theta: float | None) -> Network:
        raise LoadError(
            f"{path}: the weights must come with the model; write model.save('model.keras'), or "
            f"put model.to_json() beside them as {beside.name}{hint}; or a mapping says which "
            "array is which part of which layer"
        )

    tensors = {
        name: Tensor(
            where=f"{path}: {show(name)}",
            kind=str(array.dtype),
            shape=array.shape,
            data=partial(np.asarray, array, np.float64),
        )
        for name, array in store.arrays().items()
    }
    return StateFile(where=str(path), tensors=tensors, network=network)
