# SPDX-License-Identifier: Apache-2.0
"""Write tests/load/fixtures/onnx: files of PyTorch's exporters, and what its modules answer.

For developers: needs PyTorch, `onnx` and `onnxscript`; the tests only read what this left behind.

    python -m tools.onnx_fixtures
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from torch import nn

from tools.torch_fixtures import Cell

FOLDER = Path(__file__).parents[1] / "tests" / "load" / "fixtures" / "onnx"
SEQUENCES, STEPS, INPUTS = 3, 6, 2


class Gated(nn.Module):
    """Two GRU layers, read at their last step, and the last value of an input."""

    def __init__(self) -> None:
        super().__init__()
        self.gru = nn.GRU(INPUTS, 4, 2, batch_first=True)
        self.hidden, self.head = nn.Linear(4, 3), nn.Linear(3, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        _, h = self.gru(x)
        return self.head(torch.tanh(self.hidden(h[-1]))) + x[:, -1, 0:1]


class Normalized(nn.Module):
    """An LSTM behind steps that come first, normalised, at every step."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.norm, self.head = nn.LSTM(INPUTS, 3), nn.BatchNorm1d(3), nn.Linear(3, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h, _ = self.lstm(x)
        return torch.relu(self.head(self.norm(h.permute(1, 2, 0)).permute(2, 0, 1))) - 0.5 * x


class Stepped(nn.Module):
    """An LMU whose loop over the steps stays one."""

    def __init__(self) -> None:
        super().__init__()
        for name, weight in Cell().named_parameters():
            self.register_parameter(name, weight)
        self.head = nn.Linear(5, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h, m = torch.zeros(x.size(0), 5), torch.zeros(x.size(0), 4)
        outputs = []
        for t in range(x.size(1)):
            row = x[:, t]
            u = row @ self.e_x.T + h @ self.e_h.T + m @ self.e_m.T
            m = m @ self.A.T + u @ self.B.T
            h = torch.tanh(row @ self.W_x.T + h @ self.W_h.T + m @ self.W_m.T)
            outputs.append(h)
        return self.head(torch.stack(outputs, dim=1))


def _without_traces(path: Path) -> None:
    """Write a file again without where its nodes come from: paths of this machine."""
    model = onnx.load(path)
    for part in [model.graph, *model.graph.node, *model.graph.value_info]:
        part.doc_string = ""
        del part.metadata_props[:]
    onnx.save(model, path)
    path.with_suffix(".onnx.data").unlink(missing_ok=True)


def main() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    answers = {}
    free = {"x": {0: "batch", 1: "steps"}}
    exports: dict[str, tuple[nn.Module, bool, dict[str, Any]]] = {
        "gated.onnx": (Gated(), False, {"dynamo": False, "dynamic_axes": free}),
        "normalized.onnx": (Normalized(), True, {"dynamo": True, "verbose": False}),
        "stepped.onnx": (
            torch.jit.script(Stepped()),
            False,
            {"dynamo": False, "dynamic_axes": free},
        ),
    }
    for number, (name, (module, first, options)) in enumerate(exports.items()):
        torch.manual_seed(number)
        for weight in module.parameters():
            if weight.requires_grad:
                nn.init.uniform_(weight, -0.6, 0.6)
        module.eval()
        x = torch.randn(SEQUENCES, STEPS, INPUTS)
        given = x.transpose(0, 1) if first else x
        torch.onnx.export(module, (given,), str(FOLDER / name), input_names=["x"], **options)
        _without_traces(FOLDER / name)
        y = module(given).detach()
        answers |= {
            f"{name}/x": x.numpy(),
            f"{name}/y": (y.transpose(0, 1) if first else y).numpy(),
        }
    np.savez_compressed(FOLDER / "answers.npz", **answers)


if __name__ == "__main__":
    main()
