# SPDX-License-Identifier: Apache-2.0
"""Identifiers that Verilog would escape get plain names, and stay distinct."""

from __future__ import annotations

import pytest

from lmu_hw.hdl._yosys import named_reads, plain_names, without_collisions


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        (r"\lmu0.m", r"\lmu0_m"),
        (r"\a[3]", r"\a_3"),
        (r"\already_plain", r"\already_plain"),
        (r"\a..b", r"\a_b"),
    ],
)
def test_signs_become_underscores(name, plain):
    assert plain_names(f"  wire width 4 {name}\n") == f"  wire width 4 {plain}\n"


def test_names_that_would_coincide_stay_distinct():
    names = plain_names("wire \\a_b \nwire \\a.b \nwire \\a$b \n").split()[1::2]
    assert names[0] == r"\a_b"
    assert len(set(names)) == 3
    assert all(name.strip("\\_") == "a_b" for name in names)


def test_a_name_is_renamed_everywhere():
    text = "wire \\a.b \nconnect \\a.b \\c\n"
    assert plain_names(text) == "wire \\a_b \nconnect \\a_b \\c\n"


def test_texts_in_quotes_are_left_alone():
    text = 'attribute \\src "a\\b.c"\n'
    assert plain_names(text) == text


def test_every_memory_is_marked_and_nothing_else():
    text = "  reg [7:0] cells [15:0];\n  reg [7:0] data;\n  wire [7:0] word [3:0];\n"
    assert without_collisions(text) == f"  (* no_rw_check *)\n{text}"


def test_a_memory_that_is_read_at_once_is_not_marked():
    """It answers what was there before, in any chip; another module's may have its name."""
    at_once = "  reg [7:0] sums [1:0];\n  assign data = sums[{ stream, segment[0] }];\nendmodule\n"
    clocked = "  reg [7:0] sums [1:0];\n      data <= sums[stream];\nendmodule\n"
    marked = without_collisions(f"{at_once}{clocked}")
    assert marked == f"{at_once}  (* no_rw_check *)\n{clocked}"


def test_a_register_behind_a_memory_is_named_after_what_it_drives():
    text = (
        "module a;\n  reg _3_;\n  assign data = _3_;\nendmodule\nmodule b;\n  reg _3_;\nendmodule\n"
    )
    first, second = named_reads(text).split("endmodule\n", 1)
    assert "reg _data_register;\n  assign data = _data_register;" in first
    assert "reg _3_;" in second


def test_modules_below_the_top_have_two_underscores_behind_its_name():
    text = "module \\top.a.b\nend\nmodule \\top\n  cell \\top.a.b \\a.b\nend\n"
    assert plain_names(text) == text.replace(r"\top.a.b", r"\top__a_b").replace(r"\a.b", r"\a_b")
