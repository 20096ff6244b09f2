# SPDX-License-Identifier: Apache-2.0
"""The own form, read: a JSON header and named tensors, whatever file they are kept in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from lmu_hw.checked import real
from lmu_hw.errors import LoadError
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
from lmu_hw.load.check import MAX_ORDER, Options, located, must, positive, show
from lmu_hw.load.tensors import Array

__all__ = ["IDENTIFIER", "THETA", "build", "build_layers", "legendre"]

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")
"""What names networks and layers."""

THETA = (1e-3, 1e12)
"""Windows in steps; a shorter one takes the matrix exponential hours, or to infinity."""

_MAX_LEGENDRE = 1024  # the matrix exponential takes seconds, and eight times that at twice it
_CELLS = ("simple_rnn", "dense", "lstm", "gru")
_VECTORS = ("b", "b_u", "b_h", "b_r", "B")


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
    mask_value = options.get("mask_value")
    if mask_value is not None:
        mask_value = real(mask_value, f"{where}: mask_value", error=LoadError)
    options.finish()
    layers = tuple(build_layers(where, nodes, tensors))
    with located(where):
        return Network(name=name, layers=layers, notes=notes, mask_value=mask_value)


def build_layers(where: str, nodes: list[Any], tensors: Mapping[str, Array]) -> list[Layer]:
    """Return the layers that the nodes of a header and all tensors describe; errors as `build`."""
    _check_work(where, nodes)
    parts: dict[str, dict[str, Array]] = {}
    for key, tensor in tensors.items():
        owner, _, part = key.partition(".")
        parts.setdefault(owner, {})[part] = tensor
    layers = [_layer(where, index, node, parts) for index, node in enumerate(nodes)]
    if parts:
        rest = sorted(f"{owner}.{part}" for owner, fields in parts.items() for part in fields)
        raise LoadError(
            f"{where}: every tensor must belong to a layer, but nothing reads {show(rest)}"
        )
    return layers


def legendre(where: str, order: int, theta: float, discretizer: Discretizer) -> Memory:
    """Return `Memory.legendre`, or raise `LoadError` if theta is out of all proportion."""
    if order > _MAX_LEGENDRE:
        advice = "keep its A and B in the own form, with the discretizer stored"
        raise must(where, "order", f"at most {_MAX_LEGENDRE}", order, advice=advice)
    low, high = THETA
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


def _check_work(where: str, nodes: list[Any]) -> None:
    """Refuse more work in all than the matrix exponential of the largest order."""
    orders = [
        node.get("order", 0)
        for node in nodes
        if isinstance(node, dict) and node.get("discretizer") != Discretizer.STORED.value
    ]
    work = sum(order**3 for order in orders if isinstance(order, int) and order <= _MAX_LEGENDRE)
    limit = _MAX_LEGENDRE**3
    if work > limit:
        raise must(where, "the sum of order**3 over all memories", f"at most {limit}", work)


def _layer(where: str, index: int, node: object, parts: dict[str, dict[str, Array]]) -> Layer:
    if not isinstance(node, dict):
        raise must(where, f"layer {index}", "a JSON object", node)
    options = Options(f"{where}: layer {index}", node)
    name = _identifier(options, "name")
    options.where = f"{where}: layer {name!r}"
    make = _MAKERS[options.choice("kind", tuple(_MAKERS))]
    arrays = parts.pop(name, {})
    for key, tensor in arrays.items():
        dimensions = 1 if key in _VECTORS else 2
        if tensor.ndim != dimensions or 0 in tensor.shape:
            rule = f"a non-empty array of {dimensions} dimension(s)"
            raise must(options.where, f"tensor {key!r}", rule, tensor.shape)
    layer = _passing(options, make(options, name, arrays))
    if arrays:
        raise LoadError(
            f"{options.where}: no tensor must be left over, but {show(sorted(arrays))} are"
        )
    options.finish()
    return layer


def _passing(options: Options, layer: Layer) -> Layer:
    """Return the layer with the columns of its input that it hands on."""
    passed = options.get("passed", [])
    if not isinstance(passed, list) or len(passed) > layer.inputs:
        rule = f"a list of at most {layer.inputs} columns"
        raise must(options.where, "passed", rule, passed)
    with located(options.where):
        return replace(layer, passed=tuple(passed)) if passed else layer


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
    encoder = options.text("encoder") if "encoder" in options else LINEAR
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
            encoder=encoder,
        )


def _recurrent(options: Options, name: str, tensors: dict[str, Array]) -> RecurrentLayer:
    kind = options.choice("cell", _CELLS)
    rows = len(_required(options, tensors, "W_x", keep=True))
    cell = _cell(options, tensors, kind, np.zeros((rows, 0)))
    with located(options.where):
        return RecurrentLayer(
            name=name, cell=cell, return_sequences=_required_flag(options, "return_sequences")
        )


_MAKERS = {"lmu": _lmu, "recurrent": _recurrent, "dense": _dense}


def _hidden(options: Options, tensors: dict[str, Array], states: int) -> HiddenCell | None:
    kind = options.choice("hidden", (*_CELLS, "none"))
    if kind != "none":
        w_m = _required(options, tensors, "W_m")
        if w_m.shape[1] != states:
            rule = f"{states} columns wide, memory_d * order"
            raise must(options.where, "W_m", rule, w_m.shape)
        return _cell(options, tensors, kind, w_m)
    if options.get("activation") not in (None, LINEAR):
        rule = "absent without a hidden cell"
        raise must(options.where, "activation", rule, options.get("activation"))
    return None


def _cell(options: Options, tensors: dict[str, Array], kind: str, w_m: Array) -> HiddenCell:
    """Return the cell of that kind; shapes are checked by its layer."""
    w_h = None if kind == "dense" else _required(options, tensors, "W_h")
    w_x, b = tensors.pop("W_x", None), tensors.pop("b_h", None)
    squash = options.text("activation")
    if w_h is None or kind == "simple_rnn":
        return SimpleCell(W_m=w_m, W_x=w_x, W_h=w_h, b=b, activation=squash)
    gate = options.text("recurrent_activation")
    if kind == "lstm":
        return LstmCell(
            W_m=w_m, W_x=w_x, W_h=w_h, b=b, activation=squash, recurrent_activation=gate
        )
    if kind != "gru":
        raise must(options.where, "the cell", f"one of {', '.join(_CELLS)}", kind)
    after = _required_flag(options, "reset_after")
    return GruCell(
        W_m=w_m,
        W_x=w_x,
        W_h=w_h,
        b=b,
        b_h=tensors.pop("b_r", None) if after else None,
        activation=squash,
        recurrent_activation=gate,
        reset_after=after,
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


def _required(
    options: Options, tensors: dict[str, Array], key: str, *, keep: bool = False
) -> Array:
    if key not in tensors:
        raise LoadError(
            f"{options.where}: tensor {key!r} must be in the file; the layer has "
            f"{show(sorted(tensors))}"
        )
    return tensors[key] if keep else tensors.pop(key)


def _required_flag(options: Options, name: str) -> bool:
    if name not in options:
        raise must(options.where, name, "true or false", None)
    return options.flag(name)


def _identifier(options: Options, key: str) -> str:
    text = options.text(key)
    if not IDENTIFIER.fullmatch(text):
        raise must(options.where, key, "an identifier ([A-Za-z_][A-Za-z0-9_]{0,254})", text)
    return text


def _notes(where: str, notes: object) -> tuple[str, ...]:
    """Return notes as text; the file has either an object of strings or a list of them."""
    if isinstance(notes, dict) and all(isinstance(text, str) for text in notes.values()):
        return tuple(f"{key}: {notes[key]}" for key in sorted(notes))
    if isinstance(notes, list) and all(isinstance(text, str) for text in notes):
        return tuple(notes)
    raise must(where, "notes", "an object or a list of strings", notes)
