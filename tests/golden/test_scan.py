# SPDX-License-Identifier: Apache-2.0
"""The forward Euler memory by running sums computes what its matrices of integers compute."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lmu_hw.errors import RangeError
from lmu_hw.fixed import FixedFormat, Rounding
from lmu_hw.golden import GoldenModel
from lmu_hw.lmu import Discretizer, discretize
from tests.running_sums import (
    STATE,
    dense_twin,
    full_scale,
    memory_network,
    saturating,
    scan,
)


@pytest.mark.parametrize("rounding", [Rounding.HALF_UP, Rounding.FLOOR])
@pytest.mark.parametrize("segments", [1, 3])
@pytest.mark.parametrize(
    ("order", "theta"), [(1, 2.0), (2, 8.0), (3, 6.0), (4, 16.0), (7, 29.5), (16, 128.0)]
)
def test_codes_are_those_of_the_dense_node(order, theta, segments, rounding):
    network = memory_network(
        scan(order, theta), segments=segments, requant=saturating(STATE, rounding)
    )
    x = full_scale(5, 200, segments, seed=order)
    answer, overflows = GoldenModel(network).run(x)
    expected, expected_overflows = GoldenModel(dense_twin(network)).run(x)
    assert np.array_equal(answer, expected)
    assert overflows == expected_overflows
    assert np.count_nonzero(answer) > answer.size // 2


@pytest.mark.parametrize(("source_bits", "state_bits"), [(7, 12), (12, 7)])
def test_input_and_states_may_have_any_binary_point(source_bits, state_bits):
    source = FixedFormat(signed=True, int_bits=0, frac_bits=source_bits)
    state = FixedFormat(signed=True, int_bits=2, frac_bits=state_bits)
    network = memory_network(
        scan(4, 16.0, state=state, source=source), source=source, requant=saturating(state)
    )
    x = full_scale(3, 60, 1) >> 11 - source_bits if source_bits < 11 else full_scale(3, 60, 1)
    answer, _ = GoldenModel(network).run(x)
    assert np.array_equal(answer, GoldenModel(dense_twin(network)).run(x)[0])


def test_saturated_states_are_those_of_the_dense_node():
    narrow = FixedFormat(signed=True, int_bits=0, frac_bits=10)
    wide = scan(4, 16.0)
    network = memory_network(wide, requant=saturating(narrow))
    x = full_scale(3, 80, 1)
    answer, overflows = GoldenModel(network).run(x)
    assert overflows["only.m"] > 0
    assert np.array_equal(answer, GoldenModel(dense_twin(network)).run(x)[0])


def test_power_of_two_window_is_exact():
    update = scan(8, 64.0)
    assert update.rate.codes == 1
    assert update.theta == 64
    A, B = discretize(8, 64.0, Discretizer.EULER)
    for values, expected in zip(update.matrices(), (A, B), strict=True):
        assert np.array_equal(values, expected)


def test_running_sum_that_leaves_its_format_is_reported():
    update = scan(4, 16.0)
    narrow = replace(update, running=replace(update.running, int_bits=0))
    with pytest.raises(RangeError, match=r"only.m running sum must stay within sQ0.11"):
        GoldenModel(memory_network(narrow)).run(full_scale(2, 60, 1))
