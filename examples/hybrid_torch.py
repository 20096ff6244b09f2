# SPDX-License-Identifier: Apache-2.0
"""Trainable stack of LMU and LSTM layers in turn, and its export to `.safetensors`.

The hybrid network of Voelker, Kajic and Eliasmith (NeurIPS 2019, section 3.3): an LMU layer with
every connection on and no bias (see `lmu_torch`), then an LSTM layer, and so on. As in `lmu_torch`
the layers run as a wavefront, and a wave of the whole stack is one matrix product::

    z_k = P s_{k-1} + Q x_k + b,    s = (every m, every LMU's h, every LSTM's h)
    m = z_m,  h = tanh(z_h),  c' = sigmoid(z_f) c + sigmoid(z_i) tanh(z_g),
    LSTM's h = sigmoid(z_o) tanh(c')

The rows of z are (m, h, i, f, o, g), each of every layer in turn.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from lmu_torch import legendre_zoh, write_stack
from torch import Tensor, nn

__all__ = ["HybridShape", "HybridStack", "export_hybrid"]

GATES = "ifgo"
"""Order of the gates in a trained file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HybridShape:
    """Sizes of `pairs` of an LMU layer and an LSTM layer, one input and one output."""

    order: int
    theta: float
    hidden: int
    cells: int
    pairs: int

    @property
    def lag(self) -> int:
        """Waves between a time step entering the first layer and leaving the last one."""
        return 2 * self.pairs - 1

    def rows(self) -> dict[str, list[slice]]:
        """Return where in z, and up to o in s, each part of each pair lies."""
        place, found = 0, {}
        for part, size in (
            ("m", self.order),
            ("h", self.hidden),
            *((g, self.cells) for g in "ifog"),
        ):
            found[part] = [
                slice(place + size * n, place + size * (n + 1)) for n in range(self.pairs)
            ]
            place += size * self.pairs
        return found

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Widths in the whole stack: memories, LMU outputs, LSTM outputs."""
        return self.order * self.pairs, self.hidden * self.pairs, self.cells * self.pairs


class _Wavefront(torch.autograd.Function):
    """Run waves, keeping every activation for the gradient.

    `drive` is (waves, batch, rows of z), `matrix` P, `s` and `c` the states before the first wave,
    `alive` (lag, states, then LSTM cells) masks for the first waves, `sizes` of the shape.
    """

    @staticmethod
    def forward(ctx, drive, matrix, s, c, alive, sizes):
        m, h, n = sizes
        z, transposed = torch.empty_like(drive), matrix.t().contiguous()
        states = drive.new_empty(*drive.shape[:2], m + h + n)
        cells, squashed = (drive.new_empty(*drive.shape[:2], n) for _ in range(2))
        before, cell = s, c
        for k in range(len(drive)):
            row, state, new, t = z[k], states[k], cells[k], squashed[k]
            torch.addmm(drive[k], before, transposed, out=row)
            row[:, m : m + h].tanh_()
            row[:, m + h : m + h + 3 * n].sigmoid_()
            row[:, m + h + 3 * n :].tanh_()
            i, f, o, g = row[:, m + h :].split(n, dim=1)
            torch.mul(i, g, out=new).addcmul_(f, cell)
            torch.tanh(new, out=t)
            state[:, : m + h] = row[:, : m + h]
            torch.mul(o, t, out=state[:, m + h :])
            if k < len(alive):
                state *= alive[k, : m + h + n]
                new *= alive[k, m + h + n :]
            before, cell = state, new
        ctx.save_for_backward(z, states, cells, squashed, matrix, s, c, alive)
        ctx.sizes = sizes
        return states, cells[-1]

    @staticmethod
    def backward(ctx, *grad_outputs):
        grad_states = grad_outputs[0]
        z, states, cells, squashed, matrix, s, c, alive = ctx.saved_tensors
        m, h, n = ctx.sizes
        i, f, o, g = z[:, :, m + h :].split(n, dim=2)
        held = torch.cat([c[None], cells[:-1]])
        through_c = torch.stack(
            [g * i * (1 - i), held * f * (1 - f), i * (1 - g.square())], dim=2
        )  # (waves, batch, 3, n): of c' to z_i, z_f, z_g
        through_o = squashed * o * (1 - o)
        to_c = o * (1 - squashed.square())
        slope = 1 - z[:, :, m : m + h].square()
        grad_z = torch.empty_like(z)
        carried, carried_c = torch.zeros_like(s), torch.zeros_like(c)
        for k in range(len(z) - 1, -1, -1):
            row = grad_z[k]
            grad = carried.add_(grad_states[k])
            if k < len(alive):
                grad *= alive[k, : m + h + n]
                carried_c = carried_c * alive[k, m + h + n :]
            row[:, :m] = grad[:, :m]
            torch.mul(grad[:, m : m + h], slope[k], out=row[:, m : m + h])
            out = grad[:, m + h :]
            grad_c = torch.addcmul(carried_c, out, to_c[k])
            parts = row[:, m + h :].view(-1, 4, n)
            torch.mul(grad_c[:, None], through_c[k, :, :2], out=parts[:, :2])
            torch.mul(out, through_o[k], out=parts[:, 2])
            torch.mul(grad_c, through_c[k, :, 2], out=parts[:, 3])
            carried_c = grad_c * f[k]
            carried = torch.mm(row, matrix)
        before = torch.cat([s[None], states[:-1]]).reshape(-1, matrix.shape[1])
        return grad_z, grad_z.reshape(-1, len(matrix)).t() @ before, None, None, None, None


class HybridStack(nn.Module):
    """Pairs of an LMU and an LSTM layer, followed by a linear layer.

    Parameters
    ----------
    shape
        Sizes of the stack.
    """

    a: Tensor
    b: Tensor

    def __init__(self, shape: HybridShape):
        super().__init__()
        self.shape = shape
        self.lmu = nn.ModuleList(
            self._lmu(shape, shape.cells if n else 1) for n in range(shape.pairs)
        )
        self.lstm = nn.ModuleList(self._lstm(shape) for _ in range(shape.pairs))
        nn.init.ones_(self.pairs[0][0]["E_x"])
        self.head = nn.Linear(shape.cells, 1)
        a, b = legendre_zoh(shape.order, shape.theta)
        self.register_buffer("a", torch.tensor(a, dtype=torch.float32))
        self.register_buffer("b", torch.tensor(b, dtype=torch.float32)[:, None])

    @staticmethod
    def _lmu(shape: HybridShape, inputs: int) -> nn.ParameterDict:
        d, n = shape.order, shape.hidden
        return nn.ParameterDict(
            {
                "E_x": nn.init.uniform_(torch.empty(1, inputs), -1, 1) * math.sqrt(3 / inputs),
                "E_h": torch.zeros(1, n),
                "E_m": torch.zeros(1, d),
                "W_m": nn.init.xavier_normal_(torch.empty(n, d)),
                "W_x": nn.init.xavier_normal_(torch.empty(n, inputs)),
                "W_h": 0.5 * nn.init.orthogonal_(torch.empty(n, n)),
            }
        )

    @staticmethod
    def _lstm(shape: HybridShape) -> nn.ParameterDict:
        n = shape.cells
        squares = [nn.init.orthogonal_(torch.empty(n, n)) for _ in GATES]
        bias = torch.zeros(4, n)
        bias[GATES.index("f")] = 1.0  # remember, at first
        return nn.ParameterDict(
            {
                "W_x": nn.init.xavier_uniform_(torch.empty(4 * n, shape.hidden)),
                "W_h": torch.cat(squares),
                "b_h": bias.reshape(-1),
            }
        )

    @property
    def pairs(self) -> list[tuple[nn.ParameterDict, nn.ParameterDict]]:
        """Weights of every LMU layer and of the LSTM layer behind it."""
        return [
            (cast(nn.ParameterDict, lmu), cast(nn.ParameterDict, lstm))
            for lmu, lstm in zip(self.lmu, self.lstm, strict=True)
        ]

    @property
    def lag(self) -> int:
        """See `HybridShape.lag`."""
        return self.shape.lag

    def _wave(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return P (rows of z, states), Q (rows of z, 1) and b (rows of z,) of one wave."""
        rows, sizes = self.shape.rows(), self.shape.sizes
        height = sizes[0] + sizes[1] + 4 * sizes[2]
        p, q, c = self.a.new_zeros(height, sum(sizes)), self.a.new_zeros(height, 1), None
        c = self.a.new_zeros(height)
        for n, (lmu, lstm) in enumerate(self.pairs):
            m, h, out = rows["m"][n], rows["h"][n], rows["i"][n]
            m_m, m_h, m_x = self.a + self.b @ lmu["E_m"], self.b @ lmu["E_h"], self.b @ lmu["E_x"]
            p[m, m], p[m, h] = m_m, m_h
            p[h, m], p[h, h] = lmu["W_m"] @ m_m, lmu["W_m"] @ m_h + lmu["W_h"]
            source, columns = (p, rows["i"][n - 1]) if n else (q, slice(None))
            source[m, columns], source[h, columns] = m_x, lmu["W_m"] @ m_x + lmu["W_x"]
            parts = zip(GATES, *(lstm[key].chunk(4) for key in ("W_x", "W_h", "b_h")), strict=True)
            for gate, w_x, w_h, b in parts:
                p[rows[gate][n], h], p[rows[gate][n], out], c[rows[gate][n]] = w_x, w_h, b
        return p, q, c

    def _alive(self) -> Tensor:
        """Return masks that hold a layer at zero until its first time step; see `_Wavefront`."""
        pairs = torch.arange(self.shape.pairs)
        m, h, n = self.shape.order, self.shape.hidden, self.shape.cells
        parts = ((2 * pairs, m), (2 * pairs, h), (2 * pairs + 1, n), (2 * pairs + 1, n))
        layer = torch.cat([which.repeat_interleave(size) for which, size in parts])
        return (layer <= torch.arange(self.lag)[:, None]).float()

    def waves(self, x: Tensor, start: tuple[Tensor, Tensor] | None = None) -> tuple:
        """Run the stack over consecutive waves.

        Parameters
        ----------
        x
            (waves, batch, 1) inputs of the first layer.
        start
            State left by the previous call, or None to start at zero.

        Returns
        -------
        tuple
            (waves, batch, cells) outputs of the last layer, `lag` waves late, and the last state.
        """
        p, q, c = self._wave()
        sizes = self.shape.sizes
        alive = self._alive()
        if start is None:
            start = x.new_zeros(x.shape[1], sum(sizes)), x.new_zeros(x.shape[1], sizes[2])
        else:
            alive = alive[:0]
        states, cells = _Wavefront.apply(x @ q.t() + c, p, *start, alive, sizes)
        return states[:, :, -self.shape.cells :], (states[-1].detach(), cells.detach())

    def forward(self, x: Tensor) -> Tensor:
        """Run (batch, steps, 1) sequences from the zero state; return (batch, steps, 1)."""
        x = nn.functional.pad(x.transpose(0, 1), (0, 0, 0, 0, 0, self.lag))
        h, _ = self.waves(x)
        return self.head(h[self.lag :]).transpose(0, 1)


def export_hybrid(stack: HybridStack, path: Path, *, name: str, notes: dict[str, str]) -> None:
    """Write a trained stack as one `.safetensors` file; see `lmu_torch.export`."""
    layers, tensors = [], {}
    for n, (lmu, lstm) in enumerate(stack.pairs):
        layers += [
            {
                "kind": "lmu",
                "name": f"lmu{n}",
                "order": stack.shape.order,
                "theta": float(stack.shape.theta),
                "memory_d": 1,
                "discretizer": "zoh",
                "hidden": "simple_rnn",
                "activation": "tanh",
                "return_sequences": True,
            },
            {
                "kind": "recurrent",
                "name": f"lstm{n}",
                "cell": "lstm",
                "activation": "tanh",
                "recurrent_activation": "sigmoid",
                "return_sequences": True,
            },
        ]
        tensors |= {f"lmu{n}.{key}": value for key, value in lmu.items()}
        tensors |= {f"lstm{n}.{key}": value for key, value in lstm.items()}
    layers.append({"kind": "dense", "name": "head", "activation": "linear"})
    tensors |= {"head.W": stack.head.weight, "head.b": stack.head.bias}
    write_stack(path, name=name, layers=layers, tensors=tensors, notes=notes)
