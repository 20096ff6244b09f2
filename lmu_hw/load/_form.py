# SPDX-License-Identifier: Apache-2.0
"""The own form: a JSON header and named tensors, whatever file they are kept in."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import LoadError, SpecError
from lmu_hw.lmu import DenseLayer, Discretizer, LmuLayer, Memory, Network, SimpleCell
from lmu_hw.load._check import MAX_ORDER, Options, located, must, positive, show

__all__ = ["Form", "build", "legendre", "network_digest", "take_apart"]

Array = NDArray[np.float64]
Form = tuple[dict[str, Any], dict[str, Array]]

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_HIDDEN = ("simple_rnn", "dense", "none")
_THETA = (1e-3, 1e12)  # a shorter window takes the matrix exponential hours, or to infinity
_VECTORS = ("b", "b_u", "b_h", "B")


def take_apart(network: Network) -> Form:
    """Return the header (without notes) and the tensors of a network.

    Raises
    ------
    SpecError
        If a name is not an identifier, or a memory is not what its discretizer gives.
    """
    tensors: dict[str, Array] = {}
    layers = []
    _require_identifier(network.name, "the name of a network")
    for layer in network.layers:
        _require_identifier(layer.name, "the name of a layer")
        header, parts = _lmu_parts(layer) if isinstance(layer, LmuLayer) else _dense_parts(layer)
        layers.append(header)
        tensors |= {f"{layer.name}.{key}": part for key, part in parts.items() if part is not None}
    return {"format": 1, "name": network.name, "layers": layers}, tensors


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


def build(where: str, header: Mapping[str, Any], tensors: dict[str, Array]) -> Network:
    """Return the network that a header and its tensors describe.

    Raises
    ------
    LoadError
        If a key is unknown, a tensor is missing or left over, or a part does not fit.
    """
    options = Options(where, header)
    if options.get("format") != 1 or isinstance(options.get("format"), bool):
        raise must(where, "format", "1", options.get("format"))
    name = _identifier(options, "name")
    nodes = options.get("layers")
    if not isinstance(nodes, list) or not nodes:
        raise must(where, "layers", "a list of layers", nodes)
    notes = _notes(where, options.get("notes", {}))
    options.finish()
    rest = dict(tensors)
    layers = tuple(_layer(where, index, node, rest) for index, node in enumerate(nodes))
    if rest:
        raise LoadError(
            f"{where}: every tensor must belong to a layer, but nothing reads {show(sorted(rest))}"
        )
    with located(where):
        return Network(name=name, layers=layers, notes=notes)


def legendre(where: str, order: int, theta: float, discretizer: Discretizer) -> Memory:
    """Return `Memory.legendre`, or raise `LoadError` if theta is out of all proportion."""
    low, high = _THETA
    if not low <= theta <= high:
        raise must(where, "theta", f"from {low} to {high} steps", theta)
    try:
        with np.errstate(all="ignore"):
            return Memory.legendre(order, theta, discretizer)
    except (ValueError, OverflowError, np.linalg.LinAlgError) as error:
        raise LoadError(
            f"{where}: theta must be a window that order {order} can be discretized for, "
            f"not {theta!r} ({error})"
        ) from error


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
    if hidden is not None:
        header["hidden"] = "dense" if hidden.W_h is None else "simple_rnn"
        header["activation"] = hidden.activation
        parts |= {"W_m": hidden.W_m, "W_x": hidden.W_x, "W_h": hidden.W_h, "b_h": hidden.b}
    if memory.discretizer is Discretizer.STORED:
        parts |= {"A": memory.A, "B": memory.B}
    else:
        _require_legendre(layer.name, memory)
    return header, parts


def _dense_parts(layer: DenseLayer) -> tuple[dict[str, Any], dict[str, Array | None]]:
    header = {"kind": "dense", "name": layer.name, "activation": layer.activation}
    return header, {"W": layer.W, "b": layer.b}


def _require_identifier(name: str, what: str) -> None:
    if not _IDENTIFIER.fullmatch(name):
        raise SpecError(f"{what} must be an identifier ([A-Za-z_][A-Za-z0-9_]*), not {name!r}")


def _require_legendre(name: str, memory: Memory) -> None:
    """Refuse a memory whose matrices would not come back from order and theta."""
    method = memory.discretizer
    if memory.theta is None:
        raise SpecError(f"{name}: theta must be given for the discretizer {method.value}")
    same = Memory.legendre(memory.order, memory.theta, method)
    # Another BLAS may round the same matrix exponential differently in the last bits.
    for made, held in ((same.A, memory.A), (same.B, memory.B)):
        if not np.allclose(made, held, rtol=1e-9, atol=1e-12):
            raise SpecError(
                f"{name}: A and B must be what {method.value} gives for order {memory.order} and "
                f"theta {memory.theta!r}; mark other matrices as {Discretizer.STORED.value}"
            )


def _layer(
    where: str, index: int, node: object, tensors: dict[str, Array]
) -> LmuLayer | DenseLayer:
    if not isinstance(node, dict):
        raise must(where, f"layer {index}", "a JSON object", node)
    options = Options(f"{where}: layer {index}", node)
    name = _identifier(options, "name")
    options.where = f"{where}: layer {name!r}"
    kind = options.choice("kind", ("lmu", "dense"))
    mine = {
        key.removeprefix(f"{name}."): tensors.pop(key)
        for key in list(tensors)
        if key.startswith(f"{name}.")
    }
    for key, tensor in mine.items():
        dimensions = 1 if key in _VECTORS else 2
        if tensor.ndim != dimensions or 0 in tensor.shape:
            rule = f"a non-empty array of {dimensions} dimension(s)"
            raise must(options.where, f"tensor {key!r}", rule, tensor.shape)
    layer = _lmu(options, name, mine) if kind == "lmu" else _dense(options, name, mine)
    if mine:
        raise LoadError(f"{options.where}: no tensor must be left over, but {sorted(mine)} are")
    options.finish()
    return layer


def _dense(options: Options, name: str, tensors: dict[str, Array]) -> DenseLayer:
    weights = _required(options, tensors, "W")
    with located(options.where):
        return DenseLayer(
            name=name,
            W=weights,
            b=tensors.pop("b", None),
            activation=options.text("activation"),
        )


def _lmu(options: Options, name: str, tensors: dict[str, Array]) -> LmuLayer:
    where = options.where
    order, memory_d = options.count("order", most=MAX_ORDER), options.count("memory_d")
    e_x = _required(options, tensors, "E_x")
    if len(e_x) != memory_d:
        raise must(where, "E_x", f"{memory_d} rows high, one for each memory", e_x.shape)
    hidden = _hidden(options, tensors, memory_d * order)
    connected = options.flag(
        "input_to_hidden", default=hidden is not None and hidden.W_x is not None
    )
    memory = _memory(options, tensors, order)
    with located(where):
        return LmuLayer(
            name=name,
            memory=memory,
            E_x=e_x,
            E_h=tensors.pop("E_h", None),
            E_m=tensors.pop("E_m", None),
            b_u=tensors.pop("b_u", None),
            hidden=hidden,
            input_to_hidden=connected,
            return_sequences=_required_flag(options, "return_sequences"),
        )


def _hidden(options: Options, tensors: dict[str, Array], states: int) -> SimpleCell | None:
    kind = options.choice("hidden", _HIDDEN)
    if kind == "none":
        if options.get("activation") not in (None, "linear"):
            raise must(
                options.where,
                "activation",
                "absent without a hidden cell",
                options.get("activation"),
            )
        return None
    w_m = _required(options, tensors, "W_m")
    if w_m.shape[1] != states:
        raise must(options.where, "W_m", f"{states} columns wide, memory_d * order", w_m.shape)
    return SimpleCell(
        W_m=w_m,
        W_x=tensors.pop("W_x", None),
        W_h=_required(options, tensors, "W_h") if kind == "simple_rnn" else None,
        b=tensors.pop("b_h", None),
        activation=options.text("activation"),
    )


def _memory(options: Options, tensors: dict[str, Array], order: int) -> Memory:
    where = options.where
    method = Discretizer(options.choice("discretizer", [d.value for d in Discretizer]))
    theta = options.get("theta")
    if method is not Discretizer.STORED:
        return legendre(where, order, positive(where, "theta", theta), method)
    a, b = _required(options, tensors, "A"), _required(options, tensors, "B")
    if b.shape != (order,):
        raise must(where, "B", f"as long as the order, {order}", b.shape)
    theta = None if theta is None else positive(where, "theta", theta)
    with located(where):
        return Memory(A=a, B=b, theta=theta, discretizer=method)


def _required(options: Options, tensors: dict[str, Array], key: str) -> Array:
    if key not in tensors:
        raise LoadError(
            f"{options.where}: tensor {key!r} must be in the file; the layer has "
            f"{show(sorted(tensors))}"
        )
    return tensors.pop(key)


def _required_flag(options: Options, name: str) -> bool:
    if name not in options:
        raise must(options.where, name, "true or false", None)
    return options.flag(name)


def _identifier(options: Options, key: str) -> str:
    text = options.text(key)
    if not _IDENTIFIER.fullmatch(text):
        raise must(options.where, key, "an identifier ([A-Za-z_][A-Za-z0-9_]*)", text)
    return text


def _notes(where: str, notes: object) -> tuple[str, ...]:
    """Return notes as text; the file has either an object of strings or a list of them."""
    if isinstance(notes, dict) and all(isinstance(text, str) for text in notes.values()):
        return tuple(f"{key}: {notes[key]}" for key in sorted(notes))
    if isinstance(notes, list) and all(isinstance(text, str) for text in notes):
        return tuple(notes)
    raise must(where, "notes", "an object or a list of strings", notes)
