# SPDX-License-Identifier: Apache-2.0
"""The own form, written: a network as a JSON header and named tensors, and its digest."""

from __future__ import annotations

import hashlib
import json
from typing import Any, assert_never

import numpy as np

from lmu_hw.errors import NetworkError
from lmu_hw.lmu import (
    DenseLayer,
    Discretizer,
    GruCell,
    HiddenCell,
    LmuLayer,
    LstmCell,
    Memory,
    Network,
    RecurrentLayer,
    SimpleCell,
)
from lmu_hw.lmu.activations import LINEAR
from lmu_hw.lmu.layers import Layer
from lmu_hw.load.native.form import IDENTIFIER
from lmu_hw.load.tensors import Array

__all__ = ["Form", "network_digest", "take_apart"]

Form = tuple[dict[str, Any], dict[str, Array]]


def take_apart(network: Network) -> Form:
    """Return the header (without notes) and the tensors of a network.

    Raises
    ------
    NetworkError
        If a name is not an identifier, or a memory is not what its discretizer gives.
    """
    tensors: dict[str, Array] = {}
    layers = []
    _require_identifier(network.name, "the name of a network")
    for layer in network.layers:
        _require_identifier(layer.name, "the name of a layer")
        header, parts = _parts(layer)
        if layer.passed:
            header["passed"] = list(layer.passed)
        layers.append(header)
        tensors |= {f"{layer.name}.{key}": part for key, part in parts.items() if part is not None}
    header: dict[str, Any] = {"format": 1, "name": network.name, "layers": layers}
    if network.mask_value is not None:
        header["mask_value"] = network.mask_value
    return header, tensors


def network_digest(network: Network) -> str:
    """Return the SHA-256, in hexadecimal, of what a network computes and how it is named.

    Notes, and the kind of file the network came from, make no difference.
    """
    header, tensors = take_apart(network)
    shapes = {name: tensor.shape for name, tensor in tensors.items()}
    text = json.dumps({"header": header, "shapes": shapes}, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        digest.update(tensors[name].astype("<f8").tobytes())
    return digest.hexdigest()


def _parts(layer: Layer) -> tuple[dict[str, Any], dict[str, Array | None]]:
    """Return the header and the tensors of a layer; None where a connection is off."""
    match layer:
        case LmuLayer():
            return _lmu_parts(layer)
        case RecurrentLayer():
            return _recurrent_parts(layer)
        case DenseLayer():
            header = {"kind": "dense", "name": layer.name, "activation": layer.activation}
            return header, {"W": layer.W, "b": layer.b}
    assert_never(layer)


def _recurrent_parts(layer: RecurrentLayer) -> tuple[dict[str, Any], dict[str, Array | None]]:
    header = {
        "kind": "recurrent",
        "name": layer.name,
        "cell": _cell_kind(layer.cell),
        "return_sequences": layer.return_sequences,
    }
    tensors = _cell_tensors(layer.cell)
    del tensors["W_m"]  # it has no columns
    return header | _cell_header(layer.cell), tensors


def _lmu_parts(layer: LmuLayer) -> tuple[dict[str, Any], dict[str, Array | None]]:
    memory, hidden = layer.memory, layer.hidden
    header: dict[str, Any] = {
        "kind": "lmu",
        "name": layer.name,
        "order": memory.order,
        "theta": None if memory.theta is None else float(memory.theta),
        "memory_d": layer.memory_d,
        "discretizer": memory.discretizer.value,
        "hidden": "none",
        "input_to_hidden": layer.input_to_hidden,
        "return_sequences": layer.return_sequences,
    }
    parts = {"E_x": layer.E_x, "E_h": layer.E_h, "E_m": layer.E_m, "b_u": layer.b_u}
    if layer.encoder != LINEAR:
        header["encoder"] = layer.encoder
    if hidden is not None:
        header |= {"hidden": _cell_kind(hidden)} | _cell_header(hidden)
        parts |= _cell_tensors(hidden)
    if memory.discretizer is Discretizer.STORED:
        parts |= {"A": memory.A, "B": memory.B}
    else:
        _require_legendre(layer.name, memory)
    return header, parts


def _cell_kind(cell: HiddenCell) -> str:
    match cell:
        case SimpleCell():
            return "dense" if cell.W_h is None else "simple_rnn"
        case LstmCell():
            return "lstm"
        case GruCell():
            return "gru"
    assert_never(cell)


def _cell_header(cell: HiddenCell) -> dict[str, Any]:
    header: dict[str, Any] = {"activation": cell.activation}
    match cell:
        case SimpleCell():
            return header
        case LstmCell():
            return header | {"recurrent_activation": cell.recurrent_activation}
        case GruCell():
            gates = {"recurrent_activation": cell.recurrent_activation}
            return header | gates | {"reset_after": cell.reset_after}
    assert_never(cell)


def _cell_tensors(cell: HiddenCell) -> dict[str, Array | None]:
    tensors = {"W_m": cell.W_m, "W_x": cell.W_x, "W_h": cell.W_h, "b_h": cell.b}
    match cell:
        case SimpleCell() | LstmCell():
            return tensors
        case GruCell():
            return tensors | {"b_r": cell.b_h}
    assert_never(cell)


def _require_identifier(name: str, what: str) -> None:
    if not IDENTIFIER.fullmatch(name):
        rule = "an identifier ([A-Za-z_][A-Za-z0-9_]{0,254})"
        raise NetworkError(f"{what} must be {rule}, not {name!r}")


def _require_legendre(name: str, memory: Memory) -> None:
    """Refuse a memory whose matrices would not come back from order and theta."""
    method = memory.discretizer
    if memory.theta is None:
        raise NetworkError(f"{name}: theta must be given for the discretizer {method.value}")
    rebuilt = Memory.legendre(memory.order, memory.theta, method)
    # Another BLAS may round the same matrix exponential differently in the last bits.
    for expected, stored in ((rebuilt.A, memory.A), (rebuilt.B, memory.B)):
        if not np.allclose(expected, stored, rtol=1e-9, atol=1e-12):
            raise NetworkError(
                f"{name}: A and B must be what {method.value} gives for order {memory.order} and "
                f"theta {memory.theta!r}; mark other matrices as {Discretizer.STORED.value}"
            )
