# SPDX-License-Identifier: Apache-2.0
"""The quantized network on disk: one safetensors file, integers and a JSON header, no pickle.

The header is the network as a record, see `lmu_hw.records`; an array is named after its node and
what it is to it. A node stands there by its name, which layer and role make.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import LoadError
from lmu_hw.files import read_json
from lmu_hw.fixed import Requant
from lmu_hw.lmu.roles import Role, node_name, role_of
from lmu_hw.network import Offsets, QuantizedNetwork, Slopes, Table, Term
from lmu_hw.records import Trail, decode, encode, without_version

__all__ = ["design_digest", "network_bytes", "read_network"]

VERSION = 2
_KEY = "lmu_hw_design"
_LISTS = (Requant,)

Arrays = dict[str, NDArray[np.int64]]


def network_bytes(network: QuantizedNetwork) -> bytes:
    """Return the file of a quantized network; the same network gives the same bytes."""
    from safetensors.numpy import save

    header, arrays = _describe(network)
    compact = {name: _compact(codes) for name, codes in arrays.items()}
    return save(compact, metadata={_KEY: header})


def read_network(path: Path) -> QuantizedNetwork:
    """Read a file of `network_bytes`.

    Raises
    ------
    LoadError
        If the file cannot be read or does not hold a quantized network of this version.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            header = read_json((file.metadata() or {}).get(_KEY, "null").encode())
            names = file.keys()
            arrays = {name: file.get_tensor(name) for name in names}
    except (OSError, SafetensorError, TypeError, ValueError) as error:
        raise LoadError(f"{path}: cannot be read as a quantized network: {error}") from None

    def codes(name: object) -> NDArray[np.int64]:
        if not isinstance(name, str) or name not in arrays:
            raise ValueError(f"must name an array that nothing else reads, not {name!r:.80}")
        if arrays[name].dtype.kind != "i":
            raise ValueError(f"{name!r} must hold signed integers, not {arrays[name].dtype}")
        return arrays.pop(name).astype(np.int64)

    try:
        entry = without_version(header, VERSION)
        for node, layer in _node_entries(entry):
            _read_name(node, layer)
        network = decode(QuantizedNetwork, entry, get=codes, lists=_LISTS)
        if arrays:
            raise ValueError(f"nothing reads the array {min(arrays)!r}")
    except ValueError as error:
        raise LoadError(f"{path}: is damaged: {error}") from None
    return network


def design_digest(network: QuantizedNetwork) -> str:
    """Return the SHA-256 of everything a quantized network says."""
    header, arrays = _describe(network)
    digest = hashlib.sha256(header.encode())
    for name in sorted(arrays):
        digest.update(name.encode())
        digest.update(arrays[name].astype("<i8").tobytes())
    return digest.hexdigest()


def _describe(network: QuantizedNetwork) -> tuple[str, Arrays]:
    """Return the header, and the arrays by the names that it has for them."""
    arrays: Arrays = {}

    def put(codes: NDArray[np.int64], trail: Trail) -> str:
        name = _name(trail)
        arrays[name] = codes
        return name

    header = encode(network, put=put, lists=_LISTS)
    for entry, _ in _node_entries(header):
        entry["name"] = node_name(entry.pop("layer"), Role(entry.pop("role")))
    return json.dumps({"version": VERSION, **header}, sort_keys=True), arrays


def _node_entries(header: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Any]]:
    """Yield every node of a header beside the name of its layer; `decode` refuses the rest."""
    layers = header.get("layers")
    for layer in layers if isinstance(layers, list) else ():
        nodes = layer.get("nodes") if isinstance(layer, dict) else None
        for node in nodes if isinstance(nodes, list) else ():
            if isinstance(node, dict):
                yield node, layer.get("name")


def _read_name(entry: dict[str, Any], layer: Any) -> None:
    """Replace the name of a node by what it is made of: the layer and its role there."""
    if not isinstance(layer, str) or not isinstance(entry.get("name"), str):
        raise ValueError(f"layers and nodes must have names, not {entry.get('name')!r:.80}")
    role = role_of(layer, entry.pop("name"))
    entry |= {"layer": layer, "role": role.value}


def _name(trail: Trail) -> str:
    """Return the name of the codes of a node: what they are to it, and of which source."""
    (node, _), (owner, field) = trail[2], trail[-2]  # after network and layer; before the codes
    match owner:
        case Term():
            what = f"{field} {owner.label}"
        case Table() | Slopes() | Offsets():
            what = f"table {field if isinstance(owner, Table) else owner.kind}"
        case _:
            what = field
    return f"{node.name}/{what}"


def _compact(codes: NDArray[np.int64]) -> NDArray[np.signedinteger[Any]]:
    for kind in (np.int8, np.int16, np.int32):
        info = np.iinfo(kind)
        if codes.size == 0 or (codes.min() >= info.min and codes.max() <= info.max):
            return np.ascontiguousarray(codes.astype(kind))
    return np.ascontiguousarray(codes)
