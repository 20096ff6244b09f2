# SPDX-License-Identifier: Apache-2.0
"""The benchmark of memories: what is placed and routed, and area times time of it."""

from __future__ import annotations

import pytest

from tools.memory_bench import cases, report_clock
from tools.memory_bench.area import Area
from tools.memory_bench.cases import EXTRA, clock_jobs
from tools.memory_bench.cells import Cell
from tools.memory_bench.check import Check
from tools.memory_bench.clock import Clock
from tools.memory_bench.networks import Bits
from tools.memory_bench.report_clock import area_time_table
from tools.memory_bench.work import Measured
from tools.memory_bench.yosys import script

CASES = [(8, 32.0), (32, 128.0), EXTRA]


@pytest.fixture(autouse=True)
def equal_widths(monkeypatch):
    """Leave out the search for dense memories of equal error."""
    for module in (cases, report_clock):
        monkeypatch.setattr(module, "equal", lambda *_: Bits(13))


def measured(luts: int, cycles: int, *mhz: float) -> Measured:
    """Return a cell of so many LUTs at some clocks."""
    area = Area(luts=luts, flip_flops=0, brams=0, dsps=0)
    cell = Cell(network=None, files={}, top="", cycles=cycles, multiplies=False)  # type: ignore[arg-type]
    check = Check(words=1, mismatches=0, cycles=cycles)
    return Measured(cell=cell, area={}, check=check, clock=Clock(area=area, mhz=mhz))


def test_area_times_time_takes_the_median_clock_and_all_cycles():
    results = {
        ("clock", "parallel", "da4ml", 8, "own"): measured(3000, 1, 10.0, 30.0, 20.0),
        ("clock", "folded", "semiseparable", 8, 32.0): measured(1000, 60, 100.0, 100.0, 100.0),
    }
    rows = area_time_table(CASES, results).rows
    assert [(row[1], *row[-3:]) for row in rows] == [
        ("da4ml", "0.05", "150", "1.00"),
        ("semiseparable, folded", "0.6", "600", "4.00"),
    ]


def test_only_timed_orders_are_placed_and_routed_in_logic():
    jobs = clock_jobs(CASES, da4ml=True)
    assert all(job.clock and not job.families and not job.dsp for job in jobs)
    assert [job.key[1:4] for job in jobs] == [
        ("parallel", "da4ml", 8),
        ("parallel", "semiseparable", 8),
        ("parallel", "scan", 8),
        ("folded", "semiseparable", 8),
    ]


def test_a_netlist_to_place_is_mapped_for_speed():
    for netlist, mapped in (("", False), ("netlist.json", True)):
        commands = script("cell.v", "cell", "ecp5", False, "adders.v", netlist)
        assert (commands[-1] == f"synth_ecp5 -top cell -nodsp -json {netlist}") == mapped
        assert ("abc -lut 4" in commands) != mapped
