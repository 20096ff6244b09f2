# SPDX-License-Identifier: Apache-2.0
"""Ranges: observed ones, and the bits that hold them."""

from __future__ import annotations

import numpy as np
import pytest

from lmu_hw.fixed import FixedFormat
from lmu_hw.lmu import Discretizer
from lmu_hw.proofs import StabilityError
from lmu_hw.quantize.ranges import Range, int_bits_for, observed_ranges
from tests import networks


@pytest.mark.parametrize(("order", "theta"), [(6, 2.0), (32, 100.0)])
def test_an_unstable_memory_is_refused_by_name(order, theta):
    net = networks.network(order=order, theta=theta, discretizer=Discretizer.EULER)
    message = "lmu0: the memory is not stable: its spectral radius must be below 1, not"
    with pytest.raises(StabilityError, match=message):
        networks.configured(net)


def test_observed_ranges_are_those_of_the_trace():
    net = networks.network(dense=2)
    x = networks.noise(net, sequences=300, steps=4)
    ranges = observed_ranges(net, x)
    for name, values in net.trace(x).items():
        if name != "x":
            # float: a run of 250 sequences sums in another order
            assert np.allclose(ranges[name].low, values.min(axis=(0, 1)), rtol=1e-9)
            assert np.allclose(ranges[name].high, values.max(axis=(0, 1)), rtol=1e-9)


def test_the_magnitude_of_a_range():
    limits = Range(low=np.array([-3.0, 0.5]), high=np.array([1.0, 2.0]))
    assert limits.magnitude == 3.0
    assert limits.divided_by(2.0).low.tolist() == [-1.5, 0.25]


def test_int_bits_are_the_fewest_that_hold_the_limits():
    random = np.random.default_rng(1)
    limits = [(-1.0, 0.5), (-1.0, 1.0), (0.0, 1.0), (0.0, 0.9), (-0.25, 0.1), (-2.0, 1.9)]
    limits += [
        tuple(sorted(random.normal(size=2) * 10.0 ** random.integers(-3, 3))) for _ in range(200)
    ]
    for low, high in limits:
        fmt = FixedFormat(signed=True, int_bits=int_bits_for(low, high), frac_bits=40)
        assert fmt.min_value <= low and high <= fmt.max_value + fmt.ulp / 2
        smaller = FixedFormat(signed=True, int_bits=fmt.int_bits - 1, frac_bits=40)
        assert low < smaller.min_value or high > smaller.max_value


def test_a_range_of_zero_needs_few_bits():
    assert int_bits_for(-(2.0**-33), 2.0**-33) == -31
    assert int_bits_for(0.0, 0.0) == 0
