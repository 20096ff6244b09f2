# SPDX-License-Identifier: Apache-2.0
"""Train the Mackey-Glass network that ships in `examples/mackey_glass/`.

Chaotic time series (tau = 17), predicted 15 steps ahead; the figure of merit is
NRMSE = rms(prediction - target) / rms(target), from the zero state, start included.
"""

import argparse
import copy
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hybrid_torch import HybridStack
from lmu_torch import LmuStack, StackShape, export
from torch import Tensor, nn

Stack = LmuStack | HybridStack

SEQUENCES = 128
STEPS = 5000
AHEAD = 15
TAU = 17
SUBSTEPS = 10
TEST_SHAPE = (16, 2000)
CALIBRATE_SHAPE = (8, 1000)
SHAPE = StackShape(
    inputs=1, order=4, theta=4.0, hidden=49, layers=4, outputs=1, return_sequences=True
)


def trajectories(seed: int, sequences: int, units: int) -> np.ndarray:
    """Return (units * substeps, sequences) values of x, all substeps.

    dx/dt = 0.2 x(t - tau) / (1 + x(t - tau)^10) - 0.1 x(t), by Euler steps of 1/10, each sequence
    from its own random past around 1.2. Chaotic: another libm gives other sequences.
    """
    lag = TAU * SUBSTEPS
    x = np.empty((lag + units * SUBSTEPS, sequences))
    x[:lag] = 1.2 + 0.2 * (np.random.default_rng(seed).random((lag, sequences)) - 0.5)
    for k in range(lag, len(x)):
        past, now = x[k - lag], x[k - 1]
        x[k] = now + (0.2 * past / (1 + past**10) - 0.1 * now) / SUBSTEPS
    return x[lag:]


def mackey_glass(seed: int) -> np.ndarray:
    """Return (sequences, steps + ahead) values of tanh(x - 1), centred."""
    x = trajectories(seed, SEQUENCES, STEPS + AHEAD)
    series = np.tanh(x[SUBSTEPS - 1 :: SUBSTEPS].T - 1)
    return series - series.mean()


def load(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return train x, y and test x, y: (64, 5000, 1) values, y being x 15 steps later."""
    series = mackey_glass(seed).astype(np.float32)[:, :, None]
    x, y = series[:, :STEPS], series[:, AHEAD:]
    half = SEQUENCES // 2
    return x[:half], y[:half], x[half:], y[half:]


def nrmse(stack: Stack, x: np.ndarray, y: np.ndarray) -> float:
    """Return the error over whole (n, steps, 1) sequences from the zero state."""
    with torch.no_grad():
        error = stack(torch.from_numpy(x)).numpy() - y
    return float(np.sqrt(np.square(error, dtype=float).mean() / np.square(y, dtype=float).mean()))


def waves(x: np.ndarray, y: np.ndarray, lag: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return inputs, targets (waves, n, 1) and weights (waves, 1, 1) aligned with the wavefront."""
    inputs = np.pad(x.transpose(1, 0, 2), ((0, lag), (0, 0), (0, 0)))
    targets = np.pad(y.transpose(1, 0, 2), ((lag, 0), (0, 0), (0, 0)))
    weights = np.ones((len(inputs), 1, 1), np.float32)
    weights[:lag] = 0
    return torch.from_numpy(inputs), torch.from_numpy(targets), torch.from_numpy(weights)


def follow(average: Stack, stack: Stack, share: float) -> None:
    """Move the weights of `average` towards those of `stack` by `share` of the way."""
    with torch.no_grad():
        for kept, new in zip(average.parameters(), stack.parameters(), strict=True):
            kept.lerp_(new, share)


def train(
    stack: Stack, x: np.ndarray, y: np.ndarray, held_out: tuple | None, args: argparse.Namespace
) -> Stack:
    """Train by truncated back-propagation, the state carried from chunk to chunk.

    Returns the moving average of the weights. `held_out` (x, y) is only reported, never used.
    """
    average = copy.deepcopy(stack)
    print(f"{sum(p.numel() for p in stack.parameters())} parameters", flush=True)
    optimizer = torch.optim.Adam(stack.parameters(), lr=args.rate, betas=(0.9, 0.99))
    inputs, targets, weights = waves(x, y, stack.lag)
    chunks = -(-len(inputs) // args.chunk)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=args.rate, total_steps=args.epochs * chunks, pct_start=0.05
    )
    scale = float(np.square(y).mean())
    began = time.monotonic()
    for epoch in range(args.epochs):
        state: Any = None
        total = 0.0
        for k in range(0, len(inputs), args.chunk):
            part = slice(k, k + args.chunk)
            h, state = stack.waves(inputs[part], state)
            error = (stack.head(h) - targets[part]) * weights[part]
            loss = error.square().mean() / scale
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(stack.parameters(), 0.5)
            optimizer.step()
            schedule.step()
            total += loss.item()
            follow(average, stack, 1 / min(args.average, schedule.last_epoch))
        if (epoch + 1) % args.report == 0:
            line = f"epoch {epoch + 1:4d}  {time.monotonic() - began:5.0f} s"
            line += f"  train {(total / chunks) ** 0.5:.4f}"
            if held_out is not None:
                line += f"  held out {nrmse(average, *held_out):.4f}"
            print(line, flush=True)
    return average


def parse(description: str | None, name: str) -> argparse.Namespace:
    """Read the command line; `name` is that of the network and of its folder beside this file."""
    parser = argparse.ArgumentParser(description=description)
    parser.set_defaults(name=name)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / name)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=240)
    parser.add_argument("--chunk", type=int, default=100, help="steps of back-propagation")
    parser.add_argument("--rate", type=float, default=4e-3)
    parser.add_argument("--average", type=int, default=200, help="updates averaged")
    parser.add_argument("--report", type=int, default=10, help="epochs between two lines")
    parser.add_argument(
        "--validate", action="store_true", help="hold out training sequences; write nothing"
    )
    return parser.parse_args()


def train_and_write(
    args: argparse.Namespace, make: Callable[[], Stack], write: Callable[..., None], script: Path
) -> None:
    """Train what `make` gives, measure it, and write it and its data.

    Parameters
    ----------
    args
        From `parse`.
    make
        Returns an untrained stack.
    write
        `lmu_torch.export`, or the like for another kind of stack.
    script
        The file that is run.
    """
    torch.set_num_threads(1)
    x, y, test_x, test_y = load(args.seed)
    torch.manual_seed(args.seed)
    if args.validate:
        train(make(), x[:-8], y[:-8], (x[-8:], y[-8:]), args)
        return
    began = time.monotonic()
    stack = train(make(), x, y, None, args)
    print(f"trained in {time.monotonic() - began:.0f} s")
    n, steps = TEST_SHAPE
    full, part = nrmse(stack, test_x, test_y), nrmse(stack, test_x[:n, :steps], test_y[:n, :steps])
    print(f"NRMSE {full:.5f} (whole test half), {part:.5f} (shipped part)")
    args.out.mkdir(parents=True, exist_ok=True)
    notes = {
        "script": script.name,
        "seed": str(args.seed),
        "float_metric": f"NRMSE {full:.5f} on 64 x 5000 steps, {part:.5f} on the shipped part",
    }
    write(stack, args.out / "model.safetensors", name=args.name, notes=notes)
    np.save(args.out / "test_x.npy", test_x[:n, :steps])
    np.save(args.out / "test_y.npy", test_y[:n, :steps])
    n, steps = CALIBRATE_SHAPE
    np.save(args.out / "calibrate_x.npy", x[:n, :steps])
    np.save(args.out / "calibrate_y.npy", y[:n, :steps])


def main() -> None:
    """Train, measure and write the network and its data."""
    train_and_write(parse(__doc__, "mackey_glass"), lambda: LmuStack(SHAPE), export, Path(__file__))


if __name__ == "__main__":
    main()
