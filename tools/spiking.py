# SPDX-License-Identifier: Apache-2.0
"""The memory as spiking neurons: its error against d and m, its hardware, and what it costs.

Prints the tables of docs/spiking.md and writes them there, with a picture. Every figure is measured
in the run; a wrong word of the hardware ends it. ``--quick`` runs a tenth of the steps, and writes
nothing.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from lmu_hw.simulate import Simulator
from lmu_hw.spiking.hardware import cycles_per_step
from tools.memory_bench.tables import Table, update_page
from tools.spiking_study.errors import INPUTS, Point, Setup, exponents, measure
from tools.spiking_study.hardware import area_of, compare, deterministic_cells
from tools.spiking_study.picture import picture

DOCS = Path(__file__).parents[1] / "docs"

SETUPS = (
    Setup(theta=100, synapse=6, range_bits=2, steps=20_000),
    Setup(theta=1000, synapse=4, range_bits=0, steps=30_000),
)
ORDERS = {100: (2, 4, 8, 16), 1000: (1, 2, 4, 8, 16, 32, 64, 128)}
SIZES = (128, 512, 2048, 8192, 32768)
FEWEST = 16
"""Neurons of a population: with fewer, noise alone saturates currents."""

SATURATED = 1e-3
"""Share of saturated currents from which on a point is left out of fits."""

FITTED_FROM = 2

RTL = ((4, 32, 1, 320), (6, 256, 4, 640), (8, 4096, 8, 160))
"""Order, neurons of a population, lanes, steps."""

COMPARED = 8
COMPARED_NEURONS = (16, 64, 256, 4096)


def main() -> None:
    """Measure, print, and write the page."""
    start = time.monotonic()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer steps; write nothing")
    quick = parser.parse_args().quick
    console, progress = Console(width=160), Console(stderr=True)
    setups = [replace(s, steps=s.steps // 10) if quick else s for s in SETUPS]
    points: dict[tuple[int, str], list[Point]] = {}
    for setup in setups:
        for name in INPUTS:
            points[setup.theta, name] = _points(setup, name)
            progress.print(f"{setup.theta} steps, {name}: {time.monotonic() - start:.0f} s")
        table = _error_table(setup, points[setup.theta, "sine"])
        _publish(table, console, quick)
    _publish(_law_table(points), console, quick)
    if not quick:
        (DOCS / "spiking.svg").write_text(picture(points[setups[1].theta, "sine"]) + "\n")
    _publish(_area_table(setups[0]), console, quick)
    _publish(_rtl_table(setups[0], quick), console, quick)
    progress.print(f"{(time.monotonic() - start) / 60:.1f} minutes", highlight=False)


def _publish(table: Table, console: Console, quick: bool) -> None:
    """Print a table, and put it into the page."""
    table.show(console)
    if not quick:
        update_page(DOCS / "spiking.md", [table])


def _points(setup: Setup, name: str) -> list[Point]:
    """Return the noise of all orders and sizes."""
    return [
        measure(setup, order, size // order, name)
        for order in ORDERS[setup.theta]
        for size in SIZES
        if size // order >= FEWEST
    ]


def _error_table(setup: Setup, points: list[Point]) -> Table:
    table = Table(
        name=f"errors_{setup.theta}",
        title=f"10 Hz sine of amplitude 0.9, window of {setup.theta} steps of 1 ms, currents "
        f"within {2**setup.range_bits}, synapse of {2**setup.synapse} steps; measured (predicted)",
        headings=("d", *(f"m = {size:,}" for size in SIZES)),
    )
    for order in ORDERS[setup.theta]:
        found = {point.size: point for point in points if point.order == order}
        table.add(order, *(_cell(found.get(size)) for size in SIZES))
    return table


def _cell(point: Point | None) -> str:
    if point is None:
        return ""
    mark = "*" if point.saturated > SATURATED else ""
    return f"{point.window:.4f} ({point.predicted:.4f}){mark}"


def _law_table(points: dict[tuple[int, str], list[Point]]) -> Table:
    table = Table(
        name="law",
        title="error ~ d^a m^b, fitted",
        headings=(
            *("window, input", "read-out", "a measured", "a predicted", "b measured"),
            *("b predicted", "measured / predicted", "variance", "correlation"),
        ),
    )
    for (theta, name), found in points.items():
        used = [p for p in found if p.order >= FITTED_FROM and p.saturated <= SATURATED]
        variance = sum(p.variance for p in used) / len(used)
        correlation = sum(p.correlation for p in used) / len(used)
        for read, measured, predicted in (
            ("window", "window", "predicted"),
            ("oldest input", "delay", "predicted_delay"),
        ):
            (a, b), (c, d) = exponents(used, measured), exponents(used, predicted)
            ratios = [getattr(p, measured) / getattr(p, predicted) for p in used]
            table.add(
                f"{theta}, {name}",
                read,
                *(f"{value:.3f}" for value in (a, c, b, d)),
                f"{min(ratios):.3f} to {max(ratios):.3f}",
                f"{variance:.4f}",
                f"{correlation:.4f}",
            )
    return table


def _rtl_table(setup: Setup, quick: bool) -> Table:
    table = Table(
        name="rtl",
        title="Emitted Verilog against the golden model",
        headings=(
            *("d x n", "neurons a cycle", "simulator", "steps", "cycles a step"),
            *("words compared", "different"),
        ),
    )
    for order, neurons, lanes, steps in RTL:
        memory = setup.memory(order, neurons)
        for simulator in (Simulator.ICARUS, Simulator.VERILATOR):
            if simulator is Simulator.ICARUS and memory.size * steps // lanes > 500_000:
                continue
            run = steps // 10 if quick else steps
            result = compare(memory, lanes, simulator, run, "sine")
            if not result.passed:
                raise RuntimeError(f"every word must be right, not {result}")
            table.add(
                f"{order} x {neurons}",
                lanes,
                simulator.value,
                run + 3 * max(run // 8, 4),
                f"{result.cycles_per_step:,}",
                f"{result.words_compared:,}",
                result.mismatches,
            )
    return table


def _area_table(setup: Setup) -> Table:
    table = Table(
        name="area",
        title=f"order {COMPARED}, window of {setup.theta} steps, ECP5 without its multipliers",
        headings=("memory", "neurons", "LUT", "flip-flops", "block RAMs", "cycles", "error"),
    )
    for neurons in COMPARED_NEURONS:
        memory = setup.memory(COMPARED, neurons)
        area = area_of(memory, 1)
        point = measure(setup, COMPARED, neurons, "sine")
        table.add(
            "spiking",
            f"{memory.size:,}",
            *(f"{count:,}" for count in (area.luts, area.flip_flops, int(area.brams))),
            f"{cycles_per_step(memory, 1):,}",
            f"{point.window:.5f}",
        )
    for cell in deterministic_cells(setup, COMPARED, "sine"):
        area = cell.area
        table.add(
            cell.name,
            "",
            *(f"{count:,}" for count in (area.luts, area.flip_flops, int(area.brams))),
            f"{cell.cycles:,}",
            f"{cell.error:.5f}",
        )
    return table


if __name__ == "__main__":
    main()
