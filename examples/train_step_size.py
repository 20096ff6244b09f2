# SPDX-License-Identifier: Apache-2.0
"""Train the network of `examples/step_size/`, whose answer depends on the window of time only.

The Mackey-Glass series again, 15 time units ahead, from an LMU of 20 time units without recurrence
other than its memory. Trained at 2.5 steps a time unit; tested also at twice and at half as many,
where only theta, the window in steps, becomes another one.

A step of the input is the mean of the signal over that step, and the answer counts from its end:
what a memory holds of a signal is then the same at every rate, but for terms of second order.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from lmu_torch import legendre_bilinear, write_stack
from torch import nn
from train_mackey_glass import AHEAD, SUBSTEPS, trajectories

ORDER = 8
WINDOW = 20
"""In time units."""
HIDDEN = 64
SEQUENCES, LENGTH = 64, 1000
"""Of the training data; its length is in time units."""
TEST_SHAPE = (16, 400)
CALIBRATE_STEPS = 500
RATES = {"half": 8, "trained": 4, "double": 2}
"""Substeps that make up one step of the input."""


def theta(rate: str) -> float:
    """Return the window in steps."""
    return WINDOW * SUBSTEPS / RATES[rate]


def sample(series: np.ndarray, rate: str) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y, (n, steps, 1) float32: means over each step, and what comes after it."""
    width = RATES[rate]
    steps = (series.shape[1] - AHEAD * SUBSTEPS) // width
    x = series[:, : steps * width].reshape(len(series), steps, width).mean(axis=2)
    y = series[:, AHEAD * SUBSTEPS + width * np.arange(1, steps + 1) - 1]
    return x.astype(np.float32)[:, :, None], y.astype(np.float32)[:, :, None]


def remember(x: np.ndarray, window: float) -> np.ndarray:
    """Return the (n, steps, order) states of a memory of `window` steps that hears x."""
    a, b = legendre_bilinear(ORDER, window)
    m, states = np.zeros((len(x), ORDER)), np.empty((*x.shape[:2], ORDER), np.float32)
    for t in range(x.shape[1]):
        m = m @ a.T + x[:, t] * b
        states[:, t] = m
    return states


def nrmse(readout: nn.Module, x: np.ndarray, y: np.ndarray, rate: str, window: float) -> float:
    """Return the error of all steps after the first window of time."""
    with torch.no_grad():
        answers = readout(torch.from_numpy(remember(x, window))).numpy()
    full = round(theta(rate))
    error = answers[:, full:] - y[:, full:]
    return float(np.sqrt(np.square(error, dtype=float).mean() / np.square(y[:, full:]).mean()))


def train(states: np.ndarray, y: np.ndarray, args: argparse.Namespace) -> nn.Sequential:
    """Return a read-out, dense tanh and linear, of (samples, order) states."""
    hidden = nn.Linear(ORDER, HIDDEN)
    readout = nn.Sequential(hidden, nn.Tanh(), nn.Linear(HIDDEN, 1))
    with torch.no_grad():  # states of high order are small
        hidden.weight /= 2 * torch.from_numpy(states.std(axis=0))
    batches = len(states) // args.batch
    optimizer = torch.optim.Adam(readout.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=args.rate, total_steps=args.epochs * batches
    )
    inputs, targets = torch.from_numpy(states), torch.from_numpy(y)
    for epoch in range(args.epochs):
        total = 0.0
        for part in torch.randperm(len(states))[: batches * args.batch].view(batches, -1):
            loss = (readout(inputs[part]) - targets[part]).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        print(f"epoch {epoch + 1:3d}  train {(total / batches) ** 0.5 / y.std():.4f}", flush=True)
    return readout


def write(readout: nn.Sequential, path: Path, notes: dict[str, str]) -> None:
    """Write memory and read-out as one `.safetensors` file."""
    memory = {
        "kind": "lmu",
        "name": "lmu0",
        "order": ORDER,
        "theta": theta("trained"),
        "memory_d": 1,
        "discretizer": "bilinear",
        "hidden": "dense",
        "activation": "tanh",
        "return_sequences": True,
    }
    tensors = {
        "lmu0.E_x": torch.ones(1, 1),
        "lmu0.W_m": readout[0].weight,
        "lmu0.b_h": readout[0].bias,
        "head.W": readout[2].weight,
        "head.b": readout[2].bias,
    }
    layers = [memory, {"kind": "dense", "name": "head", "activation": "linear"}]
    write_stack(path, name="step_size", layers=layers, tensors=tensors, notes=notes)


def main() -> None:
    """Train, measure and write the network and its data."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "step_size")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--rate", type=float, default=1e-2)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    began = time.monotonic()
    n, units = TEST_SHAPE
    x = trajectories(args.seed, SEQUENCES + n, LENGTH + AHEAD)
    series = np.tanh(x.T - 1)
    series -= series[:SEQUENCES].mean()
    x, y = sample(series[:SEQUENCES], "trained")
    full = round(theta("trained"))
    states = remember(x, theta("trained"))[:, full:].reshape(-1, ORDER)
    readout = train(states, y[:, full:].reshape(-1, 1), args)
    print(f"trained in {time.monotonic() - began:.0f} s")
    args.out.mkdir(parents=True, exist_ok=True)
    np.save(args.out / "calibrate_x.npy", x[:n, :CALIBRATE_STEPS])
    notes = {"script": Path(__file__).name, "seed": str(args.seed)}
    for rate in RATES:
        x, y = sample(series[SEQUENCES:, : (units + AHEAD) * SUBSTEPS], rate)
        np.save(args.out / f"test_{rate}_x.npy", x)
        np.save(args.out / f"test_{rate}_y.npy", y)
        found = [nrmse(readout, x, y, rate, theta(at)) for at in (rate, "trained")]
        notes[f"float_metric_{rate}"] = f"NRMSE {found[0]:.5f}, {found[1]:.5f} with theta unchanged"
        print(rate, notes[f"float_metric_{rate}"])
    write(readout, args.out / "model.safetensors", notes)


if __name__ == "__main__":
    main()
