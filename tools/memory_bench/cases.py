# SPDX-License-Identifier: Apache-2.0
"""What is measured: orders, windows, widths, and the cells that are left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from lmu_hw.network import QuantizedNetwork
from tools.memory_bench.area import FAMILIES
from tools.memory_bench.cells import Cell, behavioural, da4ml_cell, folded, parallel
from tools.memory_bench.errors import equal_width, semiseparable_error
from tools.memory_bench.networks import (
    Bits,
    dense_network,
    scan_network,
    semiseparable_network,
    two_pass_network,
)
from tools.memory_bench.work import Job

__all__ = [
    "EXTRA",
    "FITTED_FROM",
    "JUDGED",
    "LARGEST",
    "ORDERS",
    "QUICK",
    "TIMED",
    "WIDTH",
    "WIDTHS",
    "WINDOWS",
    "Case",
    "clock_jobs",
    "equal",
    "folded_jobs",
    "parallel_jobs",
]

ORDERS = (4, 8, 16, 32, 64, 128, 256)
QUICK = (4, 8, 16, 32)
WINDOWS = 4  # theta over order
EXTRA = (256, 784.0)
WIDTHS = (6, 8, 10, 12)
WIDTH = 8  # of the coefficients of semiseparable cells
JUDGED = 32
FITTED_FROM = 16

# Above these orders, cells that take a step per clock are left out: hours of synthesis.
LARGEST = {"semiseparable": {"ecp5": 256, "xc7": 64}, "scan": {"ecp5": 64, "xc7": 64}}
LARGEST |= {"da4ml": {"ecp5": 64, "xc7": 32}, "behavioural": {"ecp5": 32, "xc7": 16}}
TIMED = (8,)  # orders whose cells are placed and routed; larger ones take long
STEPS = {4: 400, 8: 400, 16: 300, 32: 200, 64: 60, 128: 30, 256: 12}
FOLDED_CYCLES = 60_000

Case = tuple[int, float]


def equal(order: int, theta: float, kind: str) -> Bits:
    """Return the bits of the dense memory that is as good as the semiseparable one."""
    error = semiseparable_error(order, theta, WIDTH)
    assert error is not None
    return equal_width(order, theta, getattr(error, kind), kind)[0]


def folded_jobs(cases: list[Case]) -> list[Job]:
    """Return the cells with one multiplier for the memory."""
    jobs = []
    for order, theta in cases:
        dense = dense_network, order, theta, equal(order, theta, "own")
        cells = {
            "dense": _made(folded, *dense),
            "semiseparable": _made(folded, semiseparable_network, order, theta, WIDTH),
            "scan": _made(folded, scan_network, order, theta),
        }
        if two_pass_network(order, theta) is not None:
            cells["two passes"] = _made(folded, two_pass_network, order, theta)
        cycles = {"dense": order**2, "semiseparable": 5 * order}
        for kind, build in cells.items():
            if kind == "scan" and (order, theta) == EXTRA:
                continue  # the window of scan follows from its order
            jobs.append(
                Job(
                    key=("folded", kind, order, theta),
                    build=build,
                    families=tuple(FAMILIES),
                    steps=max(min(FOLDED_CYCLES // cycles.get(kind, 2 * order), 400), 8),
                )
            )
    return jobs


def _made(
    cell: Callable[[QuantizedNetwork], Cell], network: Callable[..., Any], *arguments: object
) -> Callable[[], Cell]:
    """Return a function that makes the cell of a network that it makes, too."""
    return lambda: cell(network(*arguments))


def parallel_jobs(cases: list[Case], da4ml: bool) -> list[Job]:
    """Return the cells that take one step per clock."""
    jobs = []
    for order, theta in cases:
        if (order, theta) == EXTRA:
            continue
        kinds = ("own", "refit") if order == JUDGED else ("own",)
        cells: dict[tuple[str, str], Callable[[], Cell]] = {
            ("semiseparable", "own"): _made(parallel, semiseparable_network, order, theta, WIDTH),
            ("scan", "own"): _made(parallel, scan_network, order, theta),
        }
        for kind in kinds:
            dense = dense_network, order, theta, equal(order, theta, kind)
            if da4ml:
                cells["da4ml", kind] = _made(da4ml_cell, *dense)
            cells["behavioural", kind] = _made(behavioural, *dense)
        for (name, kind), build in cells.items():
            families = [family for family in FAMILIES if order <= LARGEST[name][family]]
            if kind == "refit":
                families = ["ecp5"]
            if families:
                jobs.append(
                    Job(
                        key=("parallel", name, order, kind),
                        build=build,
                        families=tuple(families),
                        steps=STEPS[order],
                        dsp=False,
                    )
                )
    # What takes longest comes first, so that nothing waits for it at the end.
    cost = {"behavioural": 100, "da4ml": 10, "semiseparable": 1, "scan": 1}
    return sorted(jobs, key=lambda job: -cost[str(job.key[1])] * int(str(job.key[2])) ** 2)


def clock_jobs(cases: list[Case], da4ml: bool) -> list[Job]:
    """Return the cells that are placed and routed, without DSPs."""
    jobs = [*parallel_jobs(cases, da4ml), *folded_jobs(cases)]
    return [
        replace(job, key=("clock", *job.key), families=(), dsp=False, clock=True)
        for job in jobs
        if job.key[2] in TIMED
        and job.key[1] != "behavioural"
        and (job.key[0] == "parallel" or job.key[1] == "semiseparable")
    ]
