# SPDX-License-Identifier: Apache-2.0
"""The layers of a trained network."""

from __future__ import annotations

from typing import Any, assert_never

import numpy as np
from rich.console import Group, RenderableType

from lmu_hw.cli.tables.titled import titled
from lmu_hw.lmu import (
    DenseLayer,
    Discretizer,
    GruCell,
    HiddenCell,
    LmuLayer,
    LstmCell,
    Network,
    RecurrentLayer,
    SimpleCell,
    measured_window,
    window,
)
from lmu_hw.lmu.activations import LINEAR
from lmu_hw.lmu.layers import Layer
from lmu_hw.lmu.network import masked_words
from lmu_hw.proofs import spectral_radius
from lmu_hw.proofs.loop import loop_radius

__all__ = ["network_entry", "network_table"]


def network_table(network: Network) -> RenderableType:
    """Return the layers of a trained network."""
    headings = ("Layer", "Kind", "In", "Out", "Memory", "Connections", "Activation", "Answers")
    title = f"{network.name}: trained network"
    table = titled(title, *headings, numbers=("Weights", "Radius"))
    for layer in network.layers:
        table.add_row(*map(_cell, _layer_entry(layer).values()))
    answers = "once, at the last step" if network.answers_once else "at every step"
    lines: list[RenderableType] = [
        table,
        f"{_counted(network.inputs, 'input')}, {_counted(network.outputs, 'output')}, answers "
        f"{answers}"
        f"{masked_words(network.mask_value)}",
    ]
    if network.softmax:
        lines.append("softmax at the end is left to the host: hardware answers its arguments")
    lines += [text for layer in network.layers if (text := _window_text(layer))]
    lines += [note if note.startswith("warning: ") else f"note: {note}" for note in network.notes]
    return Group(*lines)


def network_entry(network: Network) -> dict[str, Any]:
    """Return what `network_table` shows, as JSON values."""
    return {
        "name": network.name,
        "inputs": network.inputs,
        "outputs": network.outputs,
        "answers_once": network.answers_once,
        "softmax": network.softmax,
        "mask_value": network.mask_value,
        "layers": [_layer_entry(layer) for layer in network.layers],
        "notes": list(network.notes),
    }


def _cell(value: str | float | None) -> str:
    """Return an entry as a table shows it."""
    match value:
        case None:
            return ""
        case str():
            return value
        case int():
            return f"{value:,}"
        case float():
            return f"{value:.4f}"
    assert_never(value)


def _layer_entry(layer: Layer) -> dict[str, str | float | None]:
    """Return the row of a layer, in the order of the headings of `network_table`."""
    memory, links, radius = "", "", None
    match layer:
        case LmuLayer():
            kind, memory, links = "LMU", _memory_text(layer), _links(layer)
            radius = float(_radius(layer))
            activation = "no hidden cell" if layer.hidden is None else _cell_text(layer.hidden)
            if layer.encoder != LINEAR:
                activation += f"; u: {layer.encoder}"
            weights = _size(layer.E_x, layer.E_h, layer.E_m, layer.b_u) + _cell_size(layer.hidden)
        case RecurrentLayer():
            kind, activation, weights = "recurrent", _cell_text(layer.cell), _cell_size(layer.cell)
            links = "x-h" if layer.cell.W_h is None else "x-h h-h"
        case DenseLayer():
            kind, activation, weights = "dense", layer.activation, _size(layer.W, layer.b)
        case _:
            assert_never(layer)
    if layer.passed:
        links = f"{links} x-y".strip()
    return {
        "name": layer.name,
        "kind": kind,
        "inputs": layer.inputs,
        "outputs": layer.outputs,
        "memory": memory,
        "connections": links,
        "activation": activation,
        "answers": "every step" if layer.return_sequences else "last step",
        "weights": int(weights),
        "radius": radius,
    }


def _memory_text(layer: LmuLayer) -> str:
    theta = window(layer.memory)
    steps = "unknown" if theta is None else f"{theta:g}"
    memory = f"order {layer.memory.order}, theta {steps}, {layer.memory.discretizer.value}"
    return f"{layer.memory_d} x {memory}" if layer.memory_d > 1 else memory


def _window_text(layer: Layer) -> str:
    """Return where the window of stored matrices comes from, and how well it fits them."""
    if not isinstance(layer, LmuLayer) or layer.memory.discretizer is not Discretizer.STORED:
        return ""
    fit = measured_window(layer.memory)
    if fit is None:
        return (
            f"{layer.name}: its window is unknown: A and B are not those of a Legendre memory of "
            "any; --theta states it"
        )
    origin = "found from them" if layer.memory.theta is None else "stated"
    return (
        f"{layer.name}: A and B are those of {fit.discretizer.value} for a window of {fit.theta:g} "
        f"steps ({origin}) up to {fit.deviation:.1e} of the largest change in a step"
    )


def _links(layer: LmuLayer) -> str:
    """Return the connections of a layer, each as source-target."""
    links = {
        "x-h": layer.input_to_hidden,
        "h-h": layer.hidden is not None and layer.hidden.W_h is not None,
        "h-m": layer.E_h is not None,
        "m-m": layer.E_m is not None,
    }
    return " ".join(name for name, there in links.items() if there)


def _cell_text(cell: HiddenCell) -> str:
    """Return the activations of a hidden cell, and the kind of one that has gates."""
    match cell:
        case SimpleCell():
            return cell.activation
        case LstmCell():
            return f"LSTM: {cell.activation}, gates {cell.recurrent_activation}"
        case GruCell():
            reset = f"reset {'after' if cell.reset_after else 'before'} the product"
            return f"GRU: {cell.activation}, gates {cell.recurrent_activation}, {reset}"
    assert_never(cell)


def _cell_size(cell: HiddenCell | None) -> int:
    if cell is None:
        return 0
    shared = _size(cell.W_m, cell.W_x, cell.W_h, cell.b)
    match cell:
        case SimpleCell() | LstmCell():
            return shared
        case GruCell():
            return shared + _size(cell.b_h)
    assert_never(cell)


def _radius(layer: LmuLayer) -> float:
    """Return the spectral radius of the memory, with the linear loop through E_m closed."""
    if layer.E_m is None:
        return spectral_radius(layer.memory.A)
    return loop_radius(layer.memory.A, layer.memory.B, layer.E_m)


def _size(*arrays: np.ndarray | None) -> int:
    return sum(array.size for array in arrays if array is not None)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
