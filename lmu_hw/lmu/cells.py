# SPDX-License-Identifier: Apache-2.0
"""Hidden cells: what reads the memory, the input, and its own previous output.

Every cell is driven by ``W_m m' + W_x x + b``, which its layer sums up; the rows of its gates lie
below each other, in the order of its docstring. The first of its states is its output h.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lmu_hw.checked import settle_flags
from lmu_hw.errors import NetworkError
from lmu_hw.lmu._arrays import freeze
from lmu_hw.lmu.activations import SOFTMAX, activation
from lmu_hw.lmu.roles import Role

__all__ = ["GRU_GATES", "LSTM_GATES", "GruCell", "HiddenCell", "LstmCell", "SimpleCell"]

Array = NDArray[np.float64]

LSTM_GATES = (Role.INPUT_GATE, Role.FORGET_GATE, Role.CELL_CANDIDATE, Role.OUTPUT_GATE)
GRU_GATES = (Role.UPDATE_GATE, Role.RESET_GATE)
"""The gates of a cell in the order of its rows; the rows of a GRU's candidate follow."""


class See(Protocol):
    """Shown the values of a node, and what enters its activation where one follows."""

    def __call__(self, role: Role, values: Array, *, before: Array | None = None) -> None:
        """Look at (sequences, units) values of one step."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class SimpleCell:
    """A simple recurrent or a dense cell: ``h' = activation(W_m m' + W_x x + W_h h + b)``.

    Parameters
    ----------
    W_m : (units, states) float64
        No columns in a layer without memory.
    W_x : (units, inputs) float64 or None
        None without the input-to-hidden connection.
    W_h : (units, units) float64 or None
        None for a memoryless (dense) cell.
    b : (units,) float64 or None
    activation : str
        A name of `lmu_hw.lmu.activations.ACTIVATIONS`.
    """

    W_m: Array
    W_x: Array | None
    W_h: Array | None
    b: Array | None
    activation: str

    @property
    def units(self) -> int:
        """Number of outputs."""
        return len(self.W_m)

    def check(self, where: str, *, states: int, inputs: int) -> None:
        """Make the arrays read-only; raise `NetworkError` if one does not fit."""
        _check(self, where, gates=1, states=states, inputs=inputs)

    def start(self, sequences: int) -> tuple[Array, ...]:
        """Return the states before the first step."""
        return (np.zeros((sequences, self.units)),)

    def step(self, drive: Array, states: tuple[Array, ...], see: See) -> tuple[Array, ...]:
        """Return the new states of (sequences, units)."""
        (h,) = states
        z = drive if self.W_h is None else drive + h @ self.W_h.T
        h = activation(self.activation, where="hidden cell")(z)
        see(Role.HIDDEN, h, before=z)
        return (h,)


@dataclass(frozen=True, kw_only=True, eq=False)
class LstmCell:
    """A long short-term memory cell (Hochreiter and Schmidhuber 1997, with forget gate).

        i, f, o = s(... + W_h h + b),  g = a(... + W_h h + b)
        c' = f c + i g,  h' = o a(c')

    with s the recurrent activation, a the activation, and the gates in the order i, f, g, o.

    Parameters
    ----------
    W_m : (4 units, states) float64
        No columns in a layer without memory.
    W_x : (4 units, inputs) float64 or None
    W_h : (4 units, units) float64
    b : (4 units,) float64 or None
    activation, recurrent_activation : str
        Names of `lmu_hw.lmu.activations.ACTIVATIONS`.
    """

    W_m: Array
    W_x: Array | None
    W_h: Array
    b: Array | None
    activation: str
    recurrent_activation: str

    @property
    def units(self) -> int:
        """Number of outputs."""
        return len(self.W_m) // 4

    def check(self, where: str, *, states: int, inputs: int) -> None:
        """Make the arrays read-only; raise `NetworkError` if one does not fit."""
        _check(self, where, gates=4, states=states, inputs=inputs)

    def start(self, sequences: int) -> tuple[Array, ...]:
        """Return h and c before the first step."""
        return np.zeros((sequences, self.units)), np.zeros((sequences, self.units))

    def step(self, drive: Array, states: tuple[Array, ...], see: See) -> tuple[Array, ...]:
        """Return the new h and c."""
        h, c = states
        squash, gate = _functions(self)
        z = np.split(drive + h @ self.W_h.T, 4, axis=1)
        i, f, g, o = gate(z[0]), gate(z[1]), squash(z[2]), gate(z[3])
        for role, before, after in zip(LSTM_GATES, z, (i, f, g, o), strict=True):
            see(role, after, before=before)
        c = f * c + i * g
        s = squash(c)
        h = o * s
        see(Role.CELL_STATE, c)
        see(Role.ACTIVATED_STATE, s, before=c)
        see(Role.HIDDEN, h)
        return h, c


@dataclass(frozen=True, kw_only=True, eq=False)
class GruCell:
    """A gated recurrent unit (Cho et al. 2014), with the gates in the order z, r, n.

        z, r = s(... + W_h h + b + b_h)
        n = a(... + b + r (W_h h + b_h))      if reset_after
        n = a(... + b + W_h (r h))            otherwise
        h' = z h + (1 - z) n

    with s the recurrent activation and a the activation.

    Parameters
    ----------
    W_m : (3 units, states) float64
        No columns in a layer without memory.
    W_x : (3 units, inputs) float64 or None
    W_h : (3 units, units) float64
    b : (3 units,) float64 or None
    b_h : (3 units,) float64 or None
        Bias of the recurrent products; only with `reset_after`.
    activation, recurrent_activation : str
        Names of `lmu_hw.lmu.activations.ACTIVATIONS`.
    reset_after : bool
        Whether the reset gate acts after the matrix product, or on h before it.
    """

    W_m: Array
    W_x: Array | None
    W_h: Array
    b: Array | None
    b_h: Array | None
    activation: str
    recurrent_activation: str
    reset_after: bool

    @property
    def units(self) -> int:
        """Number of outputs."""
        return len(self.W_m) // 3

    def check(self, where: str, *, states: int, inputs: int) -> None:
        """Make the arrays read-only; raise `NetworkError` if one does not fit."""
        settle_flags(self, "reset_after", where=f"{where}: hidden cell")
        _check(self, where, gates=3, states=states, inputs=inputs)
        if self.b_h is not None and not self.reset_after:
            raise NetworkError(f"{where}: b_h must be given with reset_after only")

    def start(self, sequences: int) -> tuple[Array, ...]:
        """Return h before the first step."""
        return (np.zeros((sequences, self.units)),)

    def step(self, drive: Array, states: tuple[Array, ...], see: See) -> tuple[Array, ...]:
        """Return the new h."""
        (h,) = states
        squash, gate = _functions(self)
        W_z, W_r, W_n = np.split(self.W_h, 3)
        b_z, b_r, b_n = np.split(np.zeros(3 * self.units) if self.b_h is None else self.b_h, 3)
        z_pre, r_pre, w = np.split(drive, 3, axis=1)
        z_pre, r_pre = z_pre + h @ W_z.T + b_z, r_pre + h @ W_r.T + b_r
        z, r = gate(z_pre), gate(r_pre)
        see(Role.UPDATE_GATE, z, before=z_pre)
        see(Role.RESET_GATE, r, before=r_pre)
        if self.reset_after:
            v = h @ W_n.T + b_n
            n_pre = w + r * v
            see(Role.RECURRENT_PART, v)
            see(Role.DRIVEN_PART, w)
        else:
            q = r * h
            n_pre = w + q @ W_n.T
            see(Role.RESET_HIDDEN, q)
        n = squash(n_pre)
        h = z * h + (1.0 - z) * n
        see(Role.CANDIDATE, n, before=n_pre)
        see(Role.HIDDEN, h)
        return (h,)


HiddenCell = SimpleCell | LstmCell | GruCell


def _functions(cell: LstmCell | GruCell) -> tuple[Callable[[Array], Array], ...]:
    """Return the activation and the recurrent activation."""
    where = "hidden cell"
    return tuple(
        activation(name, where=where) for name in (cell.activation, cell.recurrent_activation)
    )


def _check(cell: HiddenCell, where: str, *, gates: int, states: int, inputs: int) -> None:
    rows = len(cell.W_m)
    if rows % gates or not rows:
        raise NetworkError(f"{where}: a cell must have {gates} x units rows of weights, not {rows}")
    shapes = {
        "W_m": (rows, states),
        "W_x": (rows, inputs),
        "W_h": (rows, rows // gates),
        "b": (rows,),
        "b_h": (rows,),
    }
    cell_shapes = {name: shape for name, shape in shapes.items() if hasattr(cell, name)}
    freeze(cell, f"{where}: hidden cell", cell_shapes)
    for name in (cell.activation, getattr(cell, "recurrent_activation", cell.activation)):
        if name == SOFTMAX:
            raise NetworkError(f"{where}: softmax is supported on the last layer only")
        activation(name, where=where)
