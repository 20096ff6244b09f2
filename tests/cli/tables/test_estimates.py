# SPDX-License-Identifier: Apache-2.0
"""The lines that say what a plan is estimated to take."""

from __future__ import annotations

from dataclasses import replace

from lmu_hw.cli.tables.estimates import estimate_lines
from lmu_hw.plan import estimate_of, make_plan
from tests import networks


def test_every_layer_and_the_sum_have_a_line():
    plan = make_plan(networks.quantized(networks.network(dense=2)), 2)
    expected, lines = estimate_of(plan), estimate_lines(plan)
    total = expected.total
    assert [line.partition(":")[0].strip() for line in lines[1:5]] == [
        *(layer.layer.name for layer in plan.layers),
        "ports and answers",
        "in all",
    ]
    assert f"{total.lut:,} LUT, {total.ff:,} FF, {total.block_ram} block RAM" in lines[4]
    assert f"{expected.mhz:.0f} MHz" in lines[5]


def test_the_lines_say_what_chip_they_are_for_and_how_far_off_they_were():
    lines = estimate_lines(make_plan(networks.quantized(networks.network()), 1))
    assert "ECP5" in lines[0]
    assert "off by at most" in lines[-1]
    assert lines[-1].count("%") == 3


def test_the_lines_of_a_design_with_registers_say_how_good_they_are():
    plan = make_plan(networks.quantized(networks.network()), 1)
    said = estimate_lines(replace(plan, registers=True))[-1]
    assert "with registers" in said
    assert said.count("%") == 5
