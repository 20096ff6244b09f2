# SPDX-License-Identifier: Apache-2.0
"""The recurrent operators of ONNX, LSTM, GRU and RNN, as cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lmu_hw.lmu import GruCell, LstmCell, SimpleCell
from lmu_hw.lmu.cells import HiddenCell
from lmu_hw.load.check import must
from lmu_hw.load.onnx.files import Node
from lmu_hw.load.tensors import Array

__all__ = ["RECURRENT", "cell_of"]

RECURRENT: Mapping[str, int] = {"RNN": 1, "LSTM": 4, "GRU": 3}
"""Operators, and how many gates they have."""

_DEFAULTS = {"RNN": ("Tanh",), "LSTM": ("Sigmoid", "Tanh", "Tanh"), "GRU": ("Sigmoid", "Tanh")}
_NAMES = {
    "relu": "relu",
    "tanh": "tanh",
    "sigmoid": "sigmoid",
    "hardsigmoid": "hard_sigmoid_keras2",
    "softsign": "softsign",
    "softplus": "softplus",
    "elu": "elu",
}
_ORDERS = {"LSTM": (0, 2, 3, 1)}  # ONNX: i, o, f, c
_BACKWARD = (
    "a backward half reads the end of a sequence first, so that hardware would have to keep whole "
    "sequences; train a forward network"
)


def cell_of(node: Node, W: Array, R: Array, B: Array | None) -> HiddenCell:
    """Return the cell of a node.

    Parameters
    ----------
    node : Node
    W : (1, gates units, inputs)
    R : (1, gates units, units)
    B : (1, 2 gates units) or None
        Biases beside W, then those beside R.

    Raises
    ------
    LoadError
        If it runs backward, or has an option or a shape that is not known.
    """
    attributes, gates = node.attributes, RECURRENT[node.op]
    direction = attributes.get("direction", "forward")
    if direction != "forward":
        raise must(node.where, "direction", "forward", direction, advice=_BACKWARD)
    for name, advice in (("clip", "train without it"), ("input_forget", "train without it")):
        if attributes.get(name):
            raise must(node.where, name, "left out", attributes[name], advice=advice)
    gate, squash = _activations(node)
    units = R.shape[-1] if R.ndim == 3 else 0
    shapes = {"W": (1, gates * units, W.shape[-1]), "R": (1, gates * units, units)}
    for name, array in (("W", W), ("R", R)):
        if array.shape != shapes[name] or not units:
            raise must(node.where, f"the shape of {name}", str(shapes[name]), array.shape)
    if attributes.get("hidden_size", units) != units:
        raise must(node.where, "hidden_size", f"{units}, that of R", attributes["hidden_size"])
    if B is not None and B.shape != (1, 2 * gates * units):
        raise must(node.where, "the shape of B", f"(1, {2 * gates * units})", B.shape)
    beside = (None, None) if B is None else np.split(_ordered(node.op, B[0].reshape(-1, units)), 2)
    b_x, b_h = (None if part is None else part.ravel() for part in beside)
    both = None if b_x is None or b_h is None else b_x + b_h
    W_x, W_h = (_ordered(node.op, array[0].reshape(gates, units, -1)) for array in (W, R))
    common = {
        "W_m": np.zeros((gates * units, 0)),
        "W_x": W_x.reshape(gates * units, -1),
        "W_h": W_h.reshape(gates * units, -1),
    }
    match node.op:
        case "RNN":
            return SimpleCell(b=both, activation=squash, **common)
        case "LSTM":
            return LstmCell(b=both, activation=squash, recurrent_activation=gate, **common)
        case _:
            after = bool(attributes.get("linear_before_reset", 0))
            return GruCell(
                b=b_x if after else both,
                b_h=b_h if after else None,
                activation=squash,
                recurrent_activation=gate,
                reset_after=after,
                **common,
            )


def _ordered(op: str, blocks: Array) -> Array:
    """Return blocks of gates, or those of both biases, in the order of the own form."""
    order = np.array(_ORDERS.get(op, range(RECURRENT[op])))
    halves = len(blocks) // len(order)
    return np.concatenate([blocks[half * len(order) + order] for half in range(halves)])


def _activations(node: Node) -> tuple[str, str]:
    """Return the activation of gates and that of the rest; they are the same in an RNN."""
    given: Sequence[str] = node.attributes.get("activations") or _DEFAULTS[node.op]
    known = [_NAMES.get(str(name).lower()) for name in given]
    if len(given) != len(_DEFAULTS[node.op]) or None in known or len(set(known[1:])) > 1:
        rule = f"{len(_DEFAULTS[node.op])} of {', '.join(_NAMES)}, the last two alike in an LSTM"
        raise must(node.where, "activations", rule, given)
    for name in ("activation_alpha", "activation_beta"):
        if node.attributes.get(name):
            raise must(node.where, name, "left out", node.attributes[name])
    return str(known[0]), str(known[-1])
