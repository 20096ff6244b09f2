# SPDX-License-Identifier: Apache-2.0
"""Train the permuted sequential digits network that ships in `examples/digits/`.

The 8x8 digits bundled with scikit-learn, one pixel a step, in a fixed permuted order.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from lmu_torch import LmuStack, StackShape, export
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor, nn

SIDE = 8
PERMUTATION = np.random.RandomState(0).permutation(SIDE * SIDE)
TEST_SIZE = 500
CALIBRATE_SIZE = 256
VALIDATE_SIZE = 250
SHAPE = StackShape(
    inputs=1, order=32, theta=64.0, hidden=64, layers=1, outputs=10, return_sequences=False
)


def split(
    images: np.ndarray, labels: np.ndarray, held_out: int, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return images and labels, then `held_out` images and labels of the same class balance."""
    kept, other = train_test_split(
        np.arange(len(labels)), test_size=held_out, stratify=labels, random_state=seed
    )
    return images[kept], labels[kept], images[other], labels[other]


def load() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return training images (n, 64), values k/16, and labels (n,), then the same for test."""
    pixels, labels = load_digits(return_X_y=True)
    images = (np.asarray(pixels) / 16).astype(np.float32)
    return split(images, np.asarray(labels).astype(np.int64), TEST_SIZE, 0)


def to_sequences(images: np.ndarray) -> np.ndarray:
    """Permute (n, 64) images into (n, 64, 1) sequences."""
    return np.ascontiguousarray(images[:, PERMUTATION, None])


def augment(images: Tensor, generator: torch.Generator) -> Tensor:
    """Shift every (64,) image by up to one pixel, change its contrast and add noise."""
    n = len(images)
    padded = nn.functional.pad(images.view(n, SIDE, SIDE), (1, 1, 1, 1))
    # No shift is as likely as all eight shifts together.
    moves = torch.randint(-1, 2, (n, 2), generator=generator)
    moves[torch.rand(n, generator=generator) < 0.5] = 0
    rows = (torch.arange(SIDE) + 1 + moves[:, :1])[:, :, None]
    columns = (torch.arange(SIDE) + 1 + moves[:, 1:])[:, None, :]
    moved = padded[torch.arange(n)[:, None, None], rows, columns].reshape(n, -1)
    gain = 1 + 0.1 * torch.randn(n, 1, generator=generator)
    noise = 0.04 * torch.randn(moved.shape, generator=generator)
    return (moved * gain + noise).clamp(0, 1)


def accuracy(stack: LmuStack, images: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of (n, 64) images put into the right class."""
    with torch.no_grad():
        logits = stack(torch.from_numpy(to_sequences(images)))
    return float((logits.argmax(1).numpy() == labels).mean())


def train(
    images: np.ndarray, labels: np.ndarray, held_out: tuple | None, args: argparse.Namespace
) -> LmuStack:
    """Train on (n, 64) images; `held_out` (images, labels) is only reported, never used."""
    torch.manual_seed(args.seed)
    generator = torch.Generator().manual_seed(args.seed)
    stack = LmuStack(SHAPE)
    optimizer = torch.optim.AdamW(stack.parameters(), lr=args.rate, weight_decay=args.decay)
    x, y = torch.from_numpy(images), torch.from_numpy(labels)
    batches = len(x) // args.batch
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=args.rate, total_steps=args.epochs * batches, pct_start=0.1
    )
    criterion = nn.CrossEntropyLoss(label_smoothing=args.smoothing)
    for epoch in range(args.epochs):
        total = 0.0
        order = torch.randperm(len(x), generator=generator)
        for pick in order[: batches * args.batch].view(batches, args.batch):
            inputs = augment(x[pick], generator)[:, PERMUTATION, None]
            loss = criterion(stack(inputs), y[pick])
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(stack.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            total += loss.item()
        if (epoch + 1) % args.report == 0:
            line = f"epoch {epoch + 1:4d}  loss {total / batches:.4f}"
            line += f"  train {accuracy(stack, images, labels):.4f}"
            if held_out is not None:
                line += f"  validation {accuracy(stack, *held_out):.4f}"
            print(line, flush=True)
    return stack


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "digits")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=300)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=4e-3)
    parser.add_argument("--decay", type=float, default=1e-2)
    parser.add_argument("--smoothing", type=float, default=0.05)
    parser.add_argument("--report", type=int, default=20, help="epochs between two lines")
    parser.add_argument(
        "--validate", action="store_true", help="hold out training images; write nothing"
    )
    return parser.parse_args()


def main() -> None:
    """Train, measure and write the network and its data."""
    args = parse()
    torch.set_num_threads(1)
    images, labels, test_images, test_labels = load()
    if args.validate:
        images, labels, *held_out = split(images, labels, VALIDATE_SIZE, 1)
        train(images, labels, tuple(held_out), args)
        return
    began = time.monotonic()
    stack = train(images, labels, None, args)
    print(f"trained in {time.monotonic() - began:.0f} s")
    score = accuracy(stack, test_images, test_labels)
    print(f"test accuracy {score:.4f} ({TEST_SIZE} images)")
    args.out.mkdir(parents=True, exist_ok=True)
    notes = {
        "script": "train_digits.py",
        "seed": str(args.seed),
        "float_metric": f"test accuracy {score:.4f} on {TEST_SIZE} sequences",
    }
    export(stack, args.out / "model.safetensors", name="digits", notes=notes)
    np.save(args.out / "test_x.npy", to_sequences(test_images))
    np.save(args.out / "test_labels.npy", test_labels)
    np.save(args.out / "calibrate_x.npy", to_sequences(images[:CALIBRATE_SIZE]))
    np.save(args.out / "calibrate_labels.npy", labels[:CALIBRATE_SIZE])


if __name__ == "__main__":
    main()
