# SPDX-License-Identifier: Apache-2.0
"""Mackey-Glass prediction: the LMU and the hybrid LMU and LSTM network, on hardware.

The paper's experiment (Voelker et al. 2019, section 3.3): a chaotic series, 15 steps ahead, about
18,000 parameters. Prints the NRMSE of the float networks of examples/, of the golden model at 16-
and 12-bit weights, and of the emitted Verilog, of which every word is compared; beside the figures
of the authors' notebooks. Writes table and picture into docs/experiments.md. Run by
``make mackey-glass``.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from rich.console import Console

import lmu_hw
from tools.experiments import PAGE, nrmse, on_rtl, save_picture
from tools.memory_bench.tables import Table, update_page
from tools.svg import FIXED, FLOAT, SERIES

Array = NDArray[np.float64]

EXAMPLES = Path(__file__).parents[1] / "examples"
WEIGHT_BITS = (16, 12)
WIDTHS: dict[str, Any] = {"state_bits": 16, "activation_bits": 16}
RTL_SEQUENCES = 2


@dataclass(frozen=True, kw_only=True)
class Network:
    """A row of the paper's table.

    Attributes
    ----------
    title : str
    folder : str or None
        Of the trained network in examples/; None: quoted only.
    paper, corrected : float
        NRMSE in percent, of the notebook on the authors' branch ``paper`` and of the one they
        corrected: the first has input and target exchanged.
    """

    title: str
    folder: str | None
    paper: float
    corrected: float


NETWORKS = (
    Network(title="LSTM", folder=None, paper=7.940, corrected=5.872),
    Network(title="LMU", folder="mackey_glass", paper=5.438, corrected=4.873),
    Network(title="hybrid", folder="mackey_glass_hybrid", paper=5.049, corrected=4.473),
)


def measure(folder: Path, console: Console) -> tuple[list[float], str]:
    """Return the NRMSE of float, of golden at every width, and of RTL; and words compared, wrong.

    RTL is the design of the widest weights, on some sequences.
    """
    network = lmu_hw.load(folder / "model.safetensors")
    x, y, calibrate = (np.load(folder / f"{n}.npy") for n in ("test_x", "test_y", "calibrate_x"))
    designs = [
        lmu_hw.quantize(network, calibrate, weight_bits=bits, **WIDTHS) for bits in WEIGHT_BITS
    ]
    answers = [design.predict(x) for design in designs]
    errors = [nrmse(network.run(x), y), *(nrmse(one, y) for one in answers)]
    part = slice(RTL_SEQUENCES)
    with tempfile.TemporaryDirectory() as work:
        lmu_hw.emit(designs[0], Path(work) / network.name, lanes=64)
        what = f"{network.name} on Verilator"
        result = on_rtl(Path(work) / network.name, x[part], what=what, console=console)
    # Every word was equal, so these are the answers of the Verilog.
    errors.append(nrmse(answers[0][part], y[part]))
    return errors, f"{result.words_compared:,}, {result.mismatches:,}"


def main() -> None:
    """Measure, print, and write the page."""
    console = Console(width=160)
    table = Table(
        name="mackey-glass",
        title="Mackey-Glass, 15 steps ahead: NRMSE in percent",
        headings=(
            *("network", "notebook of the paper", "corrected", "float"),
            *(f"golden, {bits}-bit weights" for bits in WEIGHT_BITS),
            f"RTL, {WEIGHT_BITS[0]} bits, {RTL_SEQUENCES} sequences",
            "words compared, wrong",
        ),
    )
    found: dict[str, list[float]] = {}
    for one in NETWORKS:
        quoted = f"{one.paper:.3f}", f"{one.corrected:.3f}"
        if one.folder is None:
            table.add(one.title, *quoted, *[""] * (len(WEIGHT_BITS) + 3))
            continue
        found[one.title], words = measure(EXAMPLES / one.folder, console)
        table.add(one.title, *quoted, *(f"{100 * error:.3f}" for error in found[one.title]), words)
    table.show(console)
    update_page(PAGE, [table])
    picture(found)


def picture(found: dict[str, list[float]]) -> None:
    """Draw the authors' errors and these."""

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        places = np.arange(len(NETWORKS))
        quoted = [one.corrected for one in NETWORKS]
        axes.bar(places - 0.3, quoted, 0.18, label="corrected notebook", color="#ced4da")
        names = ("float", *(f"golden, {bits}-bit weights" for bits in WEIGHT_BITS))
        shown = [place for place, one in enumerate(NETWORKS) if one.title in found]
        for n, (name, colour) in enumerate(zip(names, (FLOAT, FIXED, SERIES[2]), strict=True)):
            values = [100 * found[NETWORKS[place].title][n] for place in shown]
            axes.bar(np.array(shown) - 0.1 + 0.2 * n, values, 0.18, label=name, color=colour)
        axes.set_yscale("log")
        axes.set_yticks((0.1, 0.2, 0.5, 1, 2, 5, 10), ("0.1", "0.2", "0.5", "1", "2", "5", "10"))
        axes.minorticks_off()
        axes.set_ylim(0.1, 10)
        axes.set_xticks(places, [one.title for one in NETWORKS])
        axes.set_ylabel("NRMSE in percent")
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))

    save_picture(
        paint,
        name="mackey_glass",
        alternative="NRMSE of the LMU and the hybrid network beside the notebooks' figures",
        width=6.5,
        height=2.8,
    )


if __name__ == "__main__":
    main()
