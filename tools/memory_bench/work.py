# SPDX-License-Identifier: Apache-2.0
"""Building, synthesising and simulating cells, two at a time."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from tools.memory_bench.area import Area, synthesise
from tools.memory_bench.cells import Cell
from tools.memory_bench.check import Check, simulate
from tools.memory_bench.clock import Clock, clock_of

__all__ = ["Job", "Measured", "run_jobs"]

_AT_ONCE = 2


@dataclass(frozen=True, kw_only=True)
class Job:
    """A cell to measure.

    Attributes
    ----------
    key : tuple
        Names it in the result.
    build : callable
    families : tuple of str
        For which it is synthesised: with DSPs, if it multiplies, and without.
    steps : int
        Which it is simulated for.
    dsp : bool
        Whether to synthesise it with DSPs too.
    clock : bool
        Whether to place and route it, with DSPs if `dsp`.
    """

    key: tuple[object, ...]
    build: Callable[[], Cell]
    families: tuple[str, ...]
    steps: int
    dsp: bool = True
    clock: bool = False


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was measured of a cell.

    Attributes
    ----------
    area : dict of (family, with DSPs) to Area
        A cell without multipliers is the same with and without.
    clock : Clock or None
        Placed and routed, if that was asked for.
    """

    cell: Cell
    area: dict[tuple[str, bool], Area]
    check: Check
    clock: Clock | None


def run_jobs(jobs: Iterable[Job], say: Callable[[str], None]) -> dict[tuple[object, ...], Measured]:
    """Measure all cells; the longest should come first.

    Raises
    ------
    RuntimeError
        If a cell cannot be synthesised or simulated, computes a wrong word, or takes other cycles
        than planned.
    """
    jobs = list(jobs)
    start = time.monotonic()
    found: dict[tuple[object, ...], Measured] = {}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        running = {pool.submit(_measure, job): job for job in jobs}
        try:
            for done in as_completed(running):
                job = running[done]
                found[job.key] = done.result()
                took = time.monotonic() - start
                name = " ".join(str(part) for part in job.key)
                say(f"{len(found)} of {len(jobs)} cells, {took:.0f} s: {name}")
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return found


def _measure(job: Job) -> Measured:
    cell = job.build()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, text in cell.files.items():
            (folder / file).write_text(text)
        check = simulate(cell, folder, job.steps)
        if check.mismatches or check.cycles != cell.cycles:
            raise RuntimeError(
                f"{job.key}: every word must be right, in {cell.cycles} cycles a step, but "
                f"{check.mismatches} of {check.words} are not, in {check.cycles} cycles"
            )
        area = {}
        for family in job.families:
            area[family, False] = synthesise(folder, "cell.v", cell.top, family, dsp=False)
            area[family, True] = area[family, False]
            if cell.multiplies and job.dsp:
                area[family, True] = synthesise(folder, "cell.v", cell.top, family, dsp=True)
        clock = clock_of(folder, "cell.v", cell.top, dsp=job.dsp) if job.clock else None
    return Measured(cell=cell, area=area, check=check, clock=clock)
