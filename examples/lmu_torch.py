# SPDX-License-Identifier: Apache-2.0
"""Trainable stack of Legendre Memory Units, and its export to `.safetensors`.

One layer, in column convention, with every connection on and a one-dimensional memory input::

    u_t = E_x x_t + E_h h_{t-1} + E_m m_{t-1}
    m_t = A m_{t-1} + B u_t
    h_t = tanh(W_m m_t + W_x x_t + W_h h_{t-1} + b_h)

(Voelker, Kajic and Eliasmith, NeurIPS 2019, eqs. 5-7, with a bias.) A and B are fixed.

Layers run as a wavefront: at wave k layer l works on time step k - l, so its input, the output of
layer l - 1 for that same step, is already part of the state of the previous wave. With m_t put
into the equation of h_t, a wave of the whole stack is one matrix product and one tanh::

    s_k = f(P s_{k-1} + Q x_k + c),    s = (every m, every h),    f = (identity, tanh)
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from safetensors.numpy import save_file
from scipy.linalg import expm
from torch import Tensor, nn

__all__ = [
    "LmuStack",
    "StackShape",
    "export",
    "legendre_bilinear",
    "legendre_zoh",
    "write_stack",
]


def legendre_zoh(order: int, theta: float) -> tuple[np.ndarray, np.ndarray]:
    """Discretize the Legendre delay system by zero-order hold, for a step of 1.

    Parameters
    ----------
    order
        Number of Legendre coefficients.
    theta
        Length of the window in time steps.

    Returns
    -------
    tuple of numpy.ndarray
        A, (order, order), and B, (order,), float64.
    """
    block = np.zeros((order + 1, order + 1))
    block[:order, :order], block[:order, order] = _continuous(order, theta)
    held = expm(block)
    return held[:order, :order], held[:order, order]


def legendre_bilinear(order: int, theta: float) -> tuple[np.ndarray, np.ndarray]:
    """Discretize by the bilinear method instead; see `legendre_zoh`."""
    a, b = _continuous(order, theta)
    left, identity = np.eye(order) - a / 2, np.eye(order)
    return np.linalg.solve(left, identity + a / 2), np.linalg.solve(left, b)


def _continuous(order: int, theta: float) -> tuple[np.ndarray, np.ndarray]:
    row, column = np.indices((order, order))
    sign = np.where(row < column, -1.0, (-1.0) ** (row - column + 1))
    gain = 2.0 * np.arange(order) + 1.0
    return gain[:, None] * sign / theta, gain * (-1.0) ** np.arange(order) / theta


@dataclass(frozen=True, slots=True, kw_only=True)
class StackShape:
    """Sizes of a stack of equal LMU layers with a linear head."""

    inputs: int
    order: int
    theta: float
    hidden: int
    layers: int
    outputs: int
    return_sequences: bool

    @property
    def memories(self) -> int:
        """Memory coefficients in the whole stack: the leading part of the state."""
        return self.layers * self.order

    @property
    def state(self) -> int:
        """Width of the state of the whole stack."""
        return self.layers * (self.order + self.hidden)

    @property
    def lag(self) -> int:
        """Waves between a time step entering the first layer and leaving the last one."""
        return self.layers - 1


class _Wavefront(torch.autograd.Function):
    """Run s_k = alive_k * f(P s_{k-1} + drive_k), keeping every s_k for the gradient."""

    @staticmethod
    def forward(ctx, drive: Tensor, matrix: Tensor, start: Tensor, alive: Tensor, linear: int):
        states = torch.empty_like(drive)
        transposed = matrix.t().contiguous()
        previous = start
        for k in range(drive.shape[0]):
            state = states[k]
            torch.addmm(drive[k], previous, transposed, out=state)
            state[:, linear:].tanh_()
            if k < len(alive):
                state *= alive[k]
            previous = state
        ctx.save_for_backward(states, matrix, start, alive)
        ctx.linear = linear
        return states

    @staticmethod
    def backward(ctx, *grad_outputs: Tensor):
        (grad_states,) = grad_outputs
        states, matrix, start, alive = ctx.saved_tensors
        slope = 1 - states.square()
        slope[:, :, : ctx.linear] = 1
        grad_drive = torch.empty_like(states)
        carried = torch.zeros_like(start)
        for k in range(states.shape[0] - 1, -1, -1):
            grad = grad_drive[k]
            torch.add(grad_states[k], carried, out=grad)
            grad *= slope[k]
            if k < len(alive):
                grad *= alive[k]
            torch.mm(grad, matrix, out=carried)
        before = torch.cat([start[None], states[:-1]])
        width = matrix.shape[0]
        grad_matrix = grad_drive.reshape(-1, width).t() @ before.reshape(-1, width)
        return grad_drive, grad_matrix, None, None, None


class LmuStack(nn.Module):
    """Stack of LMU layers, all of one size, followed by a linear layer.

    The first memory starts by reading the input as it is (E_x = 1), the others by a LeCun uniform
    mixture of the outputs below; nothing feeds back into a memory at the start (E_h = E_m = 0).

    Parameters
    ----------
    shape
        Sizes of the stack.
    """

    a: Tensor
    b: Tensor

    def __init__(self, shape: StackShape):
        super().__init__()
        self.shape = shape
        self.lmu = nn.ModuleList(
            self._layer(shape, shape.hidden if i else shape.inputs) for i in range(shape.layers)
        )
        nn.init.ones_(self.layers[0]["E_x"])
        self.head = nn.Linear(shape.hidden, shape.outputs)
        a, b = legendre_zoh(shape.order, shape.theta)
        self.register_buffer("a", torch.tensor(a, dtype=torch.float32))
        self.register_buffer("b", torch.tensor(b, dtype=torch.float32)[:, None])

    @property
    def lag(self) -> int:
        """See `StackShape.lag`."""
        return self.shape.lag

    @staticmethod
    def _layer(shape: StackShape, inputs: int) -> nn.ParameterDict:
        def lecun(rows: int, columns: int) -> Tensor:
            return nn.init.uniform_(torch.empty(rows, columns), -1, 1) * math.sqrt(3 / columns)

        def glorot(rows: int, columns: int) -> Tensor:
            return nn.init.xavier_normal_(torch.empty(rows, columns))

        return nn.ParameterDict(
            {
                "E_x": lecun(1, inputs),
                "E_h": torch.zeros(1, shape.hidden),
                "E_m": torch.zeros(1, shape.order),
                "W_m": glorot(shape.hidden, shape.order),
                "W_x": glorot(shape.hidden, inputs),
                "W_h": 0.5 * nn.init.orthogonal_(torch.empty(shape.hidden, shape.hidden)),
                "b_h": torch.zeros(shape.hidden),
            }
        )

    @property
    def layers(self) -> list[nn.ParameterDict]:
        """Weights of every LMU layer, by the names of the equations."""
        return [cast(nn.ParameterDict, layer) for layer in self.lmu]

    def _wave(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return P (state, state), Q (state, inputs) and c (state,) of one wave."""
        shape = self.shape
        p = self.a.new_zeros(shape.state, shape.state)
        q = self.a.new_zeros(shape.state, shape.inputs)
        c = self.a.new_zeros(shape.state)
        for i, w in enumerate(self.layers):
            m = slice(i * shape.order, (i + 1) * shape.order)
            h = slice(shape.memories + i * shape.hidden, shape.memories + (i + 1) * shape.hidden)
            m_m = self.a + self.b @ w["E_m"]
            m_h = self.b @ w["E_h"]
            m_x = self.b @ w["E_x"]
            p[m, m], p[m, h] = m_m, m_h
            p[h, m], p[h, h] = w["W_m"] @ m_m, w["W_m"] @ m_h + w["W_h"]
            source, columns = (p, slice(h.start - shape.hidden, h.start)) if i else (q, slice(None))
            source[m, columns], source[h, columns] = m_x, w["W_m"] @ m_x + w["W_x"]
            c[h] = w["b_h"]
        return p, q, c

    def _alive(self) -> Tensor:
        """Return (lag, state) masks that hold a layer at zero until its first time step."""
        layer = torch.arange(self.shape.layers)
        layer = torch.cat(
            [
                layer.repeat_interleave(self.shape.order),
                layer.repeat_interleave(self.shape.hidden),
            ]
        )
        return (layer <= torch.arange(self.shape.lag)[:, None]).float()

    def waves(self, x: Tensor, start: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Run the stack over consecutive waves.

        Parameters
        ----------
        x
            (waves, batch, inputs) inputs of the first layer.
        start
            (batch, state) state left by the previous call, or None to start at zero.

        Returns
        -------
        tuple of torch.Tensor
            (waves, batch, hidden) outputs of the last layer, `lag` waves late, and the last state.
        """
        p, q, c = self._wave()
        alive = self._alive() if start is None else x.new_zeros(0, self.shape.state)
        if start is None:
            start = x.new_zeros(x.shape[1], self.shape.state)
        states = _Wavefront.apply(x @ q.t() + c, p, start, alive, self.shape.memories)
        return states[:, :, -self.shape.hidden :], states[-1].detach()

    def forward(self, x: Tensor) -> Tensor:
        """Run whole sequences from the zero state.

        Parameters
        ----------
        x
            (batch, steps, inputs) values.

        Returns
        -------
        torch.Tensor
            (batch, steps, outputs), or (batch, outputs) of the last step.
        """
        x = nn.functional.pad(x.transpose(0, 1), (0, 0, 0, 0, 0, self.shape.lag))
        h, _ = self.waves(x)
        if not self.shape.return_sequences:
            return self.head(h[-1])
        return self.head(h[self.shape.lag :]).transpose(0, 1)


def export(stack: LmuStack, path: Path, *, name: str, notes: dict[str, str]) -> None:
    """Write a trained stack as one `.safetensors` file.

    Parameters
    ----------
    stack
        Trained network.
    path
        File to write.
    name
        Name of the network.
    notes
        Free text kept in the file beside the description of the layers.
    """
    shape = stack.shape
    layers, tensors = [], {}
    for i, weights in enumerate(stack.layers):
        layer = {
            "kind": "lmu",
            "name": f"lmu{i}",
            "order": shape.order,
            "theta": float(shape.theta),
            "memory_d": 1,
            "discretizer": "zoh",
            "hidden": "simple_rnn",
            "activation": "tanh",
            "return_sequences": shape.return_sequences or i < shape.layers - 1,
        }
        layers.append(layer)
        tensors |= {f"lmu{i}.{key}": value for key, value in weights.items()}
    layers.append({"kind": "dense", "name": "head", "activation": "linear"})
    tensors |= {"head.W": stack.head.weight, "head.b": stack.head.bias}
    write_stack(path, name=name, layers=layers, tensors=tensors, notes=notes)


def write_stack(
    path: Path,
    *,
    name: str,
    layers: list[dict],
    tensors: dict[str, Tensor],
    notes: dict[str, str],
) -> None:
    """Write layers and their tensors, `<layer>.<parameter>`, as one `.safetensors` file."""
    arrays = {
        key: np.ascontiguousarray(value.detach().numpy(), dtype=np.float32)
        for key, value in tensors.items()
    }
    description = {"format": 1, "name": name, "layers": layers, "notes": notes}
    save_file(arrays, path, metadata={"lmu_hw": json.dumps(description, sort_keys=True)})
