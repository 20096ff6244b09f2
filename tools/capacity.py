# SPDX-License-Identifier: Apache-2.0
"""Memory capacity: a delay line of order 100 recalls windows of 100 to 100,000 steps, untrained.

The paper's experiment (Voelker et al. 2019, section 3.1): white noise band-limited to ten periods
a window, recalled at five delays. The read-out are the shifted Legendre polynomials (eq. 3), so
nothing is trained. Prints the mean squared error of the float network, of the golden model and of
the emitted Verilog, of which every word is compared, beside an earlier measurement of the float
network. Writes table and picture into docs/experiments.md. ``make capacity`` runs windows of up to
10,000 steps, ``make capacity-long`` the one of 100,000.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from rich.console import Console

import lmu_hw
from lmu_hw.design import Design
from lmu_hw.quantize import Realization
from tools.experiments import PAGE, band_limited, on_rtl, recall_error, save_picture
from tools.long_window import DELAYS, delay_line
from tools.memory_bench.tables import Table, update_page
from tools.svg import FIXED, SERIES

Array = NDArray[np.float64]

ORDER = 100
PERIODS = 10
LENGTH = 2.5
"""Of a sequence, in windows."""
WIDTHS: dict[str, Any] = {"weight_bits": 18, "memory_bits": 16, "state_bits": 24}
TOLERANCE = 1e-3
"""How far a block of the matrices may be from zero-order hold; decides the rank."""
LANES = 64
TITLES = ("0", "T/4", "T/2", "3T/4", "T")


@dataclass(frozen=True, kw_only=True)
class Case:
    """One window.

    Attributes
    ----------
    window : int
        T, in steps; theta is half a step less.
    sequences : int
        For float and golden.
    rtl_sequences : int
        How many of them Verilator runs.
    rtl_steps : int
        How many steps of each.
    realization : Realization
        Structure pays where the window is several times the order.
    earlier : tuple of float
        Mean squared errors of a float network over 100 (the last: 10) sequences, measured before
        this project had hardware; the paper's notebook only draws them.
    """

    window: int
    sequences: int
    rtl_sequences: int
    rtl_steps: int
    earlier: tuple[float, ...]
    realization: Realization = Realization.SEMISEPARABLE

    def signals(self, seed: int) -> Array:
        """Return (sequences, 2.5 T, 1) noise."""
        steps = round(LENGTH * self.window)
        return band_limited(self.sequences, steps, PERIODS / self.window, seed=seed)


CASES = (
    Case(
        window=100,
        sequences=100,
        rtl_sequences=100,
        rtl_steps=250,
        earlier=(2.5e-4, 7.2e-3, 1.0e-2, 1.4e-2, 1.8e-2),
        realization=Realization.DENSE,
    ),
    Case(
        window=1_000,
        sequences=10,
        rtl_sequences=10,
        rtl_steps=2_500,
        earlier=(3.1e-6, 7.4e-5, 1.1e-4, 1.5e-4, 2.0e-4),
    ),
    Case(
        window=10_000,
        sequences=4,
        rtl_sequences=1,
        rtl_steps=12_500,
        earlier=(3.3e-7, 7.8e-7, 1.1e-6, 1.6e-6, 2.8e-6),
    ),
)
LONG = Case(
    window=100_000,
    sequences=1,
    rtl_sequences=1,
    rtl_steps=110_000,
    earlier=(4.3e-9, 6.9e-9, 9.7e-9, 1.4e-8, 1.6e-6),
)


def build(case: Case) -> Design:
    """Return the delay line in fixed point; ranges come from signals that are not recalled."""
    structured = case.realization is Realization.SEMISEPARABLE
    return lmu_hw.quantize(
        delay_line(ORDER, case.window - 0.5),
        case.signals(seed=1),
        realization=case.realization,
        memory_tolerance=TOLERANCE if structured else None,
        **WIDTHS,
    )


def measure(case: Case, console: Console, *, rtl: bool) -> tuple[dict[str, list[float]], str, str]:
    """Return errors by source, words compared and wrong, and how the memory is realized."""
    console.print(f"{case.window:,} steps", highlight=False)
    design, x = build(case), case.signals(seed=0)
    network = delay_line(ORDER, case.window - 0.5)
    fixed = design.predict(x)
    # One sequence at a time: the states of a long one fill memory.
    ideal = np.concatenate([network.run(one[None]) for one in x])
    errors = {
        "float": recall_error(x, ideal, case.window, DELAYS),
        "golden": recall_error(x, fixed, case.window, DELAYS),
    }
    how = design.config.nodes["memory.m"].realization.title
    if not rtl:
        return errors, "not run", how
    run = x[: case.rtl_sequences, : case.rtl_steps]
    with tempfile.TemporaryDirectory() as work:
        lmu_hw.emit(design, Path(work) / "delay_line", lanes=LANES)
        what = f"{case.window:,} steps on Verilator"
        result = on_rtl(Path(work) / "delay_line", run, what=what, console=console)
    # Every word was equal, so these are the answers of the Verilog.
    answers = fixed[: case.rtl_sequences, : case.rtl_steps]
    errors["RTL"] = recall_error(run, answers, case.window, DELAYS)
    return errors, f"{result.words_compared:,}, {result.mismatches:,}", how


def main() -> None:
    """Measure, print, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true", help="the window of 100,000 steps instead")
    parser.add_argument("--no-rtl", action="store_true", help="float and golden; write nothing")
    options = parser.parse_args()
    console = Console(width=160)
    name = "capacity_long" if options.long else "capacity"
    table = Table(
        name=name,
        title=f"mean squared error of a delay line of order {ORDER}, no training",
        headings=("window T", "memory", "", "sequences", *TITLES, "words compared, wrong"),
    )
    found: dict[int, dict[str, list[float]]] = {}
    for case in (LONG,) if options.long else CASES:
        errors, words, how = measure(case, console, rtl=not options.no_rtl)
        found[case.window] = errors
        table.add(f"{case.window:,}", "", "earlier, float", "", *_scientific(case.earlier), "")
        for source, values in errors.items():
            of = f"{case.rtl_sequences} x {case.rtl_steps:,}" if source == "RTL" else case.sequences
            compared = words if source == "RTL" else ""
            table.add("", how, source, of, *_scientific(values), compared)
    table.notes.append("RTL: of the sequences and steps that ran.")
    table.show(console)
    if not options.no_rtl:
        update_page(PAGE, [table])
        picture(name, found)


def _scientific(values: list[float] | tuple[float, ...]) -> list[str]:
    return [f"{value:.1e}" for value in values]


def picture(name: str, found: dict[int, dict[str, list[float]]]) -> None:
    """Draw the errors of float and golden model over the delay."""

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        for colour, (window, errors) in zip(SERIES, found.items(), strict=False):
            axes.plot(DELAYS, errors["float"], color=colour, label=f"T = {window:,}, float")
            axes.plot(DELAYS, errors["golden"], "o", color=colour, fillstyle="none")
        axes.plot([], [], "o", color=FIXED, fillstyle="none", label="golden model and RTL")
        axes.set_yscale("log")
        axes.set_xticks(DELAYS, TITLES)
        axes.set_xlabel("delay")
        axes.set_ylabel("mean squared error")
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))

    save_picture(
        paint,
        name=name,
        alternative="Mean squared error at five delays, float and golden model",
        width=6.5,
        height=3.2,
    )


if __name__ == "__main__":
    main()
