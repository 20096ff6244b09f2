# SPDX-License-Identifier: Apache-2.0
"""Measure several streams on one datapath against as many copies of it; prints a table.

``python -m tools.bench_streams --streams 1 4 --seeds 3``
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

import lmu_hw
from lmu_hw.design import Design
from lmu_hw.folder import DesignFolder
from lmu_hw.manifest import read_plan
from lmu_hw.measure.implementation import Implementation
from lmu_hw.plan import step_cycles

_TARGET = "ecp5-25k"
_LANES = 16


def digits() -> Design:
    """Return the classifier of the examples with two recursions, in 8 bits."""
    example = Path(__file__).parents[1] / "examples" / "digits"
    options = {"weight_bits": 8, "activation_bits": 8, "realization": "semiseparable"}
    return lmu_hw.quantize(
        lmu_hw.load(example / "model.safetensors"),
        np.load(example / "calibrate_x.npy"),
        input_scale=Fraction(1, 16),
        **options,
    )


def measured(
    design: Design, folder: Path, streams: int, seeds: int
) -> tuple[float, Implementation]:
    """Return the cycles of a step where all take turns, and what a chip takes and reaches."""
    lmu_hw.emit(design, folder, lanes=_LANES, streams=streams)
    plan = read_plan(DesignFolder(folder), design.network)
    return float(step_cycles(plan)), lmu_hw.implement(folder, target=_TARGET, seeds=seeds)


def table_of(results: dict[int, tuple[float, Implementation]]) -> Table:
    """Return the designs side by side, and as many copies of that of one stream.

    Parameters
    ----------
    results : dict of streams to cycles of a step and what was measured
    """
    table = Table(title=f"digits, two recursions, {_LANES} lanes, on {_TARGET}")
    headings = ("Streams", "Cycles/step", "LUT", "FF", "Block RAM", "Multipliers", "MHz")
    for heading in (*headings, "Steps/s", "Steps/s and LUT"):
        table.add_column(heading, justify="right")
    for streams, (cycles, result) in results.items():
        table.add_row(str(streams), *_cells(cycles, result, copies=1))
        if streams > 1 and 1 in results:
            table.add_row(f"{streams} copies", *_cells(*results[1], copies=streams))
    return table


def _cells(cycles: float, result: Implementation, *, copies: int) -> list[str]:
    total, mhz = result.total, result.mhz
    if mhz is None:
        raise SystemExit(f"place and route must give a clock, but {result.timing}")
    rate = copies * mhz * 1e6 / cycles
    counts = (total.lut, total.ff, total.block_ram, total.dsp)
    return [
        f"{cycles:,.10g}",
        *(f"{copies * count:,.10g}" for count in counts),
        f"{mhz:.1f}",
        f"{rate:,.0f}",
        f"{rate / (copies * total.lut):.1f}",
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args(arguments)
    design = digits()
    with tempfile.TemporaryDirectory() as folder:
        results = {
            streams: measured(design, Path(folder) / str(streams), streams, options.seeds)
            for streams in options.streams
        }
    Console(width=120).print(table_of(results))


if __name__ == "__main__":
    main()
