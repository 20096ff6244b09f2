# SPDX-License-Identifier: Apache-2.0
"""A network trained at one rate, run at twice and half the rate by changing theta only.

The paper's claim is that theta is the one parameter that knows the step (Voelker et al. 2019,
section 2). The network of examples/step_size is generated once, for the shortest window; then new
coefficients are written to the same Verilog. Prints a table, and writes it and its picture into
docs/experiments.md. Run by ``make step-size``.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from rich.console import Console

import lmu_hw
from lmu_hw.design import Design
from lmu_hw.golden import GoldenModel
from lmu_hw.lmu import LmuLayer, Memory, Network
from lmu_hw.quantize import Realization
from lmu_hw.reload import at_window
from tools.experiments import PAGE, nrmse, on_rtl, save_picture
from tools.memory_bench.tables import Table, update_page
from tools.svg import FIXED, FLOAT

Array = NDArray[np.float64]

DATA = Path(__file__).parents[1] / "examples" / "step_size"
RATES = {"half": 0.5, "trained": 1.0, "double": 2.0}
BARS = ("float, theta changed", "golden and RTL, theta changed", "float, theta unchanged")
WIDTHS: dict[str, Any] = {
    "weight_bits": 16,
    "memory_bits": 12,
    "state_bits": 20,
    "activation_bits": 16,
}


def with_window(network: Network, theta: float) -> Network:
    """Return the network with another window in its memories, and nothing else changed."""
    layers = [
        replace(
            layer,
            memory=Memory.legendre(layer.memory.order, theta, layer.memory.discretizer),
        )
        if isinstance(layer, LmuLayer)
        else layer
        for layer in network.layers
    ]
    return replace(network, layers=tuple(layers))


def golden(design: Design, theta: float, x: Array) -> Array:
    """Return what the hardware answers after the coefficients of a window were written."""
    model = GoldenModel(at_window(design, theta))
    return model.output_values(model.run(model.quantize_input(x))[0])


def measure(
    network: Network, design: Design, name: str, theta: float, trained: float
) -> tuple[list[float], Array]:
    """Return the errors of float and golden, theta changed, then unchanged; and the input."""
    x, y = (np.load(DATA / f"test_{name}_{part}.npy") for part in "xy")
    full = round(theta)
    answers = (
        with_window(network, theta).run(x),
        golden(design, theta, x),
        network.run(x),
        golden(design, trained, x),
    )
    return [nrmse(one[:, full:], y[:, full:]) for one in answers], x


def main() -> None:
    """Generate once, run at three rates, print and write the page."""
    console = Console(width=160)
    network = lmu_hw.load(DATA / "model.safetensors")
    (trained,) = {layer.memory.theta for layer in network.layers if isinstance(layer, LmuLayer)}
    assert trained is not None
    table = Table(
        name="step-size",
        title="one network, one Verilog, three rates; NRMSE",
        headings=(
            *("rate", "theta", "float", "golden", "RTL", "words compared, wrong"),
            *("theta unchanged: float", "golden"),
        ),
        notes=[
            "float, golden and RTL: after theta has followed the rate. NRMSE without the first "
            "window, in which no answer can be known."
        ],
    )
    bars: dict[str, list[float]] = {name: [] for name in BARS}
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / network.name
        design = lmu_hw.quantize(
            with_window(network, trained * min(RATES.values())),
            np.load(DATA / "calibrate_x.npy"),
            realization=Realization.SEMISEPARABLE,
            **WIDTHS,
        )
        lmu_hw.emit(design, folder, lanes=8, reloadable="memory")
        for name, factor in RATES.items():
            theta = trained * factor
            errors, x = measure(network, design, name, theta, trained)
            what = f"rate {factor:g}, theta {theta:g}"
            result = on_rtl(folder, x, what=what, console=console, theta=theta)
            words = f"{result.words_compared:,}, {result.mismatches:,}"
            float_, fixed, unchanged, kept = (f"{100 * error:.3f} %" for error in errors)
            # Every word was equal, so the error of the Verilog is that of the golden model.
            table.add(f"{factor:g}", f"{theta:g}", float_, fixed, fixed, words, unchanged, kept)
            for series, value in zip(bars.values(), errors[:3], strict=True):
                series.append(value)
    table.show(console)
    update_page(PAGE, [table])
    picture(bars)


def picture(bars: dict[str, list[float]]) -> None:
    """Draw the errors at the three rates."""

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        places = np.arange(len(RATES))
        colours = (FLOAT, FIXED, "#ced4da")
        for shift, (name, values), colour in zip((-1, 0, 1), bars.items(), colours, strict=True):
            percent = 100 * np.array(values)
            axes.bar(places + 0.27 * shift, percent, 0.25, label=name, color=colour)
        axes.set_yscale("log")
        axes.set_yticks((1, 2, 5, 10, 20, 50, 100), ("1", "2", "5", "10", "20", "50", "100"))
        axes.minorticks_off()
        axes.set_ylim(1, 100)
        axes.set_xticks(places, [f"{factor:g}×" for factor in RATES.values()])
        axes.set_xlabel("rate")
        axes.set_ylabel("NRMSE in percent")
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))

    save_picture(
        paint,
        name="step_size",
        alternative="NRMSE at half, trained and double rate, with and without theta changed",
        width=6.5,
        height=2.8,
    )


if __name__ == "__main__":
    main()
