# SPDX-License-Identifier: Apache-2.0
"""Train the permuted sequential MNIST network that ships in `examples/psmnist/`.

A 28x28 image is read one pixel a step, in a fixed permuted order, by one Legendre memory; a hidden
layer reads the memory once, after the last pixel. Nothing feeds back, so the memory at the last
step is a fixed linear map of the 784 pixels (Chilkuri and Eliasmith, ICML 2021, eq. 25), and
training needs no recurrence.
"""

import argparse
import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lmu_hw.lmu import (
    DenseLayer,
    Discretizer,
    LmuLayer,
    Memory,
    Network,
    SimpleCell,
    orthonormal_scale,
)
from lmu_hw.load import save

SIDE = 28
STEPS = SIDE * SIDE
PERMUTATION = np.random.RandomState(0).permutation(STEPS)
ORDER, UNITS, CLASSES = 256, 212, 10
HELD_OUT = 5_000
TEST_SIZE, CALIBRATE_SIZE = 500, 256


@dataclass(frozen=True, slots=True)
class Images:
    """Images (n, 28, 28) of bytes and their labels (n,)."""

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]

    def __getitem__(self, index: slice) -> "Images":
        return Images(self.pixels[index], self.labels[index])


def load(folder: Path) -> tuple[Images, Images]:
    """Return the 60,000 training images and the 10,000 test images of a folder."""
    parts = []
    for name in ("mnist_train.npz", "mnist_test.npz"):
        with np.load(folder / name) as arrays:
            parts.append(Images(arrays["images"], arrays["labels"].astype(np.int64)))
    return parts[0], parts[1]


def permuted(images: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (n, 28, 28) images as permuted (n, 784, 1) sequences."""
    return np.ascontiguousarray(images.reshape(len(images), STEPS)[:, PERMUTATION, None])


def to_sequences(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return images of bytes as permuted (n, 784, 1) sequences of k/255."""
    return permuted(pixels / np.float32(255))


def memory() -> Memory:
    """Return the memory: order 256, a window of all 784 steps, zero-order hold."""
    return Memory.legendre(ORDER, float(STEPS), Discretizer.ZOH)


def last_states(A: NDArray[np.float64], B: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the map of 784 inputs to the states after the last, (784, d): ``A**(783 - t) B``."""
    rows = [B]
    for _ in range(STEPS - 1):
        rows.append(A @ rows[-1])
    return np.array(rows[::-1])


def of_images(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a map of sequences (784, d) as a map of images, row by row."""
    unpermuted = np.empty_like(rows)
    unpermuted[PERMUTATION] = rows
    return unpermuted


def augment(images: Tensor, random: torch.Generator) -> Tensor:
    """Move, turn, stretch and bend (n, 28, 28) images of values 0 to 1, each in its own way."""
    n = len(images)

    def noise(*shape: int) -> Tensor:
        return 2 * torch.rand(n, *shape, generator=random) - 1

    angle, shear = 0.2 * noise(), 0.2 * noise()
    stretch = 1 + 0.12 * noise(2)
    affine = torch.empty(n, 2, 3)
    affine[:, 0, 0] = angle.cos() * stretch[:, 0]
    affine[:, 0, 1] = (shear - angle.sin()) * stretch[:, 1]
    affine[:, 1, 0] = angle.sin() * stretch[:, 0]
    affine[:, 1, 1] = angle.cos() * stretch[:, 1]
    affine[:, :, 2] = 2 * 2 / SIDE * noise(2)
    grid = nn.functional.affine_grid(affine, [n, 1, SIDE, SIDE], align_corners=False)
    bend = nn.functional.interpolate(
        noise(2, 6, 6), size=(SIDE, SIDE), mode="bicubic", align_corners=False
    )
    grid = grid + 2 * 1.8 / SIDE * bend.permute(0, 2, 3, 1)
    return nn.functional.grid_sample(images[:, None], grid, align_corners=False)[:, 0]


class Head(nn.Module):
    """What reads the memory: a rectified hidden layer and a linear one.

    Parameters
    ----------
    rows : (784, d) float64
        The map of images to the orthonormal states of the memory.
    gain : float
        The states are multiplied by it, which is undone in `network`.
    """

    rows: Tensor

    def __init__(self, rows: NDArray[np.float64], gain: float):
        super().__init__()
        self.register_buffer("rows", torch.tensor(rows * gain, dtype=torch.float32))
        self.gain = gain
        self.hidden = nn.Linear(ORDER, UNITS)
        self.head = nn.Linear(UNITS, CLASSES)

    def forward(self, images: Tensor) -> Tensor:
        """Return the outputs (n, 10) for images (n, 28, 28) of values 0 to 1."""
        states = images.flatten(1) @ self.rows
        return self.head(self.hidden(states).relu())

    def network(self, notes: tuple[str, ...]) -> Network:
        """Return the network in the basis of the trained file, with float32 weights."""
        basis = torch.tensor(self.gain / orthonormal_scale(ORDER))
        lmu = LmuLayer(
            name="lmu",
            memory=memory(),
            E_x=np.ones((1, 1)),
            E_h=None,
            E_m=None,
            b_u=None,
            hidden=SimpleCell(
                W_m=_array(self.hidden.weight * basis),
                W_x=None,
                W_h=None,
                b=_array(self.hidden.bias),
                activation="relu",
            ),
            input_to_hidden=False,
            return_sequences=False,
        )
        head = DenseLayer(
            name="head", W=_array(self.head.weight), b=_array(self.head.bias), activation="linear"
        )
        return Network(name="psmnist", layers=(lmu, head), notes=notes)


def _array(weights: Tensor) -> NDArray[np.float64]:
    return weights.detach().float().numpy().astype(np.float64)


def accuracy(head: Head, images: Images) -> float:
    """Return the share of images put into the right class."""
    with torch.no_grad():
        y = head(torch.from_numpy(images.pixels).float() / 255)
    return float((y.argmax(1).numpy() == images.labels).mean())


def train(images: Images, held_out: Images | None, args: argparse.Namespace) -> Head:
    """Train on images; `held_out` is only reported, never used."""
    torch.manual_seed(args.seed)
    random = torch.Generator().manual_seed(args.seed)
    mem, scale = memory(), orthonormal_scale(ORDER)
    rows = of_images(last_states(mem.A, mem.B) / scale)
    x, y = torch.from_numpy(images.pixels), torch.from_numpy(images.labels)
    some = images.pixels[:2000].reshape(-1, STEPS) / 255.0 @ rows
    head = Head(rows, 1.0 / math.sqrt(float(np.mean(some**2))))
    optimizer = torch.optim.AdamW(head.parameters(), lr=args.rate, weight_decay=args.decay)
    batches = len(x) // args.batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=args.rate, total_steps=args.epochs * batches, pct_start=0.1
    )
    criterion = nn.CrossEntropyLoss(label_smoothing=args.smoothing)
    for epoch in range(args.epochs):
        total = 0.0
        for pick in torch.randperm(len(x), generator=random)[: batches * args.batch].split(
            args.batch
        ):
            loss = criterion(head(augment(x[pick].float() / 255, random)), y[pick])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        if (epoch + 1) % args.report == 0:
            line = f"epoch {epoch + 1:4d}  loss {total / batches:.4f}"
            if held_out is not None:
                line += f"  held out {accuracy(head, held_out):.4f}"
            print(line, flush=True)
    return head


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the two MNIST files")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "psmnist")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--batch", type=int, default=250)
    parser.add_argument("--rate", type=float, default=4e-3)
    parser.add_argument("--decay", type=float, default=1e-2)
    parser.add_argument("--smoothing", type=float, default=0.05)
    parser.add_argument("--report", type=int, default=10, help="epochs between two lines")
    parser.add_argument(
        "--validate", action="store_true", help="hold out 5,000 training images; write nothing"
    )
    return parser.parse_args()


def main() -> None:
    """Train, measure and write the network and some of its data."""
    args = parse()
    torch.set_num_threads(1)
    images, test = load(args.data)
    if args.validate:
        train(images[:-HELD_OUT], images[-HELD_OUT:], args)
        return
    began = time.monotonic()
    head = train(images, None, args)
    print(f"trained in {time.monotonic() - began:.0f} s")
    score = accuracy(head, test)
    print(f"test accuracy {score:.4f} ({len(test.labels):,} images)")
    args.out.mkdir(parents=True, exist_ok=True)
    notes = (
        f"float_metric: test accuracy {score:.4f} on {len(test.labels)} images",
        "script: train_psmnist.py",
        f"seed: {args.seed}",
    )
    save(head.network(notes), args.out / "model.safetensors")
    for name, part in (("test", test[:TEST_SIZE]), ("calibrate", images[:CALIBRATE_SIZE])):
        np.save(args.out / f"{name}_x.npy", to_sequences(part.pixels))
        np.save(args.out / f"{name}_labels.npy", part.labels)


if __name__ == "__main__":
    main()
