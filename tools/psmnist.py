# SPDX-License-Identifier: Apache-2.0
"""Permuted sequential MNIST on hardware: accuracy by weight bits, beside the paper's float network.

The network of `examples/psmnist/` as it was trained, rounded to fewer and fewer bits, then as
trained on with quantization in the loop (`examples/train_aware.py`). The memory is semiseparable,
with coefficients of 8 bits and states of 16. Prints what the float network, the golden model and
the emitted Verilog, of which every word is compared, make of the test images. With ``--data`` it
writes table and picture into docs/experiments.md. Run by ``make psmnist``.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from rich.console import Console

import lmu_hw
from lmu_hw.design import Design
from lmu_hw.quantize import Config, Realization
from lmu_hw.simulate import Result
from tools.experiments import PAGE, on_rtl, save_picture
from tools.memory_bench.tables import Table, update_page
from tools.svg import FIXED, FLOAT, SERIES

Array = NDArray[np.float32]

FOLDER = Path(__file__).parents[1] / "examples" / "psmnist"
PAPER = 97.15
"""Percent; Voelker, Kajić and Eliasmith 2019, table 2; a recurrent network of the same sizes."""

IN_FLOAT = "in float"
RTL_IMAGES = 4

ROUNDED = ((16, 12), (12, 12), (8, 12), (6, 12), (4, 12), (4, 7))
"""Weight and activation bits of the network as it was trained."""

LANES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A design, and what it is called in the table."""

    weights: str
    activations: str
    trained: str
    design: Design


def permuted(folder: Path) -> tuple[Array, NDArray[np.int64]]:
    """Return all test images as (10000, 784, 1) sequences of k/255, and labels."""
    order = np.random.RandomState(0).permutation(784)
    with np.load(folder / "mnist_test.npz") as arrays:
        images, labels = arrays["images"], arrays["labels"]
    x = images.reshape(len(images), 784)[:, order, None] / np.float32(255)
    return x, labels.astype(np.int64)


def designs() -> Iterator[Row]:
    """Return the designs one after the other."""
    network, data = lmu_hw.load(FOLDER / "model.safetensors"), np.load(FOLDER / "calibrate_x.npy")
    for weights, activations in ROUNDED:
        design = lmu_hw.quantize(
            network,
            data,
            weight_bits=weights,
            activation_bits=activations,
            memory_bits=8,
            realization=Realization.SEMISEPARABLE,
            input_scale=Fraction(1, 255),
        )
        yield Row(
            weights=str(weights), activations=str(activations), trained=IN_FLOAT, design=design
        )
    file = FOLDER / "aware.toml"
    config = Config.from_toml(file.read_text(), where=file.name)
    design = lmu_hw.quantize(lmu_hw.load(FOLDER / "aware.safetensors"), data, config=config)
    yield Row(weights="4", activations="7", trained="as quantized", design=design)


def on_verilog(row: Row, x: Array, console: Console) -> Result:
    """Return what Verilator makes of whole images; raise `RuntimeError` if a word differs."""
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / "psmnist"
        lmu_hw.emit(row.design, folder, lanes=LANES)
        what = f"{row.weights}-bit weights, {row.trained}, on Verilator"
        return on_rtl(folder, x, what=what, console=console)


def picture(shares: dict[str, list[float]]) -> None:
    """Draw the share of right answers against the bits of the weights."""

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        places = [str(bits) for bits, _ in ROUNDED[:-1]]
        axes.plot(places, shares["rounded"][:-1], "o-", color=FIXED, label="rounded")
        axes.plot(
            places[-1:], shares["rounded"][-1:], "s", color=SERIES[2], label="7-bit activations"
        )
        axes.plot(places[-1:], shares["aware"], "*", color=SERIES[3], label="and trained so", ms=11)
        axes.axhline(shares["float"][0], color=FLOAT, label="float")
        axes.axhline(PAPER, color=FLOAT, ls=":", label="the paper's network, float")
        axes.set_xlabel("bits of the weights")
        axes.set_ylabel("accuracy in percent")
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))

    save_picture(
        paint,
        name="psmnist",
        alternative="Accuracy on psMNIST against the bits of the weights",
        width=6.5,
        height=2.8,
    )


def main() -> None:
    """Quantize, run and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, help="folder of mnist_test.npz; without it, the 500 shipped images"
    )
    options = parser.parse_args()
    x, labels = _shipped() if options.data is None else permuted(options.data)
    console = Console(width=140)
    table = Table(
        name="psmnist",
        title=f"psMNIST, {len(x):,} test images; the paper's float network: {PAPER} %",
        headings=(
            *("weight bits", "activation bits", "trained", "float", "golden"),
            *(f"RTL, {RTL_IMAGES} images", "words compared, wrong"),
        ),
    )
    network = lmu_hw.load(FOLDER / "model.safetensors")
    with console.status(f"float on {len(x):,} images"):
        shares = {"float": [_share(network.run(x), labels)], "rounded": [], "aware": []}
    for row in designs():
        result = on_verilog(row, x[:RTL_IMAGES], console)
        what = f"{row.weights}-bit weights, {row.trained}, golden model on {len(x):,} images"
        with console.status(what):
            answers = row.design.predict(x)
        share = _share(answers, labels)
        shares["rounded" if row.trained == IN_FLOAT else "aware"].append(share)
        # Every word was equal, so these are the answers of the Verilog.
        right = int(np.sum(answers[:RTL_IMAGES].argmax(axis=1) == labels[:RTL_IMAGES]))
        table.add(
            *(row.weights, row.activations, row.trained, f"{shares['float'][0]:.2f} %"),
            *(f"{share:.2f} %", f"{right} right"),
            f"{result.words_compared:,}, {result.mismatches:,}",
        )
    table.show(console)
    if options.data is not None:
        update_page(PAGE, [table])
        picture(shares)


def _shipped() -> tuple[Array, NDArray[np.int64]]:
    return np.load(FOLDER / "test_x.npy"), np.load(FOLDER / "test_labels.npy")


def _share(y: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """Return the share of right answers in percent."""
    return 100.0 * float(np.mean(y.argmax(axis=1) == labels))


if __name__ == "__main__":
    main()
