# SPDX-License-Identifier: Apache-2.0
"""How the PyTorch projects name the tensors of an LMU, and what these names imply.

- pytorch-lmu's `LMU`: tanh, no bias, the whole discrete A and B (the cell of the 2019 paper);
- the ports that keep ``A - I`` under the name `AT` (it is not transposed), otherwise the same;
- pytorch-lmu's `LMUFFT`, which is LMUFormer's `LMUFFTCell`: ``u = relu(W_u x + b_u)`` and
  ``h = relu(W_h [m; x] + b_h)``, without recurrence in h; its impulse responses are derived.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lmu_hw.lmu import Discretizer, Memory, SimpleCell
from lmu_hw.load.tensors import Array

__all__ = ["PORTS", "Port"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """How one project names the tensors of an LMU.

    Parameters
    ----------
    name : str
        The project, as messages print it.
    axes : mapping of str to tuple of str
        The axes of every tensor: 1, inputs, units, order, or a sum of them.
    derived : tuple of str
        Tensors that follow from the others, and are not read.
    layer : callable
        Makes the parts of the `LmuLayer` from the arrays.
    notes : tuple of str
        What the user should know of a file of this project.
    """

    name: str
    axes: Mapping[str, tuple[str, ...]]
    layer: Callable[[Mapping[str, Array]], dict[str, Any]]
    derived: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def _memory(A: Array, B: Array) -> Memory:
    return Memory(A=A, B=B[:, 0], theta=None, discretizer=Discretizer.STORED)


def _recurrent_port(name: str, keys: str, *, less_identity: bool, notes: tuple[str, ...]) -> Port:
    """Return a port of the paper's cell that calls its eight tensors `keys`."""
    axes = [
        ("1", "inputs"), ("1", "units"), ("1", "order"), ("units", "inputs"), ("units", "units"),
        ("units", "order"), ("order", "order"), ("order", "1"),
    ]  # fmt: skip

    def layer(arrays: Mapping[str, Array]) -> dict[str, Any]:
        E_x, E_h, E_m, W_x, W_h, W_m, A, B = (arrays[key] for key in keys.split())
        hidden = SimpleCell(W_m=W_m, W_x=W_x, W_h=W_h, b=None, activation="tanh")
        memory = _memory(A + np.eye(len(A)) if less_identity else A, B)
        return {
            "memory": memory, "E_x": E_x, "E_h": E_h, "E_m": E_m, "b_u": None, "hidden": hidden
        }  # fmt: skip

    return Port(
        name=name, axes=dict(zip(keys.split(), axes, strict=True)), layer=layer, notes=notes
    )


def _parallel(arrays: Mapping[str, Array]) -> dict[str, Any]:
    """Return the parts of an LMUFFT; its hidden layer reads the memory first, then x."""
    order = len(arrays["A"])
    weights = arrays["W_h.weight"]
    hidden = SimpleCell(
        W_m=weights[:, :order],
        W_x=weights[:, order:],
        W_h=None,
        b=arrays["W_h.bias"],
        activation="relu",
    )
    return {
        "memory": _memory(arrays["A"], arrays["B"]),
        "E_x": arrays["W_u.weight"],
        "E_h": None,
        "E_m": None,
        "b_u": arrays["W_u.bias"],
        "hidden": hidden,
        "encoder": "relu",
    }


PORTS = (
    _recurrent_port(
        "pytorch-lmu's LMU", "e_x e_h e_m W_x W_h W_m A B", less_identity=False, notes=()
    ),
    Port(
        name="pytorch-lmu's LMUFFT",
        axes={
            "W_u.weight": ("1", "inputs"),
            "W_u.bias": ("1",),
            "A": ("order", "order"),
            "B": ("order", "1"),
            "W_h.bias": ("units",),
            "W_h.weight": ("units", "order+inputs"),
        },
        derived=("H", "fft_H"),
        layer=_parallel,
    ),
    _recurrent_port(
        "bjkomer's port",
        "input_encoders hidden_encoders memory_encoders input_kernel hidden_kernel memory_kernel "
        "AT BT",
        less_identity=True,
        notes=("the activation is tanh, the default of its code; the file does not say it",),
    ),
    _recurrent_port(
        "AbdouJaouhar's port",
        "encoder_input encoder_hidden encoder_memory kernel_input kernel_hidden kernel_memory "
        "AT BT",
        less_identity=True,
        notes=(),
    ),
)
