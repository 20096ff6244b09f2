# SPDX-License-Identifier: Apache-2.0
"""Designs that estimates are fitted to, and others that they are compared with."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import lmu_hw
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
from lmu_hw.network import QuantizedLayer
from lmu_hw.plan import LayerPlan, Plan

__all__ = ["CASES", "Case", "design_of"]

EXAMPLES = Path(__file__).parents[1] / "examples"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A design: an example network, or one of random weights, and how it is made.

    Attributes
    ----------
    name : str
    arrays : tuple of tuple of int
        Rows and columns of each layer's array, and, if they are not 1, the beat and the multipliers
        of its memory: whatever would be chosen by what is estimated.
    held_out : bool
        Not fitted to.
    example : str
        Folder of a trained network; empty: a layer of random weights.
    inputs, order, memories, units : int
        Of that layer; order 0: no memory; units 0: no hidden cell.
    cell, activation : str
        rnn, lstm or gru, and its function.
    outputs : int
        Of a dense layer behind it; 0: none.
    options : dict
        Of `lmu_hw.quantize`.
    """

    name: str
    arrays: tuple[tuple[int, ...], ...]
    held_out: bool = False
    example: str = ""
    inputs: int = 1
    order: int = 0
    memories: int = 1
    units: int = 0
    cell: str = "rnn"
    activation: str = "tanh"
    outputs: int = 0
    options: dict[str, Any] = field(default_factory=dict)


_BYTES = {"weight_bits": 8, "activation_bits": 8}
_DIGITS = {**_BYTES, "input_scale": "1/16"}
_SWEEPS, _SCAN, _PASSES = ({"realization": name} for name in ("semiseparable", "scan", "two-pass"))

_CELLS = {"rnn": (SimpleCell, 1), "lstm": (LstmCell, 4), "gru": (GruCell, 3)}
"""Classes, and how many vectors each computes of its unit."""

_METHODS = {
    "dense": Discretizer.ZOH,
    "semiseparable": Discretizer.BILINEAR,
    "two-pass": Discretizer.BILINEAR,
    "scan": Discretizer.EULER,
}

CASES = (
    Case(name="dense d=8", arrays=((1, 1),), order=8, units=6),
    Case(name="LSTM 6", arrays=((1, 1), (1, 1)), inputs=2, units=6, cell="lstm", outputs=2),
    Case(
        name="sweeps d=32", arrays=((2, 1, 1, 2),), order=32, units=8, options={**_SWEEPS, **_BYTES}
    ),
    Case(
        name="GRU 8", arrays=((4, 1),), inputs=3, units=8, cell="gru", options=_BYTES, held_out=True
    ),
    Case(name="rnn 12", arrays=((3, 4), (1, 4)), inputs=4, units=12, outputs=4, options=_BYTES),
    Case(name="digits", arrays=((2, 2), (1, 1)), example="digits", options=_DIGITS, held_out=True),
    Case(name="scan d=12", arrays=((2, 2),), order=12, units=8, options=_SCAN),
    Case(name="sweeps d=64", arrays=((1, 1),), order=64, units=2, options=_SWEEPS, held_out=True),
    Case(name="two passes d=12", arrays=((2, 1),), order=12, units=8, options=_PASSES),
    Case(name="dense d=16", arrays=((4, 2), (1, 1)), order=16, units=10, outputs=3, options=_BYTES),
    Case(
        name="digits, sweeps",
        arrays=((2, 2), (1, 1)),
        example="digits",
        options={**_DIGITS, **_SWEEPS},
    ),
    Case(name="GRU 6", arrays=((1, 1),), inputs=2, units=6, cell="gru"),
    Case(
        name="LSTM 10",
        arrays=((2, 4), (1, 1)),
        inputs=4,
        units=10,
        cell="lstm",
        outputs=3,
        held_out=True,
    ),
    Case(
        name="3 dense d=6", arrays=((2, 2),), inputs=3, order=6, memories=3, units=8, options=_BYTES
    ),
    Case(name="memory, dense, d=24", arrays=((2, 1),), order=24),
    Case(
        name="LSTM behind sweeps d=16",
        arrays=((2, 2),),
        order=16,
        units=6,
        cell="lstm",
        options=_SWEEPS,
    ),
    Case(name="dense d=20", arrays=((2, 1), (1, 1)), order=20, units=12, outputs=2, held_out=True),
    Case(name="GRU 12", arrays=((4, 4, 2, 1),), inputs=6, units=12, cell="gru", options=_BYTES),
    Case(
        name="scan d=16",
        arrays=((1, 1),),
        order=16,
        units=4,
        options={**_SCAN, **_BYTES},
        held_out=True,
    ),
    Case(
        name="Mackey-Glass",
        arrays=((1, 1), (1, 1), (1, 1), (1, 1), (1, 1)),
        example="mackey_glass",
        options={"weight_bits": 10, "activation_bits": 8},
        held_out=True,
    ),
    Case(
        name="2 sweeps d=12",
        arrays=((2, 2, 1, 3),),
        order=12,
        memories=2,
        units=8,
        options=_SWEEPS | _BYTES,
    ),
    Case(
        name="two passes d=24", arrays=((2, 2),), order=24, units=6, options=_PASSES, held_out=True
    ),
    Case(
        name="3 sweeps d=10",
        arrays=((1, 2, 1, 2),),
        order=10,
        memories=3,
        units=5,
        options={**_SWEEPS, **_BYTES},
        held_out=True,
    ),
    Case(name="LSTM 16", arrays=((4, 4),), inputs=8, units=16, cell="lstm", options=_BYTES),
    Case(
        name="sweeps d=24",
        arrays=((4, 4, 2, 3),),
        order=24,
        units=16,
        options=_SWEEPS,
        held_out=True,
    ),
)


def _network(case: Case) -> Network:
    """Return a layer of random weights, and a dense one behind it."""
    random = np.random.default_rng(0)

    def weights(*shape: int) -> np.ndarray:
        return random.uniform(-1.0, 1.0, shape) / np.sqrt(shape[-1])

    def cell(states: int, inputs: int) -> HiddenCell:
        kind, gates = _CELLS[case.cell]
        rows = gates * case.units
        parts: dict[str, Any] = {"activation": case.activation}
        if gates > 1:
            parts["recurrent_activation"] = "sigmoid"
        if kind is GruCell:
            parts.update(b_h=weights(rows), reset_after=True)
        return kind(
            W_m=weights(rows, states),
            W_x=weights(rows, inputs),
            W_h=weights(rows, case.units),
            b=weights(rows),
            **parts,
        )

    layers: list[Any] = []
    if case.order:
        states = case.memories * case.order
        realized = case.options.get("realization", "dense")
        method = _METHODS[realized]
        layers.append(
            LmuLayer(
                name="lmu",
                memory=Memory.legendre(case.order, 4.0 * case.order, method),
                E_x=weights(case.memories, case.inputs),
                E_h=None,
                E_m=None,
                b_u=None,
                hidden=cell(states, case.inputs) if case.units else None,
                input_to_hidden=True,
                return_sequences=True,
            )
        )
    else:
        made = cell(0, case.inputs)
        layers.append(RecurrentLayer(name="cell", cell=made, return_sequences=True))
    if case.outputs:
        W = weights(case.outputs, layers[-1].outputs)
        layers.append(DenseLayer(name="head", W=W, b=weights(case.outputs), activation="linear"))
    return Network(name="design", layers=tuple(layers))


def design_of(case: Case) -> tuple[lmu_hw.Design, Plan]:
    """Return the design of a case and its plan."""
    if case.example:
        folder = EXAMPLES / case.example
        network = lmu_hw.load(folder / "model.safetensors")
        design = lmu_hw.quantize(network, np.load(folder / "calibrate_x.npy"), **case.options)
    else:
        network = _network(case)
        x = np.random.default_rng(1).uniform(-1.0, 1.0, (8, 100, network.inputs))
        design = lmu_hw.quantize(network, x, **case.options)
    layers = zip(design.network.layers, case.arrays, strict=True)
    return design, Plan(layers=tuple(_layer_plan(layer, *array) for layer, array in layers))


def _layer_plan(
    layer: QuantizedLayer, rows: int, columns: int, beat: int = 1, memory_lanes: int = 1
) -> LayerPlan:
    return LayerPlan(layer=layer, rows=rows, columns=columns, beat=beat, memory_lanes=memory_lanes)
