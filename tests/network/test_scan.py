# SPDX-License-Identifier: Apache-2.0
"""The update by running sums of a forward Euler memory: its integers, its bounds, its refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lmu_hw.errors import NetworkError
from lmu_hw.fixed import FixedFormat
from lmu_hw.lmu import Discretizer, discretize
from tests.running_sums import STATE, scan


def test_scan_must_have_a_signed_running_sum():
    update = scan(4, 16.0)
    with pytest.raises(NetworkError, match="running sum must be signed"):
        replace(update, running=FixedFormat(signed=False, int_bits=4, frac_bits=11))


@pytest.mark.parametrize("order", [1, 2, 7])
def test_its_integers_are_those_of_the_papers_matrices(order):
    update = scan(order, 64.0)  # a power of two: the rate is exact
    A, B = discretize(order, 64.0, Discretizer.EULER)
    for actual, expected in zip(update.matrices(), (A, B), strict=True):
        np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-15)
    assert update.theta == 64


def test_bounds_hold_for_states_and_sums_at_full_scale():
    update = scan(5, 29.5)
    bounds, running = update.sum_bounds(STATE), update.running.max_magnitude
    assert bounds.running == running
    shift = update.sum_frac_bits(STATE).state - STATE.frac_bits
    assert bounds.state == (STATE.max_magnitude << shift) + int(update.factors[-1]) * running
