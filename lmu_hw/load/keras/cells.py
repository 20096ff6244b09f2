# SPDX-License-Identifier: Apache-2.0
"""Cells of Keras: what an LMU has as its hidden cell, and what a recurrent layer is made of.

Keras multiplies row vectors, ``[m, x] W + h U + b``; every matrix is transposed once, here. Gates
lie in the same order as here: i, f, c, o in an LSTM, and z, r, h in a GRU.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from lmu_hw.lmu import GruCell, LstmCell, SimpleCell
from lmu_hw.lmu.cells import HiddenCell
from lmu_hw.load.check import Options, must
from lmu_hw.load.keras.graph import LayerNode
from lmu_hw.load.keras.options import IGNORED, activation_name
from lmu_hw.load.keras.weights import Shape

__all__ = ["CELLS", "read_cell"]

Array = NDArray[np.float64]
Take = Callable[[Mapping[str, Shape]], dict[str, Array]]

_GATES = {"Dense": 1, "SimpleRNNCell": 1, "LSTMCell": 4, "GRUCell": 3}
CELLS = tuple(_GATES)
"""Classes that are read."""


def read_cell(
    node: LayerNode, kind: str, take: Take, *, states: int, inputs: int | None, keras2: bool
) -> HiddenCell:
    """Return the cell that a node describes.

    Parameters
    ----------
    node : LayerNode
        The cell, or the layer that is made of nothing else.
    kind : str
        One of `CELLS`.
    take : Take
        Gives its variables.
    states, inputs : int
        How many memory states and inputs feed it; None: as many inputs as there are weights for.
    keras2 : bool
        Activations of Keras 2, not 3.
    """
    options, gates, recurrent = node.options, _GATES[kind], kind != "Dense"
    activation = activation_name(options, "tanh" if recurrent else "linear", keras2=keras2)
    gate = ""
    if gates > 1:
        gate = activation_name(options, "sigmoid", keras2=keras2, option="recurrent_activation")
    reset_after = kind == "GRUCell" and options.flag("reset_after")
    shapes = _shapes(options, kind, None if inputs is None else states + inputs, reset_after)
    options.finish(ignored=IGNORED, off_is_fine=True)
    arrays = take(shapes)
    W, U, b = (
        arrays["kernel"].T,
        arrays.get("recurrent_kernel", np.zeros((0, 0))).T,
        arrays.get("bias"),
    )
    if W.shape[1] < states:
        raise must(node.where, "the kernel", f"at least {states} rows high", arrays["kernel"].shape)
    W_m, W_x = W[:, :states], W[:, states:] if W.shape[1] > states else None
    if kind == "LSTMCell":
        return LstmCell(
            W_m=W_m, W_x=W_x, W_h=U, b=b, activation=activation, recurrent_activation=gate
        )
    if kind == "GRUCell":
        return GruCell(
            W_m=W_m,
            W_x=W_x,
            W_h=U,
            b=b[0] if b is not None and reset_after else b,
            b_h=b[1] if b is not None and reset_after else None,
            activation=activation,
            recurrent_activation=gate,
            reset_after=reset_after,
        )
    if kind not in ("SimpleRNNCell", "Dense"):
        raise must(node.where, "a cell", f"one of {', '.join(CELLS)}", kind)
    return SimpleCell(W_m=W_m, W_x=W_x, W_h=U if recurrent else None, b=b, activation=activation)


def _shapes(options: Options, kind: str, rows: int | None, reset_after: bool) -> dict[str, Shape]:
    """Return the variables of a cell in the order in which Keras makes them."""
    units = options.count("units")
    columns = _GATES[kind] * units
    shapes: dict[str, Shape] = {"kernel": (rows, columns)}
    if kind != "Dense":
        shapes["recurrent_kernel"] = (units, columns)
    if options.flag("use_bias", default=True):
        shapes["bias"] = (2, columns) if reset_after else (columns,)
    return shapes
