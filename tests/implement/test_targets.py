# SPDX-License-Identifier: Apache-2.0
"""Targets: names, costs of cells, and what is asked for by a wrong name."""

from __future__ import annotations

import pytest

from lmu_hw.errors import ConfigError
from lmu_hw.implement.targets import TARGETS, target_named
from lmu_hw.measure.implementation import Resources


@pytest.mark.parametrize("name", ["ecp5", "ECP5-25k", "", None, 25])
def test_a_wrong_name_lists_all_targets(name):
    with pytest.raises(
        ConfigError, match="`target` must be one of ecp5-25k, .*xilinx7, liberty, not"
    ):
        target_named(name)


@pytest.mark.parametrize(
    ("target", "kind", "cost"),
    [
        ("ecp5-25k", "LUT4", Resources(lut=1)),
        ("ecp5-25k", "CCU2C", Resources(lut=2, carry=2)),
        ("ecp5-25k", "TRELLIS_DPR16X4", Resources(lut=6, lut_ram=6)),
        ("ecp5-25k", "PFUMX", Resources()),
        ("ice40-up5k", "SB_DFFESR", Resources(ff=1)),
        ("ice40-up5k", "SB_RAM40_4KNW", Resources(block_ram=1)),
        ("gowin-nano-9k", "SDPX9B", Resources(block_ram=1)),
        ("gowin-nano-9k", "MULT18X18", Resources(dsp=1)),
        ("xilinx7", "RAMB18E1", Resources(block_ram=0.5)),
        ("xilinx7", "FDRE", Resources(ff=1)),
        ("xilinx7", "RAM64M", Resources(lut=4, lut_ram=4)),
    ],
)
def test_what_a_cell_takes(target, kind, cost):
    assert TARGETS[target].cost(kind) == cost


def test_only_the_target_of_all_sizes_is_synthesis_only():
    without = [name for name, target in TARGETS.items() if target.flow is None]
    assert without == [name for name, target in TARGETS.items() if target.available is None]
    assert without == ["xilinx7"]
