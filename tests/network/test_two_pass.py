# SPDX-License-Identifier: Apache-2.0
"""The update of two passes: its window, its sums, and parts that do not fit."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from lmu_hw.errors import NetworkError
from lmu_hw.fixed import FixedFormat, Overflow, Rounding
from lmu_hw.network import Codes
from tests.running_sums import STATE, memory_network, two_pass


def test_two_pass_must_have_fitting_parts():
    update = two_pass(4, 16.0)
    with pytest.raises(NetworkError, match=r"closing must have the shape \(2,\)"):
        replace(update, closing=Codes(codes=np.ones(3, np.int64), format=update.closing.format))
    for changes, match in (
        ({"overflow": Overflow.WRAP}, "must be signed and forbid overflow"),
        ({"rounding": Rounding.HALF_EVEN}, "must round by half_up or floor, not half_even"),
    ):
        with pytest.raises(NetworkError, match=match):
            replace(update, running=replace(update.running, **changes))


def test_running_sums_of_two_passes_must_hold_u():
    update = two_pass(4, 16.0)
    with pytest.raises(NetworkError, match=r"running sums hold u, so sQ6.11 .* must hold sQ8.3"):
        memory_network(update, source=FixedFormat(signed=True, int_bits=8, frac_bits=3))


def test_its_window_is_the_closest_to_what_was_asked_for():
    assert two_pass(4, 16.0).theta == 16
    assert abs(two_pass(4, 29.5, rate_bits=8).theta / Fraction("29.5") - 1) < 2**-8


def test_the_sum_of_a_state_is_a_bit_less_fine_than_that_of_its_mean():
    bits = two_pass(4, 16.0).sum_frac_bits(STATE)
    assert bits.mean == bits.state + 1
