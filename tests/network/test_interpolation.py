# SPDX-License-Identifier: Apache-2.0
"""Slopes and offsets: what they add to the values of a table."""

from __future__ import annotations

import numpy as np

from lmu_hw.fixed import FixedFormat
from lmu_hw.network import Codes, Offsets, Slopes

FORMAT = FixedFormat(signed=True, int_bits=4, frac_bits=0)


def test_a_slope_is_added_for_each_code_behind_its_value():
    slopes = Slopes(codes=Codes(codes=np.array([2, -3]), format=FORMAT))
    index, low = np.array([0, 0, 1, 1]), np.array([0, 3, 1, 3])
    assert slopes.correction(index, low).tolist() == [0, 6, -3, -9]
    assert slopes.bits == 2 * FORMAT.width


def test_a_group_of_values_shares_offsets_that_are_subtracted_before_the_middle():
    table = Codes(codes=np.array([[1, 2], [5, 6]]), format=FORMAT)
    offsets = Offsets(codes=table, group_bits=1)
    index, low = np.repeat([0, 1, 2], 4), np.tile(np.arange(4), 3)
    place, before = offsets.place(index, low)
    assert place.tolist() == [1, 0, 0, 1, 1, 0, 0, 1, 3, 2, 2, 3]
    assert before.tolist() == [True, True, False, False] * 3
    assert offsets.correction(index, low).tolist() == [-2, -1, 1, 2] * 2 + [-6, -5, 5, 6]
    assert offsets.bits == 4 * FORMAT.width
