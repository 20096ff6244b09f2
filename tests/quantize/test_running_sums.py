# SPDX-License-Identifier: Apache-2.0
"""Windows, formats and refusals of the memories by running sums."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lmu_hw.errors import NetworkError, RangeError
from lmu_hw.fixed import FixedFormat, Overflow, Rounding
from lmu_hw.golden import GoldenModel
from lmu_hw.network import Codes
from tests.running_sums import SOURCE, STATE, full_scale, memory_network, saturating, scan, two_pass


@pytest.mark.parametrize("kind", [scan, two_pass])
@pytest.mark.parametrize(("order", "theta"), [(2, 4.0), (6, 24.0), (12, 96.0)])
def test_running_format_holds_and_is_tight(kind, order, theta):
    update = kind(order, theta, rate_bits=12, overflow=Overflow.FORBID)
    signs = np.random.default_rng(1).integers(0, 2, (200, 30, 1)) * 2 - 1
    x = np.repeat(signs, 10, axis=1) * SOURCE.max_code  # held full scale reaches far
    GoldenModel(memory_network(update)).run(x)  # raises if a sum leaves its format
    running = update.running if kind is scan else update.running.format
    narrow = replace(running, int_bits=running.int_bits - 2)
    narrow = narrow if kind is scan else replace(update.running, format=narrow)
    with pytest.raises(RangeError, match="must stay within"):
        GoldenModel(memory_network(replace(update, running=narrow))).run(x)


@pytest.mark.parametrize("kind", [scan, two_pass])
def test_running_format_holds_saturated_states(kind):
    small = FixedFormat(signed=True, int_bits=0, frac_bits=10)
    update = kind(8, 32.0, state=small)
    sure = kind(8, 32.0, state=small, overflow=Overflow.FORBID)
    formats = [getattr(one.running, "format", one.running) for one in (update, sure)]
    assert formats[0].int_bits >= formats[1].int_bits
    x = full_scale(20, 200, 1)
    _, overflows = GoldenModel(memory_network(update, requant=saturating(small))).run(x)
    assert overflows["only.m"] > 0


@pytest.mark.parametrize("kind", [scan, two_pass])
def test_updates_that_cannot_be_are_refused(kind):
    update = kind(4, 16.0)
    with pytest.raises(NetworkError, match="order of a memory must be at least 1, not 0"):
        replace(update, order=0)
    for codes in (np.array([0]), np.array([1, 1])):
        with pytest.raises(NetworkError, match="one positive code below 1"):
            replace(update, rate=Codes(codes=codes, format=update.rate.format))
    with pytest.raises(NetworkError, match="must round by half_up or floor, not half_even"):
        memory_network(update, requant=saturating(STATE, Rounding.HALF_EVEN))
    fine = FixedFormat(signed=True, int_bits=0, frac_bits=30)
    with pytest.raises(NetworkError, match="must have at least 30 fraction bits"):
        memory_network(update, source=fine)


@pytest.mark.parametrize(("kind", "products"), [(scan, 5), (two_pass, 12)])
def test_products_grow_linearly(kind, products):
    network = memory_network(kind(5, 16.0), segments=3)
    assert network.layers[0].multiplications(last_step=False) == 3 * products + 9
