# SPDX-License-Identifier: Apache-2.0
"""Words side by side."""

from __future__ import annotations

import pytest

from lmu_hw.prove.algebra.forms import symbol
from lmu_hw.prove.algebra.words import Pieces, join, merge, part, unknown
from lmu_hw.prove.attempts import forget_all
from lmu_hw.prove.data.instances import general
from lmu_hw.prove.hardware.machine import State


@pytest.fixture(autouse=True)
def empty():
    forget_all()


def test_bits_beside_known_ones_are_one_value():
    x = symbol("input", 0, 0, 7)
    assert join([(5, 3), (x, 3)]) - (x * 8 + 5) == 0


def test_what_is_known_beside_an_unknown_lane_stays_known():
    """A lane of a memory is written, the other one holds anything, and is made general."""
    row = merge(unknown(12, "power-up"), 63, 0x3F, 12)
    state, template = (State([], {"m": [word]}) for word in (row, unknown(12, "any")))
    (made,) = general(state, [], template).memories["m"]
    assert isinstance(made, Pieces)
    assert part(made, 12, 0, 6) == 63
