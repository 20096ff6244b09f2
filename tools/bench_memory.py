# SPDX-License-Identifier: Apache-2.0
"""Structured memories against dense ones: errors, multiplications, cycles, and what they take.

Prints the tables of docs/memory.md and writes them there. Every figure is measured in the run: each
cell is synthesised for two families of FPGAs, and simulated against the golden model; one wrong
word ends the run. Some are placed and routed. ``--quick`` leaves out orders above 32, and writes
nothing; ``--clocks`` measures only what is placed and routed, and writes only that table.
"""

from __future__ import annotations

import argparse
import importlib.util
import resource
import time
from pathlib import Path

from rich.console import Console

from tools.memory_bench.cases import (
    EXTRA,
    ORDERS,
    QUICK,
    WINDOWS,
    Case,
    clock_jobs,
    folded_jobs,
    parallel_jobs,
)
from tools.memory_bench.report import (
    error_table,
    folded_table,
    growth_table,
    judged_table,
    parallel_table,
)
from tools.memory_bench.report_clock import area_time_table
from tools.memory_bench.tables import Table, update_page
from tools.memory_bench.work import run_jobs

PAGE = Path(__file__).parents[1] / "docs" / "memory.md"


def main() -> None:
    """Measure, print, and write the page."""
    start = time.monotonic()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="orders up to 32; write nothing")
    parser.add_argument("--clocks", action="store_true", help="only what is placed and routed")
    asked = parser.parse_args()
    console, progress = Console(width=200), Console(stderr=True)
    cases: list[Case] = [(d, float(WINDOWS * d)) for d in (QUICK if asked.quick else ORDERS)]
    if not asked.quick:
        cases.append(EXTRA)
    da4ml = importlib.util.find_spec("da4ml") is not None

    def say(line: str) -> None:
        progress.print(line, highlight=False)

    tables: list[Table] = []
    if not asked.clocks:
        tables.append(error_table(cases))
        tables[0].show(console)
        results = run_jobs([*parallel_jobs(cases, da4ml), *reversed(folded_jobs(cases))], say)
        tables += [
            folded_table(cases, results),
            parallel_table(cases, results, da4ml),
            judged_table(cases, results),
            growth_table(cases, results),
        ]
    clocked = run_jobs(clock_jobs(cases, da4ml), say)
    tables.append(area_time_table(cases, clocked))
    for table in tables if asked.clocks else tables[1:]:
        table.show(console)
    if not asked.quick:
        update_page(PAGE, tables)
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    busy = sum(usage.ru_utime + usage.ru_stime for usage in spent)
    took = time.monotonic() - start
    progress.print(f"{took / 60:.1f} minutes; {busy / 60:.1f} of processor time", highlight=False)


if __name__ == "__main__":
    main()
