# SPDX-License-Identifier: Apache-2.0
"""Train the digits and psMNIST networks on, as the hardware with coarse weights that they will be.

Starts from `examples/NAME/model.safetensors`, whose weights rounded to 4 bits and activations to 7
lose accuracy, and writes `aware.safetensors` beside it, with its formats in `aware.toml`. The
memory is semiseparable and keeps coefficients of 8 bits; states have 16.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
import train_digits
import train_psmnist
from numpy.typing import NDArray
from torch import Tensor, nn

import lmu_hw
from lmu_hw.load import save
from lmu_hw.quantize import Realization, quantize
from lmu_hw.quantize.memories import matrices
from lmu_hw.train import AwareNetwork, Prepared, fit, tighten

HERE = Path(__file__).parent
MEMORY_BITS = 8
HELD_OUT = {"digits": 250, "psmnist": 5_000}


@dataclass(frozen=True, kw_only=True)
class Task:
    """A network with its data.

    Attributes
    ----------
    scale : Fraction
        Of the input.
    fixed : tuple of str
        Arrays that are not trained.
    size : int
        Sequences in a batch.
    images, labels : Tensor
        To train on, values 0 to 1.
    augment : callable
        Changes a batch of images.
    sequences : callable
        Turns images into what the network reads, (n, steps, 1).
    test : (x, labels)
    """

    scale: Fraction
    fixed: tuple[str, ...]
    size: int
    images: Tensor
    labels: Tensor
    augment: Callable[[Tensor, torch.Generator], Tensor]
    sequences: Callable[[NDArray[np.float32]], NDArray[np.float32]]
    test: tuple[NDArray[np.float32], NDArray[np.int64]]


def digits() -> Task:
    """Return the 8x8 digits."""
    images, labels, test_images, test_labels = train_digits.load()
    return Task(
        scale=Fraction(1, 16),
        fixed=(),
        size=64,
        images=torch.from_numpy(images),
        labels=torch.from_numpy(labels),
        augment=train_digits.augment,
        sequences=train_digits.to_sequences,
        test=(train_digits.to_sequences(test_images), test_labels),
    )


def psmnist(folder: Path) -> Task:
    """Return MNIST; its encoder is not trained, so that the memory depends on the images only."""
    images, test = train_psmnist.load(folder)
    return Task(
        scale=Fraction(1, 255),
        fixed=("lmu.E_x",),
        size=250,
        images=torch.from_numpy(images.pixels).float() / 255,
        labels=torch.from_numpy(images.labels),
        augment=train_psmnist.augment,
        sequences=train_psmnist.permuted,
        test=(train_psmnist.to_sequences(test.pixels), test.labels),
    )


def last_states(aware: AwareNetwork) -> NDArray[np.float64]:
    """Return the map of images of values 0 to 1 to the codes of the last states, (784, d).

    Nothing feeds back into the memory, so that it is linear but for its rounding: what the map says
    differs by about 5 ulp from the golden model, by which accuracy is measured.
    """
    network = quantize(aware.network(), aware.config, model_digest="")
    u, m = network.nodes[:2]
    encoder = u.terms[0].weights
    white = float(encoder.codes[0, 0]) * encoder.format.ulp / float(network.input_scale)
    A, B = matrices(m)
    return train_psmnist.of_images(train_psmnist.last_states(A, B * white)) / m.requant.format.ulp


def preparation(aware: AwareNetwork, task: Task) -> Callable[[Tensor], Prepared]:
    """Return what makes a batch ready: the golden model, or a map where that would take long."""
    if not task.fixed:
        return lambda images: aware.prepare(task.sequences(images.numpy()))
    rows = torch.from_numpy(last_states(aware))
    return lambda images: Prepared({"lmu.m": (images.flatten(1).double() @ rows).round()[:, None]})


def batches(task: Task, ready: Callable[[Tensor], Prepared], epochs: int, seed: int) -> Iterator:
    """Return batches of augmented images with their labels."""
    random = torch.Generator().manual_seed(seed)
    whole = len(task.images) // task.size * task.size
    for _ in range(epochs):
        for pick in torch.randperm(len(task.images), generator=random)[:whole].split(task.size):
            yield ready(task.augment(task.images[pick], random)), task.labels[pick]


def accuracy(aware: AwareNetwork, prepared: Prepared, labels: NDArray[np.int64]) -> float:
    """Return the share of sequences put into the right class."""
    with torch.no_grad():
        answers = [aware(prepared[at : at + 1000]) for at in range(0, len(prepared), 1000)]
    return float((torch.cat(answers).argmax(1).numpy() == labels).mean())


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=["digits", "psmnist"])
    parser.add_argument("--data", type=Path, help="folder of the two MNIST files")
    parser.add_argument("--weight-bits", type=int, default=4)
    parser.add_argument("--activation-bits", type=int, default=7)
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--rate", type=float, default=0.05, help="largest step, in ulp")
    parser.add_argument("--smoothing", type=float, default=0.05)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--validate", action="store_true", help="hold out training images; write nothing"
    )
    args = parser.parse_args()
    if args.name == "psmnist" and args.data is None:
        parser.error("psmnist needs --data")
    return args


def held_out(task: Task, count: int) -> Task:
    """Return the task with the last training images in place of the test images."""
    images, labels = task.images[-count:], task.labels[-count:]
    return replace(
        task,
        images=task.images[:-count],
        labels=task.labels[:-count],
        test=(task.sequences(images.numpy()), labels.numpy()),
    )


def train(aware: AwareNetwork, task: Task, args: argparse.Namespace) -> None:
    """Train a network; prints the loss now and then."""
    began, per_epoch = time.monotonic(), len(task.images) // task.size

    def progress(done: int, error: float) -> None:
        epoch, rest = divmod(done, per_epoch)
        if not rest and not epoch % 5:
            seconds = time.monotonic() - began
            print(f"epoch {epoch:4d}  loss of a batch {error:.4f}  {seconds:.0f} s", flush=True)

    fit(
        aware,
        batches(task, preparation(aware, task), args.epochs, args.seed),
        steps=args.epochs * per_epoch,
        rate=args.rate,
        loss=nn.CrossEntropyLoss(label_smoothing=args.smoothing),
        progress=progress,
    )


def main() -> None:
    """Train, measure and write the network and its configuration."""
    args = parse()
    torch.set_num_threads(1)
    task = digits() if args.name == "digits" else psmnist(args.data)
    if args.validate:
        task = held_out(task, HELD_OUT[args.name])
    folder = HERE / args.name
    network = lmu_hw.load(folder / "model.safetensors")
    config = lmu_hw.configure(
        network,
        np.load(folder / "calibrate_x.npy"),
        weight_bits=args.weight_bits,
        activation_bits=args.activation_bits,
        memory_bits=MEMORY_BITS,
        realization=Realization.SEMISEPARABLE,
        input_scale=task.scale,
    )
    config = tighten(network, config, fixed=task.fixed)
    aware = AwareNetwork(network, config, fixed=task.fixed)
    start = {name: array.clone() for name, array in aware.state_dict().items()}
    train(aware, task, args)
    x, labels = task.test
    ready = aware.prepare(x)
    score = accuracy(aware, ready, labels)
    trained = aware.network()
    aware.load_state_dict(start)
    before = accuracy(aware, ready, labels)
    print(f"accuracy rounded {before:.4f}, trained {score:.4f}, of {len(x):,}")
    if args.validate:
        return
    notes = (
        f"golden_metric: test accuracy {score:.4f} on {len(x)} sequences, with aware.toml",
        f"script: train_aware.py {args.name}",
        f"seed: {args.seed}",
    )
    save(replace(trained, notes=notes), folder / "aware.safetensors")
    (folder / "aware.toml").write_text(config.to_toml())


if __name__ == "__main__":
    main()
