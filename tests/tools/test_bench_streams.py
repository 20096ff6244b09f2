# SPDX-License-Identifier: Apache-2.0
"""Streams beside copies: rates and areas in a table."""

from __future__ import annotations

from types import SimpleNamespace

from rich.console import Console

from tools.bench_streams import table_of


def _measured(mhz: float, lut: int) -> SimpleNamespace:
    total = SimpleNamespace(lut=lut, ff=900, block_ram=5, dsp=7)
    return SimpleNamespace(mhz=mhz, total=total, timing="")


def test_copies_have_the_area_and_the_rate_of_several_designs():
    table = table_of({1: (500.0, _measured(100.0, 2_000)), 4: (400.0, _measured(80.0, 2_500))})
    console = Console(width=140)
    with console.capture() as printed:
        console.print(table)
    rows = [line.split("│")[1:-1] for line in printed.get().splitlines() if "│" in line]
    cells = {row[0].strip(): [cell.strip() for cell in row[1:]] for row in rows}
    assert cells["1"] == ["500", "2,000", "900", "5", "7", "100.0", "200,000", "100.0"]
    assert cells["4"] == ["400", "2,500", "900", "5", "7", "80.0", "200,000", "80.0"]
    copies = ["500", "8,000", "3,600", "20", "28", "100.0", "800,000", "100.0"]
    assert cells["4 copies"] == copies
