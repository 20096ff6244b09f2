# SPDX-License-Identifier: Apache-2.0
"""What a simulation reached: kinds of resets."""

from __future__ import annotations

from lmu_hw.simulate.coverage import resets_seen
from lmu_hw.simulate.job import Cut


def test_kinds_of_resets_are_counted():
    cuts = [
        Cut(0, 0, 0, 0, False, False, False, 0),
        Cut(9, 1, 0, 2, False, True, False, 0),
        Cut(99, 1, 0, 60, False, False, False, 0),
        Cut(199, 5, 0, 60, True, True, True, 3),
        Cut(209, 5, 0, 1, False, False, False, 3),
    ]
    assert resets_seen(cuts, 50) == {
        "all": 4,
        "idle": 1,
        "within a step": 2,
        "an answer waits": 1,
        "everything full": 1,
        "a beat is offered": 2,
        "after coefficients were written": 2,
        "while coefficients are written": 0,
    }
