# SPDX-License-Identifier: Apache-2.0
"""What does not fit is said with by how much."""

from __future__ import annotations

import pytest

from lmu_hw.errors import ToolError
from lmu_hw.implement.route import require_fit
from lmu_hw.implement.targets import TARGETS
from lmu_hw.measure.implementation import Resources


def test_what_does_not_fit_is_named_with_by_how_much():
    with pytest.raises(ToolError, match="takes 33 block RAMs of 30, 3 too many; 9 mult.* 1 too m"):
        require_fit(TARGETS["ice40-up5k"], Resources(lut=10, block_ram=33, dsp=9))


def test_what_fits_exactly_fits():
    target = TARGETS["ecp5-25k"]
    assert target.available is not None
    require_fit(target, target.available)


def test_a_target_of_all_sizes_fits_everything():
    require_fit(TARGETS["xilinx7"], Resources(lut=10**9))
