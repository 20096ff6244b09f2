# SPDX-License-Identifier: Apache-2.0
"""Critical paths in words."""

from __future__ import annotations

from lmu_hw.folder import DesignFolder
from lmu_hw.implement.record import read_implementations


def test_the_delays_of_a_path_are_the_period_of_its_clock(placed):
    (found,) = read_implementations(DesignFolder(placed))
    delay = sum(step.logic_ns + step.wire_ns for step in found.path)
    assert abs(1_000 / delay - found.runs[0].mhz) < 0.1
