# SPDX-License-Identifier: Apache-2.0
"""Critical paths in words."""

from __future__ import annotations

from itertools import pairwise

import pytest

from lmu_hw.folder import DesignFolder
from lmu_hw.implement.cells import Cell, Netlist
from lmu_hw.implement.path import Namer, path_words
from lmu_hw.implement.record import read_implementations
from lmu_hw.implement.route import Hop
from lmu_hw.implement.rtl import Operator, Rtl
from lmu_hw.implement.targets import TARGETS
from lmu_hw.measure.implementation import PathStep

PLACE = "d.v:3.1-3.9"
DRAIN = "layer_a.drain"


def operator(name: str, kind: str, source: str = "", *, clocked: bool = False) -> Operator:
    return Operator(name=name, kind=kind, width=16, source=source, clocked=clocked)


def cell(name: str, kind: str, source: str = "map.v:1.1-1.2") -> Cell:
    return Cell(name=name, kind=kind, source=source)


@pytest.fixture
def namer() -> Namer:
    """Return names for: row constants, shifted, added, narrowed, into a register."""
    operators = [
        operator("rom", "$mem_v2", clocked=True),
        operator("shl", "$shl"),
        operator("add", "$add", PLACE),
        operator("or", "$or"),
        operator("mux", "$mux"),
        operator("ff", "$dff", clocked=True),
    ]
    chain = [one.name for one in operators]
    reads = {after: (before,) for before, after in pairwise(chain)}
    rtl = Rtl(
        operators={one.name: one for one in operators},
        reads={"rom": (), **reads},
        signals={f"{DRAIN}.row_rom.rom.words": "rom", f"{DRAIN}.total": "ff"},
    )
    cells = [
        cell(f"{DRAIN}.row_rom.rom.words.0.0", "DP16KD"),
        cell(
            f"{DRAIN}.total_TRELLIS_FF_Q_3_DI_LUT4_Z_D_CCU2C_S0", "CCU2C", f"{PLACE}|map.v:7.1-8.1"
        ),
        cell(f"{DRAIN}.total_TRELLIS_FF_Q_3_DI_LUT4_Z", "LUT4"),
        cell(f"{DRAIN}.x_LUT4_Z", "LUT4"),
        cell(f"{DRAIN}.total_TRELLIS_FF_Q_3", "TRELLIS_FF"),
    ]
    netlist = Netlist(cells={one.name: one for one in cells}, scopes={})
    return Namer(target=TARGETS["ecp5-25k"], netlist=netlist, rtl=rtl)


def hop(cell: str, wire_ns: float, logic_ns: float) -> Hop:
    return Hop(cell=f"{DRAIN}.{cell}", wire_ns=wire_ns, logic_ns=logic_ns)


def test_tables_are_what_lies_between_what_is_known(namer):
    carry = "total_TRELLIS_FF_Q_3_DI_LUT4_Z_D_CCU2C_S0"
    hops = [
        hop("row_rom.rom.words.0.0", 0.0, 5.6),
        hop("x_LUT4_Z", 1.0, 0.2),
        hop(f"{carry}$CCU2_COMB0", 1.0, 0.5),
        hop(f"{carry}$CCU2_COMB1", 0.0, 0.25),
        hop("total_TRELLIS_FF_Q_3_DI_LUT4_Z", 0.5, 0.2),
        hop("total_TRELLIS_FF_Q_3", 0.1, 0.0),
    ]
    steps = namer.steps(hops)
    what = ["row constants", "shift", "add", "select", "register total"]
    assert [step.what for step in steps] == what
    assert (steps[2].wire_ns, steps[2].logic_ns) == (1.0, 0.75)
    assert path_words(steps).startswith("row constants → shift → add → select → register total (")


def test_tables_that_are_packed_with_a_register_are_told_with_it(namer):
    packed = "total_TRELLIS_FF_Q_3_DI_LUT4_Z_LC"
    steps = namer.steps([hop("row_rom.rom.words.0.0", 0.0, 5.6), hop(packed, 1.0, 0.5)])
    assert steps[-1].what == "shift → add → select → register total"


def test_where_nothing_is_known_it_is_logic(namer):
    steps = namer.steps([hop("a", 0, 0), hop("b", 0, 0), hop("c", 0, 0)])
    assert [step.what for step in steps] == ["register", "logic", "register"]


def test_a_path_in_a_line_names_each_part_once():
    parts = ("lmu: sequencer", "", "lmu: sequencer", "head: control")
    steps = [PathStep(what="add", part=part, logic_ns=1.0, wire_ns=0.0) for part in parts]
    assert path_words(steps) == "add → add → add → add (lmu: sequencer, head: control)"
    assert path_words([]) == ""


def test_the_delays_of_a_path_are_the_period_of_its_clock(placed):
    (found,) = read_implementations(DesignFolder(placed))
    delay = sum(step.logic_ns + step.wire_ns for step in found.path)
    assert abs(1_000 / delay - found.runs[0].mhz) < 0.1
    assert found.path[0].what != "register"
