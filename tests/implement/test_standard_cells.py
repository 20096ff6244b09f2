# SPDX-License-Identifier: Apache-2.0
"""A design in standard cells of an invented library: area by part, macros, buffers, clock."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from lmu_hw.errors import ToolError
from lmu_hw.implement import standard_cells
from lmu_hw.implement.library import Library, read_library
from lmu_hw.implement.opensta import MISSING, installed
from lmu_hw.implement.standard_cells import implement_cells, library_target
from lmu_hw.measure.implementation import Resources
from tests.libraries import liberty


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> Library:
    path = tmp_path_factory.mktemp("library") / "invented.lib"
    path.write_text(liberty())
    return read_library(path)


@pytest.fixture(scope="module")
def mapped(emitted, library, tmp_path_factory):
    """Return what became of a small design, and the folder of it."""
    work = tmp_path_factory.mktemp("mapped")
    files = {path.name: path.read_bytes() for path in (emitted / "rtl").iterdir()}
    return implement_cells(files, "tiny", work, library), work


def cells_of(work: Path) -> dict:
    return json.loads((work / "netlist.json").read_text())["modules"]["tiny"]["cells"]


def test_area_by_part_adds_up_to_that_of_the_cells(mapped, library):
    found, work = mapped
    kinds = Counter(cell["type"] for cell in cells_of(work).values())
    area = sum(count * library.areas.get(kind, 0) for kind, count in kinds.items())
    assert found.total == sum((part.resources for part in found.parts), Resources())
    assert (found.total.area, found.total.ff) == (area, kinds["FLIPFLOP"])
    assert found.total.ff_area == 10 * found.total.ff
    assert {"lmu: multiplier array", "lmu: output stage"} < {part.words for part in found.parts}


def test_nothing_but_cells_of_the_library_is_left(mapped, library):
    kinds = {cell["type"] for cell in cells_of(mapped[1]).values()}
    assert kinds - {"$scopeinfo"} <= library.areas.keys()


def test_no_gate_drives_many_others(mapped):
    loads = Counter()
    for cell in cells_of(mapped[1]).values():
        inputs = {pin for pin, way in cell["port_directions"].items() if way == "input"}
        loads.update(cell["connections"][pin][0] for pin in inputs - {"C"})
    numbers = [count for bit, count in loads.items() if isinstance(bit, int)]
    assert max(numbers) <= 16
    assert sum(cell["type"] == "BUF" for cell in cells_of(mapped[1]).values()) > 0


def test_large_memories_are_macros_and_in_no_area(emitted, library, tmp_path, monkeypatch, mapped):
    monkeypatch.setattr(standard_cells, "_MACRO", 16)
    monkeypatch.setattr(standard_cells, "installed", lambda: False)
    files = {path.name: path.read_bytes() for path in (emitted / "rtl").iterdir()}
    found = implement_cells(files, "tiny", tmp_path, library)
    assert mapped[0].macros == ()
    assert found.total.area < mapped[0].total.area
    macros = {macro.words: (macro.bits, macro.ports) for macro in found.macros}
    assert macros["row constants"][1] == "1 read"
    assert all(bits >= 16 for bits, _ in macros.values())
    assert found.mhz is None and found.timing == MISSING


def test_the_clock_is_there_where_opensta_is(mapped):
    found, work = mapped
    if not installed():
        assert (found.mhz, found.timing) == (None, MISSING)
        return
    assert found.mhz is not None and 1 < found.mhz < 1_000
    assert found.timing.startswith("by OpenSTA, between flip-flops, without wires")
    first, gates, last = found.path
    assert first.what.startswith("register ") and last.what.startswith("register ")
    assert gates.what.endswith(" gates")
    assert "opensta" in found.tools
    assert (work / "timing.log").stat().st_size > 0


def test_a_library_that_abc_stops_at_is_named(tmp_path):
    text = liberty().replace('"0.1, 0.2", "0.2, 0.3"', '"0.1, 1.0", "0.1, 1.0"')
    (tmp_path / "odd.lib").write_text(text)  # without a load a gate takes no time
    verilog = b"module t(input clk, a, output reg q); always @(posedge clk) q <= ~a; endmodule\n"
    with pytest.raises(ToolError, match=r"odd\.lib: must be a library that abc can map to"):
        implement_cells({"t.v": verilog}, "t", tmp_path, read_library(tmp_path / "odd.lib"))


def test_a_flip_flop_counts_as_one_and_its_area_twice(library):
    cost = library_target(library).cost
    assert cost("FLIPFLOP") == Resources(ff=1, area=10, ff_area=10)
    assert cost("NAND2") == Resources(area=3)
    assert cost("FLIPFLOP2") == Resources()
