# SPDX-License-Identifier: Apache-2.0
"""The layers of a float network: what was trained, in column convention, and how it runs.

One LMU layer computes, for every time step,

    u  = f(E_x x + E_h h + E_m m + b_u)     encoders, one u per memory; f is linear but in LMUFFT
    m' = A m + B u                          for each of memory_d memories
    h' = cell(W_m m' + W_x x + b, h)        the new memory feeds the hidden cell

(Voelker, Kajić, Eliasmith 2019, eq. 5-7, generalised to several memories and hidden cells.) A
recurrent layer is such a cell alone, fed by x. Every layer may hand on columns of its input behind
its output: so networks with skips and joins are a chain of layers, too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lmu_hw.checked import instance, settle_flags
from lmu_hw.errors import NetworkError
from lmu_hw.lmu._arrays import freeze
from lmu_hw.lmu.activations import LINEAR, SOFTMAX, activation
from lmu_hw.lmu.cells import HiddenCell, See
from lmu_hw.lmu.memory import Memory
from lmu_hw.lmu.roles import Role, node_name, pre_activation

__all__ = ["DenseLayer", "Layer", "LmuLayer", "Observer", "RecurrentLayer"]

Array = NDArray[np.float64]
Observer = Callable[[str, int, Array], None]
"""Called with a node's name, the step, and its (sequences, width) values at that step."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LmuLayer:
    """One LMU layer.

    Parameters
    ----------
    name : str
        Name of the layer; its nodes are ``name.u``, ``name.m``, and those of its cell, ``name.h``
        the last.
    memory : Memory
        Shared by all `memory_d` memories.
    E_x : (memory_d, inputs) float64
        Input encoders.
    E_h : (memory_d, units) float64 or None
        Hidden-to-memory encoders.
    E_m : (memory_d, memory_d * order) float64 or None
        Memory-to-memory encoders.
    b_u : (memory_d,) float64 or None
        Bias of u.
    hidden : HiddenCell or None
        None: the layer's output is the memory, followed by x if `input_to_hidden`.
    input_to_hidden : bool
        With `hidden` None: append x to the output. Otherwise it says whether W_x is there.
    return_sequences : bool
        Answer at every step, or at the last step of a sequence only.
    encoder : str
        Activation of u, a name of `lmu_hw.lmu.activations.ACTIVATIONS`.
    passed : tuple of int
        Columns of x that follow the output, for layers behind the next one; none where the layer
        appends all of x in any case.

    Raises
    ------
    NetworkError
        If shapes do not fit, a value is not finite, or a connection is impossible.
    """

    name: str
    memory: Memory
    E_x: Array
    E_h: Array | None
    E_m: Array | None
    b_u: Array | None
    hidden: HiddenCell | None
    input_to_hidden: bool
    return_sequences: bool
    encoder: str = LINEAR
    passed: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        settle_flags(self, "input_to_hidden", "return_sequences", where=self.name)
        instance(self.memory, f"{self.name}: memory", Memory, error=NetworkError)
        if np.ndim(self.E_x) != 2:
            raise NetworkError(f"{self.name}: E_x must have 2 dimensions, not {np.shape(self.E_x)}")
        states = self.memory_d * self.memory.order
        hidden = self.hidden
        if hidden is None and self.E_h is not None:
            raise NetworkError(f"{self.name}: hidden-to-memory needs a hidden cell")
        if hidden is not None:
            if self.input_to_hidden != (hidden.W_x is not None):
                raise NetworkError(
                    f"{self.name}: W_x must be given exactly if input_to_hidden is on"
                )
            hidden.check(self.name, states=states, inputs=self.inputs)
        if self.encoder == SOFTMAX:
            raise NetworkError(f"{self.name}: softmax is supported on the last layer only")
        activation(self.encoder, where=self.name)
        units = 0 if hidden is None else hidden.units
        shapes = {
            "E_x": (self.memory_d, self.inputs),
            "E_h": (self.memory_d, units),
            "E_m": (self.memory_d, states),
            "b_u": (self.memory_d,),
        }
        freeze(self, self.name, shapes)
        _settle_passed(self)
        if self.passed and hidden is None and self.input_to_hidden:
            raise NetworkError(
                f"{self.name}: passed must be empty where all of the input is passed on, not "
                f"{self.passed}"
            )

    @property
    def memory_d(self) -> int:
        """Number of memories."""
        return self.E_x.shape[0]

    @property
    def inputs(self) -> int:
        """Number of input features."""
        return self.E_x.shape[1]

    @property
    def outputs(self) -> int:
        """Number of output features."""
        own = self.memory_d * self.memory.order if self.hidden is None else self.hidden.units
        return own + len(self.copies)

    @property
    def copies(self) -> tuple[int, ...]:
        """Columns of the input that follow the output."""
        appends_all = self.hidden is None and self.input_to_hidden
        return tuple(range(self.inputs)) if appends_all else self.passed

    def run(self, x: Array, *, observer: Observer | None = None) -> Array:
        """Run sequences from zero states.

        Parameters
        ----------
        x : (sequences, steps, inputs) float64
        observer : callable, optional
            Sees every node at every step.

        Returns
        -------
        (sequences, steps, outputs) float64, or (sequences, 1, outputs) for a layer that answers
        at the last step only.
        """
        sequences, steps, _ = x.shape
        mem, cell, d = self.memory, self.hidden, self.memory_d
        encode = None if self.encoder == LINEAR else activation(self.encoder, where=self.name)
        m = np.zeros((sequences * d, mem.order))
        states = cell.start(sequences) if cell else (np.zeros((sequences, 0)),)
        u_x = _affine(x, self.E_x, self.b_u)
        drive_x = _affine(x, cell.W_x, cell.b) if cell else None
        see = observer or _ignore
        outputs = []
        for t in range(steps):
            last = t == steps - 1
            u = u_x[:, t]
            if self.E_h is not None:
                u = u + states[0] @ self.E_h.T
            if self.E_m is not None:
                u = u + m.reshape(sequences, -1) @ self.E_m.T
            if encode is not None:
                see(pre_activation(self.name, Role.ENCODED), t, u)
                u = encode(u)
            # One row per sequence and memory: a single large matrix product.
            m = m @ mem.A.T + u.reshape(-1, 1) * mem.B
            flat = m.reshape(sequences, -1)
            see(node_name(self.name, Role.ENCODED), t, u)
            see(node_name(self.name, Role.MEMORY), t, flat)
            if cell is not None and drive_x is not None:
                drive = flat @ cell.W_m.T + drive_x[:, t if drive_x.shape[1] > 1 else 0]
                states = cell.step(drive, states, _at(see, self.name, t))
            y = _with_copies(self, states[0] if cell else flat, x[:, t], t, see)
            if self.return_sequences or last:
                outputs.append(y)
        return np.stack(outputs, axis=1)


@dataclass(frozen=True, kw_only=True, eq=False)
class RecurrentLayer:
    """A recurrent layer without a Legendre memory: a cell fed by x.

    Parameters
    ----------
    name : str
        Name of the layer; its nodes are those of its cell, ``name.h`` the last.
    cell : HiddenCell
        With W_x, and a W_m without columns.
    return_sequences : bool
        Answer at every step, or at the last step of a sequence only.
    passed : tuple of int
        Columns of x that follow the output.

    Raises
    ------
    NetworkError
        If shapes do not fit, or a value is not finite.
    """

    name: str
    cell: HiddenCell
    return_sequences: bool
    passed: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        settle_flags(self, "return_sequences", where=self.name)
        if self.cell.W_x is None or np.ndim(self.cell.W_x) != 2:
            shape = None if self.cell.W_x is None else np.shape(self.cell.W_x)
            raise NetworkError(f"{self.name}: W_x must have 2 dimensions, not {shape}")
        self.cell.check(self.name, states=0, inputs=self.inputs)
        _settle_passed(self)

    @property
    def inputs(self) -> int:
        """Number of input features."""
        return 0 if self.cell.W_x is None else self.cell.W_x.shape[1]

    @property
    def outputs(self) -> int:
        """Number of output features."""
        return self.cell.units + len(self.passed)

    @property
    def copies(self) -> tuple[int, ...]:
        """Columns of the input that follow the output."""
        return self.passed

    def run(self, x: Array, *, observer: Observer | None = None) -> Array:
        """Apply the layer to (sequences, steps, inputs); see `LmuLayer.run`."""
        states, see = self.cell.start(len(x)), observer or _ignore
        drive = _affine(x, self.cell.W_x, self.cell.b)
        outputs = []
        for t in range(x.shape[1]):
            states = self.cell.step(drive[:, t], states, _at(see, self.name, t))
            outputs.append(_with_copies(self, states[0], x[:, t], t, see))
        return np.stack(outputs if self.return_sequences else outputs[-1:], axis=1)


@dataclass(frozen=True, kw_only=True, eq=False)
class DenseLayer:
    """A dense layer ``y = activation(W x + b)``, applied to every step it is given.

    Parameters
    ----------
    name : str
        Name of the layer; its nodes are ``name.z`` and ``name.y``.
    W : (outputs, inputs) float64
    b : (outputs,) float64 or None
    activation : str
        A name of `lmu_hw.lmu.activations.ACTIVATIONS`, or softmax on the last layer.
    passed : tuple of int
        Columns of x that follow the output.

    Raises
    ------
    NetworkError
        If shapes do not fit or a value is not finite.
    """

    name: str
    W: Array
    b: Array | None
    activation: str
    passed: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if np.ndim(self.W) != 2:
            raise NetworkError(f"{self.name}: W must have 2 dimensions, not {np.shape(self.W)}")
        freeze(self, self.name, {"W": self.W.shape, "b": (len(self.W),)})
        activation(self.activation, where=self.name)
        _settle_passed(self)
        if self.passed and self.activation == SOFTMAX:
            raise NetworkError(f"{self.name}: passed must be empty beside a softmax")

    @property
    def inputs(self) -> int:
        """Number of input features."""
        return self.W.shape[1]

    @property
    def outputs(self) -> int:
        """Number of output features."""
        return self.W.shape[0] + len(self.passed)

    @property
    def copies(self) -> tuple[int, ...]:
        """Columns of the input that follow the output."""
        return self.passed

    @property
    def return_sequences(self) -> bool:
        """True: a dense layer answers every step it is given."""
        return True

    def run(self, x: Array, *, observer: Observer | None = None) -> Array:
        """Apply the layer to (sequences, steps, inputs); see `LmuLayer.run`."""
        z = _affine(x, self.W, self.b)
        y = activation(self.activation, where=self.name)(z)
        if observer is not None:
            for t in range(x.shape[1]):
                observer(pre_activation(self.name, Role.DENSE), t, z[:, t])
                observer(node_name(self.name, Role.DENSE), t, y[:, t])
                if self.passed:
                    copied = x[:, t, list(self.passed)]
                    observer(node_name(self.name, Role.PASSED_INPUT), t, copied)
        return np.concatenate([y, x[:, :, list(self.passed)]], axis=2) if self.passed else y


Layer = LmuLayer | RecurrentLayer | DenseLayer


def _settle_passed(layer: Layer) -> None:
    """Require columns of the input, each once."""
    passed = tuple(layer.passed)
    whole = all(isinstance(column, int) and not isinstance(column, bool) for column in passed)
    if not whole or len(set(passed)) < len(passed) or not set(passed) <= set(range(layer.inputs)):
        raise NetworkError(
            f"{layer.name}: passed must be columns of its {layer.inputs} inputs, each once, not "
            f"{passed}"
        )
    object.__setattr__(layer, "passed", passed)


def _with_copies(layer: Layer, y: Array, x: Array, step: int, see: Observer) -> Array:
    """Return what a layer answers at a step, its copies of x behind it."""
    if not layer.copies:
        return y
    copied = x[:, list(layer.copies)]
    see(node_name(layer.name, Role.PASSED_INPUT), step, copied)
    return np.hstack([y, copied])


def _at(see: Observer, layer: str, step: int) -> See:
    """Return what a cell shows its nodes to."""

    def show(role: Role, values: Array, *, before: Array | None = None) -> None:
        if before is not None:
            see(pre_activation(layer, role), step, before)
        see(node_name(layer, role), step, values)

    return show


def _ignore(name: str, step: int, values: Array) -> None:
    """Observe nothing."""


def _affine(x: Array, weights: Array | None, bias: Array | None) -> Array:
    """Return ``x @ weights.T + bias``; a missing part is zero, a missing product one step long."""
    y = np.zeros((1, 1, 1)) if weights is None else x @ weights.T
    return y if bias is None else y + bias
