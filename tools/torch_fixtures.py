# SPDX-License-Identifier: Apache-2.0
"""Write tests/load/fixtures/torch: files that PyTorch itself wrote, and what its modules answer.

For developers; the tests only read what this left behind. The modules are written from the
equations of the projects whose names they use, in float32.

    python -m tools.torch_fixtures
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from lmu_hw.lmu import Discretizer, discretize

FOLDER = Path(__file__).parents[1] / "tests" / "load" / "fixtures" / "torch"
INPUTS, UNITS, ORDER, THETA, STEPS = 2, 5, 4, 9.0, 12


def matrices() -> tuple[torch.Tensor, torch.Tensor]:
    """Return the discrete A (order, order) and B (order, 1)."""
    a, b = discretize(ORDER, THETA, Discretizer.ZOH)
    return torch.tensor(a).float(), torch.tensor(b[:, None]).float()


def weight(*shape: int) -> nn.Parameter:
    return nn.Parameter(torch.randn(shape) / 3)


class Cell(nn.Module):
    """The cell of the 2019 paper with the names of pytorch-lmu."""

    def __init__(self) -> None:
        super().__init__()
        self.A, self.B = (nn.Parameter(part, requires_grad=False) for part in matrices())
        self.e_x, self.e_h, self.e_m = weight(1, INPUTS), weight(1, UNITS), weight(1, ORDER)
        self.W_x, self.W_h, self.W_m = (weight(UNITS, width) for width in (INPUTS, UNITS, ORDER))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return h of (sequences, steps, units)."""
        linear, outputs = functional.linear, []
        h, m = x.new_zeros(len(x), UNITS), x.new_zeros(len(x), ORDER)
        for row in x.unbind(1):
            u = linear(row, self.e_x) + linear(h, self.e_h) + linear(m, self.e_m)
            m = linear(m, self.A) + linear(u, self.B)
            h = torch.tanh(linear(row, self.W_x) + linear(h, self.W_h) + linear(m, self.W_m))
            outputs.append(h)
        return torch.stack(outputs, 1)


class Parallel(nn.Module):
    """LMUFFT with the names of pytorch-lmu: a convolution, and no recurrence in h."""

    def __init__(self) -> None:
        super().__init__()
        a, b = matrices()
        powers = [torch.linalg.matrix_power(a, step) @ b for step in range(STEPS)]
        self.W_u, self.W_h = nn.Linear(INPUTS, 1), nn.Linear(ORDER + INPUTS, UNITS)
        self.register_buffer("A", a)
        self.register_buffer("B", b)
        self.register_buffer("H", torch.cat(powers, 1))
        self.register_buffer("fft_H", torch.fft.rfft(self.H, n=2 * STEPS))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return h of (sequences, steps, units)."""
        u = torch.relu(self.W_u(x)).transpose(1, 2)
        m = torch.fft.irfft(torch.fft.rfft(u, n=2 * STEPS) * self.fft_H, n=2 * STEPS)
        m = m[..., : x.shape[1]].transpose(1, 2)
        return torch.relu(self.W_h(torch.cat([m, x], -1)))


class Classifier(nn.Module):
    """An LMU, and a linear head on its last answer."""

    def __init__(self) -> None:
        super().__init__()
        self.lmu = nn.ModuleDict({"cell": Cell()})
        self.classifier = nn.Linear(UNITS, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.lmu["cell"](x)[:, -1])


def main() -> None:
    """Write the files."""
    torch.manual_seed(0)
    FOLDER.mkdir(parents=True, exist_ok=True)
    x = torch.randn(3, STEPS, INPUTS)
    model, parallel = Classifier(), Parallel()
    optimizer = torch.optim.Adam(model.parameters())
    model(x).square().sum().backward()
    optimizer.step()
    checkpoint = {
        "epoch": 3, "model_state_dict": model.state_dict(),
        "optimizer_state_dict": optimizer.state_dict(), "losses": [0.5, None, True],
    }  # fmt: skip
    torch.save(checkpoint, FOLDER / "checkpoint.pt")
    torch.save(parallel.state_dict(), FOLDER / "lmufft.pt")
    torch.save(model.state_dict(), FOLDER / "old.pt", _use_new_zipfile_serialization=False)
    torch.save(model.classifier, FOLDER / "module.pt")
    answers = {"checkpoint": model(x), "lmufft": parallel(x)}
    np.savez(FOLDER / "answers.npz", x=x, **{k: v.detach().numpy() for k, v in answers.items()})


if __name__ == "__main__":
    main()
