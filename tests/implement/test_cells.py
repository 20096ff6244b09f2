# SPDX-License-Identifier: Apache-2.0
"""Of which part each cell of a netlist is."""

from __future__ import annotations

import pytest

from lmu_hw.implement.cells import Netlist


def scope(module: str, lines: str) -> dict:
    return {"type": "$scopeinfo", "attributes": {"module": module, "module_src": f"d.v:{lines}"}}


def cell(kind: str, source: str = "cells_map.v:1.1-2.2") -> dict:
    return {"type": kind, "attributes": {"src": source}}


@pytest.fixture
def netlist() -> Netlist:
    cells = {
        "layer_a": scope("d_layer_a", "10.1-50.10"),
        "layer_a.drain": scope("d_layer_a_drain", "51.1-90.10"),
        "layer_a.rom_0": scope("d_rom", "91.1-99.10"),
        "layer_a.rom_1": scope("d_rom", "91.1-99.10"),
        "y_FF_Q": cell("FF", "d.v:60.3-61.4|cells_map.v:3.1-3.9"),
        "y_FF_Q_D_LUT4_Z": cell("LUT4"),
        "layer_a.drain.words.0.0": cell("BLOCK"),
        "layer_a.x_LUT4_Z": cell("LUT4"),
        "layer_a.rom_1.z_FF_Q": cell("FF", "d.v:95.3-95.9"),
        "loose_LUT4_Z": cell("LUT4"),
    }
    return Netlist.of({"modules": {"d": {"cells": cells}}}, "d")


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("y_FF_Q", "layer_a.drain"),  # by its line, though it is named after a port of the top
        ("y_FF_Q_D_LUT4_Z", "layer_a.drain"),  # leads to it
        ("layer_a.drain.words.0.0", "layer_a.drain"),
        ("layer_a.x_LUT4_Z", "layer_a"),
        ("layer_a.rom_1.z_FF_Q", "layer_a.rom_1"),  # one of two instances: by its name
        ("loose_LUT4_Z", ""),
    ],
)
def test_the_instance_that_a_cell_is_of(netlist, name, path):
    assert netlist.paths[name] == path


def test_instances_are_no_cells(netlist):
    assert set(netlist.scopes) == {"layer_a", "layer_a.drain", "layer_a.rom_0", "layer_a.rom_1"}
    assert not set(netlist.scopes) & set(netlist.cells)
