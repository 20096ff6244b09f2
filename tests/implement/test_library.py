# SPDX-License-Identifier: Apache-2.0
"""Liberty files: what is read in them, and which are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from lmu_hw.errors import ConfigError, LoadError
from lmu_hw.implement.library import read_library
from tests.libraries import CELLS, liberty


@pytest.fixture
def written(tmp_path):
    def write(*without: str, **others: str) -> Path:
        (tmp_path / "cells.lib").write_text(liberty(*without, **others))
        return tmp_path / "cells.lib"

    return write


def test_areas_flip_flop_and_driver_are_those_of_the_file(written):
    library = read_library(written())
    assert (library.name, library.file) == ("invented", "cells.lib")
    assert library.areas == {"INV": 1, "BUF": 2, "NAND2": 3, "NOR2": 3, "FLIPFLOP": 10}
    assert (library.flip_flops, library.driver) == ({"FLIPFLOP"}, "BUF")


def test_without_a_buffer_the_inverter_drives(written):
    assert read_library(written("BUF")).driver == "INV"


def test_a_flip_flop_with_a_reset_will_do(written):
    reset = CELLS["FLIPFLOP"].replace('next_state : "D";', 'next_state : "D"; clear : "!R";')
    reset = reset.replace("pin (C)", "pin (R) { direction : input; capacitance : 1; }\n  pin (C)")
    library = read_library(written("FLIPFLOP", RESETTABLE=reset.replace("FLIPFLOP", "RESETTABLE")))
    assert library.flip_flops == {"RESETTABLE"}


def test_gates_are_known_by_what_they_compute_not_by_their_text(written):
    other = CELLS["NAND2"].replace("NAND2", "OTHER").replace("!(A & B)", "!A | !B")
    assert "OTHER" in read_library(written("NAND2", "NOR2", OTHER=other)).areas


@pytest.mark.parametrize(
    ("without", "message"),
    [
        (["FLIPFLOP"], "must have a flip-flop that may be used, but has none"),
        (["INV"], "must have an inverter that may be used, but has none"),
        (["NAND2", "NOR2"], "must have a NAND or NOR gate of two inputs"),
    ],
)
def test_what_every_design_needs_must_be_there(written, without, message):
    with pytest.raises(LoadError, match=rf"cells\.lib: {message}"):
        read_library(written(*without))


def test_cells_must_have_an_area(written):
    with pytest.raises(LoadError, match="must have an area above 0, but INV has none"):
        read_library(written(INV=CELLS["INV"].replace("area : 1;", "")))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"must be a Liberty file, but there is no 'library \(NAME\)' in it"),
        (b"module t; endmodule\n", "must be a Liberty file, but there is no"),
        (b"\x1f\x8b\x08\x00\xff\xfe", "must be a Liberty file, but there is no"),
        (b"library (x) { cell (INV) { area :", "must be a Liberty file that Yosys reads: Syntax"),
        (b"library (x) { }", "must have a flip-flop"),
    ],
)
def test_another_file_is_refused_by_its_name(tmp_path, content, message):
    (tmp_path / "other.lib").write_bytes(content)
    with pytest.raises(LoadError, match=rf"other\.lib: {message}"):
        read_library(tmp_path / "other.lib")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(LoadError, match=r"none\.lib: cannot be read: No such file"):
        read_library(tmp_path / "none.lib")


def test_cells_are_left_out_by_name(written):
    assert read_library(written(), ["B?F", "NOR*"]).driver == "INV"
    with pytest.raises(LoadError, match="must have a flip-flop"):
        read_library(written(), ["FLIP*"])


@pytest.mark.parametrize(
    ("pattern", "message"),
    [("XOR*", "must name cells of .*cells.lib, not 'XOR"), ("a; b", "must be names of cells, not")],
)
def test_what_is_left_out_must_be_cells(written, pattern, message):
    with pytest.raises(ConfigError, match=f"`dont_use` {message}"):
        read_library(written(), [pattern])
