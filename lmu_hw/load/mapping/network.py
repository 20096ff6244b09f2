# SPDX-License-Identifier: Apache-2.0
"""The network of a state dict and a mapping: parts are read, and put into the own form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from lmu_hw.errors import LoadError
from lmu_hw.lmu import Network
from lmu_hw.lmu.activations import LINEAR
from lmu_hw.load.assembly import Assembly
from lmu_hw.load.budget import Budget
from lmu_hw.load.check import identifier, located, must, show, unique_identifier
from lmu_hw.load.mapping.entries import (
    LEAKY,
    ActivationEntry,
    Answers,
    Cell,
    DenseEntry,
    LayerEntry,
    LmuEntry,
    NormEntry,
    RecurrentEntry,
    States,
    SumEntry,
)
from lmu_hw.load.mapping.schema import StateMapping
from lmu_hw.load.mapping.wires import Wires
from lmu_hw.load.native.form import build_layers
from lmu_hw.load.tensors import Array, Tensor
from lmu_hw.load.value import Value

__all__ = ["mapped_network"]

_GATES = {Cell.LSTM: "ifgo", Cell.GRU: "zrn"}
"""The order of rows in the own form."""


@dataclass(frozen=True, slots=True)
class _Origin:
    """A layer in a mapping, for messages and notes."""

    name: str
    where: str


def mapped_network(
    where: str, name: str, tensors: Mapping[str, Tensor], mapping: StateMapping
) -> Network:
    """Return the network that a mapping makes of tensors.

    Parameters
    ----------
    where : str
        The file of the tensors, for messages.
    name : str
        Of the network.
    tensors : mapping
        A state dict.
    mapping : StateMapping

    Raises
    ------
    LoadError
        If a tensor is missing or left over, or a part does not fit.
    """
    views = mapping.views()
    _require_all_used(where, tensors, mapping)
    origins = {key: _Origin(key, f"{mapping.where}: layers.{key}") for key in mapping.layers}
    parts = {
        key: {
            part: view.read(tensors, part, f"{where}, {origins[key].where}.{part}")
            for part, view in entries.items()
        }
        for key, entries in views.items()
    }
    layers, notes = _layers(mapping, parts, origins)
    read = {part for entries in views.values() for view in entries.values() for part in view.names}
    made = [tensors[part].made for part in sorted(read) if tensors[part].made]
    with located(mapping.where):
        return Network(name=identifier(name), layers=layers, notes=(*made, *notes))


def _require_all_used(where: str, tensors: Mapping[str, Tensor], mapping: StateMapping) -> None:
    """Refuse tensors that are no part of a layer and not declared to be none."""
    used = {n for parts in mapping.views().values() for view in parts.values() for n in view.names}
    rest = [
        name
        for name in sorted(set(tensors) - used)
        if not any(fnmatchcase(name, pattern) for pattern in mapping.ignore)
    ]
    if rest:
        raise LoadError(
            f"{where}: every tensor must be part of a layer in {mapping.where}, or be ignored "
            f"there, but {show(rest)} are neither"
        )


def _layers(
    mapping: StateMapping, parts: dict[str, dict[str, Array]], origins: dict[str, _Origin]
) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    """Return the layers as a chain, what has no weights folded into neighbours, and notes."""
    names: dict[str, str] = {}
    for key in mapping.layers:
        names[key] = unique_identifier(key, names.values())
    taken = set(names.values())

    def unique(text: str) -> str:
        taken.add(name := unique_identifier(text, taken))
        return name

    budget = Budget()
    assembly = Assembly(mapping.where, unique, budget)
    wires = Wires(assembly, mapping)
    shuffle = None
    for key, entry in mapping.layers.items():
        arrays, origin = parts[key], origins[key]
        if shuffle is not None:
            _shuffle_columns(entry, arrays, shuffle, origin.where)
            shuffle = None
        if isinstance(entry, SumEntry):
            wires.keep(key, wires.total(key, origin))
            continue
        source = wires.source(key, entry.reads, origin)
        if isinstance(entry, NormEntry):
            scale, shift = _affine(entry, arrays, origin.where)
            source = assembly.scale(origin, scale, shift, source)
        if isinstance(entry, NormEntry | ActivationEntry):
            wires.keep(key, _activated(assembly, entry, arrays, source, origin))
            continue
        header = _header(entry, arrays, origin.where)
        header["name"] = names[key]
        if not isinstance(entry, DenseEntry):
            header["return_sequences"] = True
        if isinstance(entry, LmuEntry) and entry.A is None:
            budget.discretize(origin.where, header["order"])
        if isinstance(entry, LmuEntry) and entry.states is States.BY_ORDER:
            shuffle = _by_memory(header, arrays)
        own = {part: values for part, values in arrays.items() if part != "slopes"}
        tensors = {f"{names[key]}.{part}": values for part, values in own.items()}
        (layer,) = build_layers(mapping.where, [header], tensors)
        with located(origin.where):
            value = assembly.add(layer, source)
        if isinstance(entry, DenseEntry) and entry.activation == LEAKY:
            value = _activated(assembly, entry, arrays, value, origin)
        wires.keep(key, value)
    output = wires.output
    layers = assembly.finish(assembly.last(output) if mapping.answers is Answers.ONCE else output)
    return layers, tuple(assembly.notes)


def _header(
    entry: LmuEntry | RecurrentEntry | DenseEntry, arrays: dict[str, Array], where: str
) -> dict[str, Any]:
    """Return what the own form says of a layer; adds and orders parts that it has otherwise."""
    match entry:
        case DenseEntry():
            linear = entry.activation == LEAKY  # relu, and what reads it, come behind it
            return {"kind": "dense", "activation": LINEAR if linear else entry.activation}
        case RecurrentEntry():
            if entry.cell is Cell.NONE:
                raise must(where, "cell", "one, in a recurrent layer", entry.cell.value)
            return {"kind": "recurrent", "cell": entry.cell.value, **_cell(entry, arrays, where)}
        case LmuEntry():
            memory = _memory(entry, arrays, where)
            hidden = {"hidden": entry.cell.value, **_cell(entry, arrays, where)}
            header = {"kind": "lmu", "encoder": entry.encoder, **memory, **hidden}
            if entry.input_to_hidden is not None:
                header["input_to_hidden"] = entry.input_to_hidden
            return header
    assert_never(entry)


def _memory(entry: LmuEntry, arrays: dict[str, Array], where: str) -> dict[str, Any]:
    """Return what the own form says of the memories of a layer; adds E_x where u is x."""
    stored = "A" in arrays
    order = len(arrays["B"]) if stored else entry.order
    memories = entry.memories
    for part in ("E_x", "E_h", "E_m", "b_u"):
        if part in arrays and memories is None:
            memories = len(arrays[part])
    memories = memories or 1
    if order is None and "W_m" in arrays:
        order, rest = divmod(arrays["W_m"].shape[1], memories)
        if rest:
            rule = f"wide enough for the states of {memories} memories"
            raise must(where, "W_m", rule, arrays["W_m"].shape)
    if not order:
        raise LoadError(f"{where}.order must be given where neither A and B nor W_m say it")
    if entry.order not in (None, order):
        raise must(where, "order", f"that of its tensors, {order}", entry.order)
    if "E_x" not in arrays:
        arrays["E_x"] = np.eye(memories)
    return {
        "order": order,
        "memory_d": memories,
        "theta": entry.theta,
        "discretizer": "stored" if stored else entry.discretizer or "zoh",
    }


def _cell(entry: LmuEntry | RecurrentEntry, arrays: dict[str, Array], where: str) -> dict[str, Any]:
    """Return what the own form says of a cell; puts its gates in order."""
    given = {
        "activation": entry.activation,
        "recurrent_activation": entry.recurrent_activation,
        "reset_after": entry.reset_after,
    }
    needed = {
        Cell.NONE: (),
        Cell.DENSE: ("activation",),
        Cell.SIMPLE_RNN: ("activation",),
        Cell.LSTM: ("activation", "recurrent_activation"),
        Cell.GRU: ("activation", "recurrent_activation", "reset_after"),
    }[entry.cell]
    for key, value in given.items():
        if (value is not None) != (key in needed):
            rule = "given with" if key in needed else "left out of"
            raise LoadError(f"{where}.{key} must be {rule} the cell {entry.cell.value}")
    if entry.cell in _GATES:
        if entry.gates is None:
            raise LoadError(f"{where}.gates must say the order of the rows of the cell's gates")
        letters = entry.gates.replace(" ", "")
        for part in ("W_m", "W_x", "W_h", "b_h", "b_r"):
            if part in arrays and len(arrays[part]) % len(letters) == 0:
                blocks = dict(zip(letters, np.split(arrays[part], len(letters)), strict=True))
                arrays[part] = np.concatenate([blocks[gate] for gate in _GATES[entry.cell]])
    return {key: given[key] for key in needed}


def _activated(
    assembly: Assembly,
    entry: DenseEntry | NormEntry | ActivationEntry,
    arrays: dict[str, Array],
    source: Value,
    origin: _Origin,
) -> Value:
    """Return an activation of a value, with the slope that it may have."""
    if source.width is None:
        raise LoadError(f"{origin.where}: x must be read by a layer before its activation is")
    if entry.activation != LEAKY:
        with located(origin.where):
            return assembly.activate(origin, entry.activation, source)
    slopes = arrays["slopes"] if entry.slope is None else np.array([entry.slope])
    return assembly.leaky(origin, slopes, source)


def _affine(entry: NormEntry, arrays: dict[str, Array], where: str) -> tuple[Array, Array]:
    """Return scale and shift of a normalisation."""
    mean, variance = arrays["mean"], arrays["variance"]
    weight = arrays.get("weight", np.ones_like(mean))
    bias = arrays.get("bias", np.zeros_like(mean))
    shapes = {part: values.shape for part, values in arrays.items() if part != "slopes"}
    if len(set(shapes.values())) > 1:
        raise must(where, "the shapes", "equal", shapes)
    if not np.all(variance + entry.epsilon > 0):
        raise must(where, "variance + epsilon", "positive", float(np.min(variance)))
    scale = weight / np.sqrt(variance + entry.epsilon)
    return scale, bias - mean * scale


def _by_memory(header: dict[str, Any], arrays: dict[str, Array]) -> NDArray[np.intp] | None:
    """Order the states of several memories by memory.

    Returns the order for the columns of the next layer, if that is fed by the memories.
    """
    shape = header["order"], header["memory_d"]
    order = np.arange(shape[0] * shape[1]).reshape(shape).T.ravel()
    for part in ("W_m", "E_m"):
        if part in arrays and arrays[part].shape[1] == len(order):
            arrays[part] = arrays[part][:, order]
    return order if header["hidden"] == Cell.NONE.value else None


def _shuffle_columns(
    entry: LayerEntry, arrays: dict[str, Array], order: NDArray[np.intp], where: str
) -> None:
    """Order the columns of a dense layer as the states of the memories that feed it."""
    if not isinstance(entry, DenseEntry) or entry.reads or arrays["W"].shape[1] < len(order):
        rule = "a dense layer behind it of at least so many columns"
        raise must(where, "what reads states by order", rule, entry.kind)
    rest = np.arange(len(order), arrays["W"].shape[1])
    arrays["W"] = arrays["W"][:, np.concatenate([order, rest])]
